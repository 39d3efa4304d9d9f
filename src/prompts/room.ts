import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Chosen } from "../experiments/running.ts";
import { type RequestFields, rewriteBody, type TemplatePlace } from "../formats/request-fields.ts";
import {
  type Filling,
  ownText,
  parametersNotSet,
  withFillings,
  withParameters,
} from "../formats/templated.ts";
import type { Logger } from "../lib/logger.ts";
import type { RecordedDecision } from "../records/decision.ts";
import { pause, Slice } from "../records/slices.ts";
import type { Storage } from "../storage/interface.ts";
import { type Asker, type FilledPlace, type Filler, fillPlace } from "./fill-place.ts";
import { readPlace } from "./place.ts";
import { PromptRegistry } from "./registry.ts";
import type { Renderer } from "./render.ts";
import { RequestRenderer } from "./request-renderer.ts";
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
  /** Why it does not go on: a place was left without a text. The rest then tells what became of the places. */
  readonly refusal: GatewayError | null;
}

/** Places of one request: each costs some microseconds, and a body has room for millions. */
const MOST_PLACES = 10_000;

/** Prompts as data: what is served of them, and what becomes of the requests that name them. */
export class Prompts {
  readonly registry: PromptRegistry;
  readonly #renderer: Renderer;
  readonly #capture: TrafficCapture;

  constructor(storage: Pick<Storage, "prompts" | "experiments">, renderer: Renderer, logger: Logger) {
    this.registry = new PromptRegistry(storage);
    this.#renderer = renderer;
    const onStored = (template: string) => this.registry.noteCaptured(template);
    this.#capture = new TrafficCapture(storage.prompts, renderer, logger, onStored);
  }

  /** Rejects with a GatewayError: storage_unavailable, and invalid_request for too many places. */
  async fill(request: TemplatedRequest): Promise<FilledRequest> {
    const { body, fields, format } = request;
    const places = [...fields.templates, ...this.#storedPrompt(fields)];
    if (places.length > MOST_PLACES)
      throw new GatewayError(
        "invalid_request",
        `The request has more than ${MOST_PLACES} places with template fields.`,
      );
    const filler: Filler = {
      registry: this.registry,
      renderer: new RequestRenderer(this.#renderer),
      capture: this.#capture,
      decided: new Map(),
    };
    const filled: FilledPlace[] = [];
    const fillings: Filling[] = [];
    const slice = new Slice();
    for (const place of places) {
      // A place may take a quarter of a second, and a body has room for many: other requests come in between.
      if (slice.over()) await pause();
      const of = await fillPlace(filler, readPlace(place, ownText(body, place)), request);
      filled.push(of);
      if (of.messages !== null) fillings.push({ place, messages: of.messages });
    }
    const chosen = [...filler.decided.values()];
    const told = {
      templates: filled.map(({ used }) => used),
      decisions: chosen.map(({ decision }) => decision),
    };
    const refusal = filled.find((of) => of.refusal !== null)?.refusal ?? null;
    if (refusal !== null) return { ...told, body, model: null, refusal };
    const applied = chosen.filter(({ decision }) => isApplied(filled, decision.experiment));
    const edited = withFillings(body, fields, format, fillings);
    const parameters = Object.assign(
      suggested(body, format, filled),
      // Of two that set the same the first counts, as it does for models.
      ...applied.toReversed().map(({ variant }) => variant.parameters),
    );
    const model = modelOf(request, applied, filled);
    return {
      ...told,
      body: rewriteBody(body, withParameters(body, edited, format, parameters), model).toBytes(),
      model,
      refusal,
    };
  }

  /** Has what was seen in traffic stored. */
  close(): Promise<void> {
    return this.#capture.flush();
  }

  /** OpenAI's own reference to a prompt, where it is one of the gateway's; others are the provider's. */
  #storedPrompt({ storedPrompt: place }: RequestFields): readonly TemplatePlace[] {
    if (place === null) return [];
    const { id } = readPlace(place, null);
    return id !== null && this.registry.knows(id.name) ? [place] : [];
  }
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
function suggested(body: Buffer, format: Format, filled: readonly FilledPlace[]): Record<string, unknown> {
  const stored = filled.filter(({ used, version }) => used.path === STORED_PROMPT_PATH && version !== null);
  return parametersNotSet(
    body,
    format,
    Object.assign({}, ...stored.map(({ version }) => version?.parameters)),
  );
}

const STORED_PROMPT_PATH = "prompt";
