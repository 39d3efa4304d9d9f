import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { UnitIds } from "../experiments/assign.ts";
import type { RequestContext } from "../experiments/contexts.ts";
import type { Chosen } from "../experiments/running.ts";
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
import type { TextSource, UsedTemplate } from "./used-template.ts";

/** What places are filled with and by. */
export interface Filler {
  readonly registry: PromptRegistry;
  readonly renderer: Renderer;
  readonly capture: TrafficCapture;
}

/** What of a request decides which version it gets. */
export interface Asker {
  /** Whether the gateway may put its versions in the place of the client's. */
  readonly replaces: boolean;
  /** The label that it asks for; null where it does not say. */
  readonly label: string | null;
  readonly ids: Omit<UnitIds, "variables">;
  readonly context: RequestContext;
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
}

interface Selection {
  readonly version: KeptVersion;
  readonly source: TextSource;
  readonly label: string | null;
  readonly chosen: Chosen | null;
}

/**
 * The text of a place: the gateway's version where one is served, else the client's content, else its template rendered,
 * else the version that it names. Rejects with invalid_request where none of them gives a text, and storage_unavailable.
 */
export async function fillPlace(filler: Filler, asked: AskedPlace, by: Asker): Promise<FilledPlace> {
  const { id, text, own, variables, place } = asked;
  const seen = id !== null && text !== null ? filler.capture.see(id.name, id.version, text) : null;
  const named = id === null ? null : formatTemplateId(id);
  const client = text === null ? null : filler.renderer.render(seen ?? unnamed(text), variables);
  const drift = own !== null && client !== null && !(client instanceof Error) && client[0]?.text !== own;
  const selection = id === null ? null : select(filler.registry, id.name, asked, by);
  const chosen = selection?.chosen ?? null;
  const use = (source: TextSource, of: Version | null, problem: string | null): UsedTemplate => ({
    path: place.path,
    templateId: named,
    version: of?.version ?? null,
    revision: of?.revision ?? null,
    source,
    label: source === "label" ? (selection?.label ?? null) : null,
    drift,
    problem,
  });

  let problem = asked.fault ?? (own !== null && client instanceof Error ? client.message : null);
  if (selection !== null) {
    const messages = filler.renderer.render(selection.version, variables);
    if (!(messages instanceof Error))
      return {
        used: use(selection.source, selection.version, problem),
        messages,
        chosen,
        version: selection.version,
      };
    problem = messages.message;
    if (own === null && client === null) throw refused(place.path, messages);
  }
  if (own !== null) return { used: use("client", seen, problem), messages: null, chosen, version: null };
  if (client instanceof Error) throw refused(place.path, client);
  if (client !== null)
    return { used: use("rendered", seen, problem), messages: client, chosen, version: null };
  const version = await namedVersion(filler.registry, asked);
  const messages = filler.renderer.render(version, variables);
  if (messages instanceof Error) throw refused(place.path, messages);
  return { used: use("named", version, problem), messages, chosen, version };
}

type Version = Pick<SeenTemplate, "version" | "revision">;

/** Pin, the label that was asked for, experiment, the label of everyone: the first that there is. */
function select(registry: PromptRegistry, name: string, asked: AskedPlace, by: Asker): Selection | null {
  // Where the client has no text, there is none that it could want to keep.
  const serves = by.replaces || (asked.own === null && asked.text === null);
  const served = serves ? registry.served(name) : null;
  if (served === null) return null;
  if (served.pinned !== null) return { version: served.pinned, source: "pin", label: null, chosen: null };
  const wanted = by.label === null ? undefined : served.labels.get(by.label);
  if (wanted !== undefined) return { version: wanted, source: "label", label: by.label, chosen: null };
  const { running } = served;
  const chosen = running?.experiment.choose({ ...by.ids, variables: asked.variables }, by.context) ?? null;
  const variant = chosen === null ? null : running?.versions[chosen.decision.variant];
  if (variant) return { version: variant, source: "experiment", label: null, chosen };
  const production = served.labels.get(SERVED_LABEL);
  return production === undefined
    ? null
    : { version: production, source: "label", label: SERVED_LABEL, chosen: null };
}

/** A text without a valid name. */
function unnamed(text: string): RenderableVersion {
  const messages = [{ role: null, text }];
  const revision = revisionOf({ messages, model: null, parameters: {} });
  return { template: "without a name", version: "0", revision, messages };
}

/** The version that a client names without any text of its own. */
async function namedVersion(
  registry: PromptRegistry,
  { id, fault, place }: AskedPlace,
): Promise<KeptVersion> {
  const param = `${place.path}.template_id`;
  if (fault !== null) throw new GatewayError("invalid_request", `${place.path}: ${fault}.`, { param });
  if (id === null) {
    const message = `${place.path}: there is neither content nor a template that could be rendered.`;
    throw new GatewayError("invalid_request", message, { param: place.path });
  }
  const version = id.version === null ? null : await fromStorage(registry.named(id.name, id.version));
  if (version !== null) return version;
  const missing =
    id.version === null
      ? `the template ${id.name} has no version that is served (no pin, experiment or label "${SERVED_LABEL}")`
      : `the template ${id.name} has no version ${id.version}`;
  throw new GatewayError(
    "invalid_request",
    `${place.path}: ${missing}, and the request has no text of its own.`,
    {
      param,
    },
  );
}

function refused(path: string, error: RenderError): GatewayError {
  const field = error.kind === "missing-variable" ? "variables" : "template";
  return new GatewayError("invalid_request", `${path}: ${error.message}`, { param: `${path}.${field}` });
}
