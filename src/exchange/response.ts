import type { Extensions, Part } from "./parts.ts";
import type { Usage } from "./usage.ts";

/**
 * Why the answer ended: `stop` at its natural end, `stop-sequence` at one of the client's, `length` out of the tokens
 * asked for, `context` out of the model's window, `pause` in the middle of a provider's long turn.
 */
export type FinishReason =
  | "stop"
  | "stop-sequence"
  | "length"
  | "context"
  | "tool-calls"
  | "content-filter"
  | "refusal"
  | "pause"
  | "other";

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[];
  readonly top?: readonly TokenLogprob[];
}

/** One answer of the model. */
export interface Choice {
  readonly index: number;
  readonly parts: readonly Part[];
  readonly finish: FinishReason;
  /** The stop sequence that was met, where the provider says it. */
  readonly stopSequence?: string;
  readonly logprobs?: readonly TokenLogprob[];
  readonly extensions?: Extensions;
}

/** A model's whole answer, in no provider's format. */
export interface GenerateResponse {
  /** The provider's id; empty where it gave none. */
  readonly id: string;
  /** The model as the provider names it; empty where it does not. */
  readonly model: string;
  /** Unix seconds. */
  readonly createdAt?: number;
  /** At least one, by index. */
  readonly choices: readonly Choice[];
  readonly usage?: Usage;
  readonly serviceTier?: string;
  readonly extensions?: Extensions;
}
