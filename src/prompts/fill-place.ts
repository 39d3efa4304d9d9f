import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { UnitIds } from "../experiments/assign.ts";
import type { RequestContext } from "../experiments/contexts.ts";
import type { Chosen, RunningExperiment } from "../experiments/running.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { SERVED_LABEL } from "./label-name.ts";
import type { AskedPlace } from "./place.ts";
import type { PromptRegistry } from "./registry.ts";
import type { RenderableVersion, Renderer } from "./render.ts";
import type { RenderError } from "./render-error.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateMessage } from "./template.ts";
import { formatTemplateId } from "./template-id.ts";
import type { SeenTemplate, TrafficCapture } from "./traffic-capture.ts";
import type { ProblemKind, TextSource, UsedTemplate } from "./used-template.ts";

/** What the places of one request are filled with and by. */
export interface Filler {
  readonly registry: Pick<PromptRegistry, "served" | "named">;
  readonly renderer: Pick<Renderer, "render">;
  readonly capture: Pick<TrafficCapture, "see">;
  /** By experiment, what was decided for places before this one: a request has one variant of each. */
  readonly decided: Map<string, Chosen>;
}

/** What of a request decides which version it gets. */
export interface Asker {
  /** Whether the gateway may put its versions in the place of the client's. */
  readonly replaces: boolean;
  /** Whether templates that are new may be kept. */
  readonly captures: boolean;
  /** The label that it asks for; null where it does not say. */
  readonly label: string | null;
  readonly ids: Omit<UnitIds, "variables">;
  readonly context: RequestContext;
  /** Whether a model or route leads anywhere. */
  serves(model: string): boolean;
}

/** What becomes of a place. */
export interface FilledPlace {
  readonly used: UsedTemplate;
  /** The texts that go out; null where the client's content does, as it is. */
  readonly messages: readonly TemplateMessage[] | null;
  /** What an experiment decided, whether or not its variant could be rendered: a unit counts for what it was meant to get. */
  readonly chosen: Chosen | null;
  /** The gateway's version that went out. */
  readonly version: KeptVersion | null;
  /** Why the request cannot go on: the place is left without a text; null where it has one. */
  readonly refusal: GatewayError | null;
}

interface Selection {
  readonly version: KeptVersion;
  readonly source: TextSource;
  readonly label: string | null;
  readonly chosen: Chosen | null;
}

interface Problem {
  readonly kind: ProblemKind;
  readonly text: string;
  /** The field that is wrong. */
  readonly field: "template" | "template_id" | "variables" | null;
}

type Version = Pick<SeenTemplate, "version" | "revision">;

/**
 * The text of a place: the gateway's version where one is served, else the client's content, else its template rendered,
 * else the version that it names; where none of them gives a text, the refusal. Rejects with storage_unavailable.
 */
export async function fillPlace(filler: Filler, asked: AskedPlace, by: Asker): Promise<FilledPlace> {
  const { id, text, own, variables } = asked;
  const { renderer } = filler;
  const seen =
    id !== null && text !== null ? filler.capture.see(id.name, id.version, text, by.captures) : null;
  const client = text === null ? null : renderer.render(seen ?? unnamed(text), variables);
  const drift = own !== null && client !== null && !(client instanceof Error) && client[0]?.text !== own;
  const selection = id === null ? null : select(filler, id.name, asked, by);
  const chosen = selection?.chosen ?? null;
  const fault: Problem | null =
    asked.fault === null ? null : { kind: "fields", text: asked.fault, field: asked.faultField };
  const end = (outcome: Outcome) => filledPlace(asked, { ...outcome, drift, chosen });

  let problem = fault ?? (own !== null && client instanceof Error ? problemOf(client) : null);
  if (selection !== null) {
    const { version, source, label } = selection;
    const unserved = unservedModel(chosen, by);
    const messages = unserved === null ? renderer.render(version, variables) : null;
    if (messages !== null && !(messages instanceof Error))
      return end({ source, label, of: version, version, messages, problem });
    problem = messages === null ? unserved : problemOf(messages);
    if (own === null && client === null) return end({ source: "none", of: version, problem });
  }
  if (own !== null) return end({ source: "client", of: seen, problem });
  if (client instanceof Error) return end({ source: "none", of: seen, problem: problemOf(client) });
  if (client !== null) return end({ source: "rendered", of: seen, messages: client, problem });
  if (fault !== null) return end({ source: "none", problem: fault });
  const version = await namedVersion(filler, asked);
  if (!("template" in version)) return end({ source: "none", problem: version });
  const messages = renderer.render(version, variables);
  if (messages instanceof Error) return end({ source: "none", of: version, problem: problemOf(messages) });
  return end({ source: "named", of: version, version, messages, problem });
}

interface Outcome {
  readonly source: TextSource;
  readonly label?: string | null;
  readonly of?: Version | null;
  readonly version?: KeptVersion;
  readonly messages?: readonly TemplateMessage[];
  readonly problem: Problem | null;
}

function filledPlace(
  { place: { path }, id }: AskedPlace,
  outcome: Outcome & { readonly drift: boolean; readonly chosen: Chosen | null },
): FilledPlace {
  const {
    source,
    label = null,
    of = null,
    version = null,
    messages = null,
    problem,
    drift,
    chosen,
  } = outcome;
  const used: UsedTemplate = {
    path,
    templateId: id === null ? null : formatTemplateId(id),
    version: of?.version ?? null,
    revision: of?.revision ?? null,
    source,
    label,
    drift,
    problem: problem?.text ?? null,
    ...(problem === null ? {} : { problemKind: problem.kind }),
  };
  const refusal = source === "none" && problem !== null ? refused(path, problem) : null;
  return { used, messages, chosen, version, refusal };
}

/** A variant is its text and its model together: where it cannot have the one, it does without the other. */
function unservedModel(chosen: Chosen | null, by: Asker): Problem | null {
  const model = chosen === null ? undefined : (chosen.variant.route ?? chosen.variant.model);
  if (chosen === null || model === undefined || by.serves(model)) return null;
  const { experiment, variantName } = chosen.decision;
  const text = `the variant ${variantName} of the experiment ${experiment} asks for ${model}, which is not served here`;
  return { kind: "model", text, field: null };
}

function problemOf(error: RenderError): Problem {
  const field = error.kind === "missing-variable" ? "variables" : "template";
  return { kind: error.kind, text: error.message, field };
}

function refused(path: string, { text, field }: Problem): GatewayError {
  const param = field === null ? path : `${path}.${field}`;
  return new GatewayError("invalid_request", `${path}: ${text}${text.endsWith(".") ? "" : "."}`, { param });
}

/** Pin, the label that was asked for, experiment, the label of everyone: the first that there is. */
function select(filler: Filler, name: string, asked: AskedPlace, by: Asker): Selection | null {
  // Where the client has no text, there is none that it could want to keep.
  const serves = by.replaces || (asked.own === null && asked.text === null);
  const served = serves ? filler.registry.served(name) : null;
  if (served === null) return null;
  if (served.pinned !== null) return { version: served.pinned, source: "pin", label: null, chosen: null };
  const wanted = by.label === null ? undefined : served.labels.get(by.label);
  if (wanted !== undefined) return { version: wanted, source: "label", label: by.label, chosen: null };
  const { running } = served;
  const chosen = running === null ? null : choose(filler, running.experiment, asked, by);
  const variant = chosen === null ? null : running?.versions[chosen.decision.variant];
  if (variant) return { version: variant, source: "experiment", label: null, chosen };
  const production = served.labels.get(SERVED_LABEL);
  return production === undefined
    ? null
    : { version: production, source: "label", label: SERVED_LABEL, chosen: null };
}

/** The places of a request may have different variables, and so be different units: the first one decides. */
function choose(
  { decided }: Filler,
  running: RunningExperiment,
  { variables }: AskedPlace,
  by: Asker,
): Chosen | null {
  const { id } = running.experiment;
  const before = decided.get(id);
  if (before !== undefined) return before;
  const chosen = running.choose({ ...by.ids, variables }, by.context);
  if (chosen !== null) decided.set(id, chosen);
  return chosen;
}

/** A text without a valid name. */
function unnamed(text: string): RenderableVersion {
  const messages = [{ role: null, text }];
  const revision = revisionOf({ messages, model: null, parameters: {} });
  return { template: "without a name", version: "0", revision, messages };
}

/** The version that a client names without any text of its own. */
async function namedVersion({ registry }: Filler, { id }: AskedPlace): Promise<KeptVersion | Problem> {
  if (id === null) {
    const text = "there is neither content nor a template that could be rendered";
    return { kind: "fields", text, field: null };
  }
  const version = id.version === null ? null : await fromStorage(registry.named(id.name, id.version));
  if (version !== null) return version;
  const missing =
    id.version === null
      ? `the template ${id.name} has no version that is served (no pin, experiment or label "${SERVED_LABEL}")`
      : `the template ${id.name} has no version ${id.version} in use`;
  const text = `${missing}, and the request has no text of its own`;
  return { kind: "missing-version", text, field: "template_id" };
}
