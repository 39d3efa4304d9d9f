import type { Format } from "../exchange/formats.ts";
import type { Chosen } from "../experiments/running.ts";
import { type RequestFields, rewriteBody, type TemplatePlace } from "../formats/request-fields.ts";
import { type Filling, ownText, withFillings, withParameters } from "../formats/templated.ts";
import type { Logger } from "../lib/logger.ts";
import type { RecordedDecision } from "../records/decision.ts";
import type { Storage } from "../storage/interface.ts";
import { type Asker, type FilledPlace, fillPlace } from "./fill-place.ts";
import { readPlace } from "./place.ts";
import { PromptRegistry } from "./registry.ts";
import type { Renderer } from "./render.ts";
import { TrafficCapture } from "./traffic-capture.ts";
import type { UsedTemplate } from "./used-template.ts";

/** A request that has template fields. */
export interface TemplatedRequest extends Asker {
  readonly body: Buffer;
  readonly fields: RequestFields;
  readonly format: Format;
}

/** The request as it goes on. */
export interface FilledRequest {
  /** Without template fields, with all texts in their places. */
  readonly body: Buffer;
  /** A model or route in place of the client's; null leaves that. */
  readonly model: string | null;
  readonly templates: readonly UsedTemplate[];
  readonly decisions: readonly RecordedDecision[];
}

/** Prompts as data: what is served of them, and what becomes of the requests that name them. */
export class Prompts {
  readonly registry: PromptRegistry;
  readonly #renderer: Renderer;
  readonly #capture: TrafficCapture;

  constructor(storage: Pick<Storage, "prompts" | "experiments">, renderer: Renderer, logger: Logger) {
    this.registry = new PromptRegistry(storage);
    this.#renderer = renderer;
    this.#capture = new TrafficCapture(storage.prompts, renderer, logger);
  }

  /** Rejects with a GatewayError: invalid_request where a place is left without a text, storage_unavailable. */
  async fill(request: TemplatedRequest): Promise<FilledRequest> {
    const { body, fields, format } = request;
    const filler = { registry: this.registry, renderer: this.#renderer, capture: this.#capture };
    const filled: FilledPlace[] = [];
    const fillings: Filling[] = [];
    for (const place of [...fields.templates, ...(await this.#storedPrompt(fields))]) {
      const asked = readPlace(place, ownText(body, place));
      const of = await fillPlace(filler, asked, request);
      filled.push(of);
      if (of.messages !== null) fillings.push({ place, messages: of.messages });
    }
    const chosen = distinct(filled);
    const applied = chosen.filter(({ decision }) => isApplied(filled, decision.experiment));
    const edited = withFillings(body, fields, format, fillings);
    const parameters = Object.assign(
      suggested(body, filled),
      ...applied.map(({ variant }) => variant.parameters),
    );
    const model = modelOf(request, applied, filled);
    return {
      body: rewriteBody(body, withParameters(body, edited, format, parameters), model).toBytes(),
      model,
      templates: filled.map(({ used }) => used),
      decisions: chosen.map(({ decision }) => decision),
    };
  }

  /** Has what was seen in traffic stored. */
  close(): Promise<void> {
    return this.#capture.flush();
  }

  /** OpenAI's own reference to a prompt, where it is one of the gateway's; others are the provider's. */
  async #storedPrompt({ storedPrompt: place }: RequestFields): Promise<readonly TemplatePlace[]> {
    if (place === null) return [];
    const { id } = readPlace(place, null);
    if (id === null) return [];
    const isKnown =
      this.registry.served(id.name) !== null ||
      (id.version !== null && (await this.registry.named(id.name, id.version)) !== null);
    return isKnown ? [place] : [];
  }
}

/** What experiments decided, each once. */
function distinct(filled: readonly FilledPlace[]): readonly Chosen[] {
  const byExperiment = new Map<string, Chosen>();
  for (const { chosen } of filled)
    if (chosen !== null && !byExperiment.has(chosen.decision.experiment))
      byExperiment.set(chosen.decision.experiment, chosen);
  return [...byExperiment.values()];
}

/** A variant whose text could not be rendered changes nothing else either. */
function isApplied(filled: readonly FilledPlace[], experiment: string): boolean {
  return filled.some(
    ({ chosen, used }) => chosen?.decision.experiment === experiment && used.source === "experiment",
  );
}

/** Of the first variant that has one; else, where the client names none, the one that a version suggests. */
function modelOf(
  { context }: TemplatedRequest,
  applied: readonly Chosen[],
  filled: readonly FilledPlace[],
): string | null {
  for (const { variant } of applied) {
    const model = variant.route ?? variant.model;
    if (model !== undefined) return model;
  }
  if (context.model !== null) return null;
  return filled.find(({ version }) => version !== null && version.model !== null)?.version?.model ?? null;
}

/**
 * The parameters of versions that were referred to as OpenAI's stored prompts are, which hold them for their clients: of
 * those the ones that the request does not have itself.
 */
function suggested(body: Buffer, filled: readonly FilledPlace[]): Record<string, unknown> {
  const stored = filled.filter(({ used, version }) => used.path === STORED_PROMPT_PATH && version !== null);
  const parameters = Object.assign({}, ...stored.map(({ version }) => version?.parameters));
  const names = Object.keys(parameters);
  if (names.length === 0) return parameters;
  const own = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  return Object.fromEntries(
    names.filter((name) => !Object.hasOwn(own, name)).map((name) => [name, parameters[name]]),
  );
}

const STORED_PROMPT_PATH = "prompt";
