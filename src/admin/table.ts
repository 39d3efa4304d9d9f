import { decodePart } from "../lib/request-url.ts";
import { showConfig } from "./config.ts";
import {
  endExperiment,
  pauseExperiment,
  promoteVariant,
  resumeExperiment,
  revertExperiment,
  startExperiment,
  switchVariantOff,
  switchVariantOn,
} from "./experiment-actions.ts";
import {
  createExperiment,
  editExperiment,
  evaluateExperiment,
  listExperimentEvents,
  listExperiments,
  showExperiment,
} from "./experiments.ts";
import { exportRequests } from "./export.ts";
import { listFeedback } from "./feedback.ts";
import { showFeedbackStatistics } from "./feedback-statistics.ts";
import { listRuns, listThreads } from "./gathered.ts";
import { createKey, listKeys, revokeKey } from "./keys.ts";
import {
  comparePromptVersions,
  createPrompt,
  createPromptVersion,
  listPrompts,
  previewPrompt,
  showPrompt,
  showPromptVersion,
} from "./prompts.ts";
import {
  archivePrompt,
  movePromptLabel,
  pinPrompt,
  removePromptLabel,
  revertPromptLabel,
  showPromptLabel,
  unarchivePrompt,
  unpinPrompt,
} from "./prompts-use.ts";
import { listProviders } from "./providers.ts";
import { listRequests, showBodies, showRequest } from "./requests.ts";
import type { Route } from "./route.ts";
import { deleteRoute, explainRoute, listRoutes, putRoute, showRoute } from "./routes.ts";
import { showRun } from "./runs.ts";
import { showStatistics } from "./statistics.ts";
import { tailRequests } from "./tail.ts";
import { showThread } from "./threads.ts";

/** Every path of the management API. What checks input, the description and the documents are made from it. */
export const ROUTES: readonly Route[] = [
  listRequests,
  showRequest,
  showBodies,
  listRuns,
  showRun,
  listThreads,
  showThread,
  showStatistics,
  showFeedbackStatistics,
  tailRequests,
  exportRequests,
  listFeedback,
  listPrompts,
  createPrompt,
  showPrompt,
  createPromptVersion,
  showPromptVersion,
  comparePromptVersions,
  previewPrompt,
  showPromptLabel,
  movePromptLabel,
  removePromptLabel,
  revertPromptLabel,
  pinPrompt,
  unpinPrompt,
  archivePrompt,
  unarchivePrompt,
  listExperiments,
  createExperiment,
  showExperiment,
  editExperiment,
  startExperiment,
  pauseExperiment,
  resumeExperiment,
  endExperiment,
  promoteVariant,
  revertExperiment,
  switchVariantOff,
  switchVariantOn,
  evaluateExperiment,
  listExperimentEvents,
  listRoutes,
  showRoute,
  putRoute,
  deleteRoute,
  explainRoute,
  listKeys,
  createKey,
  revokeKey,
  listProviders,
  showConfig,
];

export type RouteMatch =
  | { readonly kind: "match"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The path is one of the API's, the method is not. */
  | { readonly kind: "other-methods"; readonly path: string; readonly allow: string }
  | { readonly kind: "none" };

/** Finds a route by method and path, which is as it came; HEAD is answered as GET is. */
export function findRoute(method: string, path: string): RouteMatch {
  const wanted = method === "HEAD" ? "GET" : method;
  const found = ROUTES.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params === null ? [] : [{ route, params }];
  });
  const match = found.find(({ route }) => route.method === wanted);
  if (match !== undefined) return { kind: "match", ...match };
  if (found.length === 0) return { kind: "none" };
  const methods = found.map(({ route }) => (route.method === "GET" ? "GET, HEAD" : route.method));
  return { kind: "other-methods", path: found[0]!.route.path, allow: methods.join(", ") };
}

/** Null when the path is not of this pattern, or percent-encoded wrongly. */
function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, step] of wanted.entries()) {
    const segment = given[index]!;
    if (!step.startsWith("{")) {
      if (step !== segment) return null;
      continue;
    }
    const value = decodePart(segment);
    if (value === null || value === "") return null;
    params[step.slice(1, -1)] = value;
  }
  return params;
}
