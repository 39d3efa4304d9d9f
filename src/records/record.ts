import type { ErrorCategory, ErrorCode } from "../exchange/errors.ts";
import type { Format, Operation } from "../exchange/formats.ts";
import type { FinishReason } from "../exchange/response.ts";
import type { Usage } from "../exchange/usage.ts";
import type { UsedTemplate } from "../prompts/used-template.ts";
import type { Explanation } from "../strategies/choose.ts";
import type { RecordedDecision } from "./decision.ts";
import type { Attempt } from "./trace.ts";

/** Where token counts come from: the provider; the provider, of an answer that broke off; or an estimate of ours. */
export type UsageSource = "provider" | "partial" | "estimated";

/** What a request cost, in US dollars, and by which price list. */
export interface Cost {
  readonly usd: number;
  /** `configuration`, or the price library with its version. */
  readonly source: string;
  /** The day as of which the price holds, `YYYY-MM-DD`, where the source says so. */
  readonly date: string | null;
}

/** Everything that is kept of one finished request, but for its bodies. Times are Unix milliseconds or durations in them. */
export interface RequestRecord {
  /** A ULID by `startedAt`: ids sort as the requests began. Unique across gateways. */
  readonly id: string;
  /** The client's own id of the request, or the one that was made and answered as `x-request-id`. */
  readonly requestId: string;
  /** Whether a request of this id was recorded before. Set by the storage. */
  readonly duplicate: boolean;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly startedAt: number;
  readonly keyId: string | null;
  readonly door: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly operation: Operation;
  readonly clientFormat: Format | null;
  /** The format that the target was asked in. */
  readonly targetFormat: Format | null;
  readonly stream: boolean;
  readonly provider: string | null;
  readonly requestedModel: string | null;
  readonly model: string | null;
  readonly route: string | null;
  /** Why the route chose what it chose; null where no route was named. */
  readonly choice: Explanation | null;
  readonly agentId: string | null;
  /** A request that belongs to no run is a run of its own, under its own id. */
  readonly runId: string;
  /** `requestId` of the request that this one was made for. */
  readonly parentId: string | null;
  readonly threadId: string | null;
  /** `name`, or `name=value`. */
  readonly tags: readonly string[];
  /** What became of each place that had template fields. */
  readonly templates: readonly UsedTemplate[];
  /** What experiments decided for it. */
  readonly decisions: readonly RecordedDecision[];
  readonly status: number;
  readonly error: ErrorCode | null;
  readonly category: ErrorCategory | null;
  /** For the operator: what was behind an error. */
  readonly cause: string | null;
  /** Why the first answer ended; null where nobody knows. */
  readonly finish: FinishReason | null;
  readonly attempts: readonly Attempt[];
  readonly losses: readonly string[];
  readonly durationMs: number;
  /** To the first byte for the client, and to the first piece of model output in a stream. */
  readonly firstByteMs: number | null;
  readonly firstTokenMs: number | null;
  /** The longest time between two pieces of a stream. */
  readonly longestGapMs: number | null;
  readonly usage: Usage | null;
  readonly usageSource: UsageSource | null;
  /** The tier that it was served in and is priced by, as `flex`; null where that is the provider's usual one. */
  readonly serviceTier: string | null;
  /** Null where no price is known: that is not the same as nothing. */
  readonly cost: Cost | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** What was said, as the client sent and got it, plain bytes. Null where a body was not kept. */
export interface RecordedBodies {
  readonly request: Uint8Array | null;
  readonly response: Uint8Array | null;
  /** Whether either was cut off at the limit. */
  readonly cut: boolean;
}

export interface WrittenRecord {
  readonly record: RequestRecord;
  readonly bodies: RecordedBodies | null;
}
