import type { Choice, FinishReason, GenerateResponse } from "./response.ts";
import type { StreamEvent } from "./stream.ts";
import { mergeUsage, type Usage } from "./usage.ts";

/** What is recorded of an answer beside its text. */
export interface AnswerFacts {
  /** As the provider names it; null where it does not. */
  readonly model: string | null;
  /** Of the first choice; null where the answer does not say how it ended. */
  readonly finish: FinishReason | null;
  readonly usage: Usage | undefined;
  /** Null where it is the provider's usual one, or not told. */
  readonly serviceTier: string | null;
  /** What the model said and `usage` does not count, piece by piece: what an estimate is made of. */
  readonly uncounted: readonly string[];
  /** Whether the answer came to its end. */
  readonly complete: boolean;
}

/** The facts of a whole answer. */
export function factsOfResponse({ model, usage, choices, serviceTier }: GenerateResponse): AnswerFacts {
  return {
    model: model === "" ? null : model,
    finish: choices[0]?.finish ?? null,
    usage,
    serviceTier: unusualTier(serviceTier),
    uncounted: usage?.output === undefined ? choices.flatMap(saidIn) : [],
    complete: true,
  };
}

const USUAL_TIERS: ReadonlySet<string> = new Set([
  "",
  "default",
  "standard",
  "auto",
  "on_demand",
  "unspecified",
]);
/** Longer ones are no names. */
const MAX_TIER = 64;

/** The tier by which an answer is priced, of the name that a provider told: null where it is the usual one. */
export function unusualTier(told: string | undefined): string | null {
  const tier = told?.toLowerCase() ?? "";
  return USUAL_TIERS.has(tier) || tier.length > MAX_TIER ? null : tier;
}

function saidIn({ parts }: Choice): string[] {
  return parts.flatMap((part) => {
    switch (part.kind) {
      case "text":
      case "refusal":
      case "reasoning":
        return [part.text];
      case "tool-call":
        return [part.name, part.arguments];
      default:
        return [];
    }
  });
}

/** Gathers the facts of an answer from the events of its stream. */
export class StreamFacts {
  #model: string | null = null;
  #finish: { readonly choice: number; readonly reason: FinishReason } | null = null;
  #usage: Usage | undefined;
  #serviceTier: string | undefined;
  #uncounted: string[] = [];
  #complete = false;
  /** Whether the model has said something. */
  begun = false;

  take(event: StreamEvent): void {
    switch (event.type) {
      case "start":
        this.#model = event.model === "" ? null : event.model;
        this.#serviceTier = event.serviceTier;
        return;
      case "delta":
        this.begun = true;
        this.#uncounted.push(event.text);
        return;
      case "part-start":
        if (event.part.kind === "tool-call") {
          this.begun = true;
          this.#uncounted.push(event.part.name);
        }
        return;
      case "part":
        this.begun = true;
        return;
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        if (event.usage.output !== undefined) this.#uncounted = [];
        return;
      case "finish":
        if (this.#finish === null || event.choice < this.#finish.choice)
          this.#finish = { choice: event.choice, reason: event.reason };
        return;
      case "end":
        this.#complete = true;
        this.#serviceTier = event.serviceTier ?? this.#serviceTier;
    }
  }

  /** What is known so far. */
  facts(): AnswerFacts {
    return {
      model: this.#model,
      finish: this.#finish?.reason ?? null,
      usage: this.#usage,
      serviceTier: unusualTier(this.#serviceTier),
      uncounted: this.#uncounted,
      complete: this.#complete,
    };
  }
}
