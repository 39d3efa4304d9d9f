import type { Citation, Extensions, NativePart, Part, Seal } from "./parts.ts";
import type { FinishReason, TokenLogprob } from "./response.ts";
import type { ToldError } from "./told-error.ts";
import type { Usage } from "./usage.ts";

/** What a part is when it begins: its fixed members, with its text still to come. */
export type PartStart =
  | { readonly kind: "text"; readonly itemId?: string; readonly extensions?: Extensions }
  | { readonly kind: "refusal"; readonly itemId?: string; readonly extensions?: Extensions }
  | {
      readonly kind: "reasoning";
      readonly redacted?: boolean;
      readonly summary?: boolean;
      readonly itemId?: string;
      readonly extensions?: Extensions;
    }
  | {
      readonly kind: "tool-call";
      readonly id: string;
      readonly name: string;
      readonly custom?: boolean;
      readonly namespace?: string;
      readonly itemId?: string;
      readonly extensions?: Extensions;
    };

/**
 * What a model's answer is told in, piece by piece, in no provider's format.
 *
 * Order, which every reader keeps and every writer may rely on: `start` once, first. Then for each choice its parts, one
 * after the other and never two open at once: `part-start`, any `delta`, `citation` and `seal`, `part-end`; or `part`
 * for one that comes whole (media, native). Choices may alternate. `usage` anywhere after `start`, each the whole so far.
 * `finish` once a choice, after its parts. `end` once, last, in a stream that came to its end; `error` in its place
 * where it did not. After either nothing follows.
 */
export type StreamEvent =
  | {
      readonly type: "start";
      readonly id: string;
      readonly model: string;
      readonly createdAt?: number;
      readonly serviceTier?: string;
      readonly extensions?: Extensions;
    }
  | { readonly type: "part-start"; readonly choice: number; readonly part: PartStart }
  /** Text of the open part: words, thoughts, or a piece of a tool call's arguments. Never empty. */
  | {
      readonly type: "delta";
      readonly choice: number;
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly type: "citation"; readonly choice: number; readonly citation: Citation }
  /** The open part's seal, whole. */
  | { readonly type: "seal"; readonly choice: number; readonly seal: Seal }
  | { readonly type: "part-end"; readonly choice: number; readonly extensions?: Extensions }
  | {
      readonly type: "part";
      readonly choice: number;
      readonly part: Extract<Part, { kind: "media" }> | NativePart;
    }
  | { readonly type: "usage"; readonly usage: Usage }
  | {
      readonly type: "finish";
      readonly choice: number;
      readonly reason: FinishReason;
      readonly stopSequence?: string;
      readonly extensions?: Extensions;
    }
  | { readonly type: "end"; readonly serviceTier?: string; readonly extensions?: Extensions }
  | { readonly type: "error"; readonly error: ToldError };
