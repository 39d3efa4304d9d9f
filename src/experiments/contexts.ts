import { fits } from "../lib/name-pattern.ts";
import type { Contexts } from "./experiment.ts";

/** What of a request decides whether it takes part in an experiment. */
export interface RequestContext {
  readonly agentId: string | null;
  /** Of the gateway key: its id and its name. */
  readonly keyId: string;
  readonly keyName: string;
  /** `name`, or `name=value`. */
  readonly tags: readonly string[];
  /** As the client named it. */
  readonly model: string | null;
}

/** Whether a request takes part: it has to fit every list that there is, in one of its entries (`*` at either end matches anything). */
export function takesPart(contexts: Contexts, request: RequestContext): boolean {
  const { agents, keys, tags, models } = contexts;
  return (
    isOneOf(agents, request.agentId === null ? [] : [request.agentId]) &&
    isOneOf(keys, [request.keyId, request.keyName]) &&
    isOneOf(tags, request.tags) &&
    isOneOf(models, request.model === null ? [] : [request.model])
  );
}

function isOneOf(patterns: readonly string[] | undefined, names: readonly string[]): boolean {
  return patterns === undefined || patterns.some((pattern) => names.some((name) => fits(pattern, name)));
}
