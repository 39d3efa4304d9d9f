import type { ErrorCategory, ErrorCode } from "../exchange/errors.ts";
import type { FallbackReason } from "../exchange/fallback.ts";
import type { Format, Operation } from "../exchange/formats.ts";
import type { UsedTemplate } from "../prompts/used-template.ts";
import type { Explanation } from "../strategies/choose.ts";
import type { Capture } from "./capture.ts";
import type { RecordedDecision } from "./decision.ts";
import type { Tracking } from "./tracking.ts";

/** One try at one target. Times are milliseconds after the trace's start. */
export interface Attempt {
  readonly target: string;
  readonly startedAt: number;
  /** Null while it runs. */
  endedAt: number | null;
  /** The upstream's status, null when none came. */
  status: number | null;
  error: ErrorCode | null;
  /** The upstream's own words where it failed, at most 500 characters. */
  message: string | null;
  /** What may be mended by another target. Absent where nothing may, and in records of older versions. */
  reason?: FallbackReason;
}

/** The facts of one request, gathered as it passes and finished once, after its last byte. */
export interface Trace {
  readonly requestId: string;
  /** W3C trace id (32 hex digits) and this gateway's span id (16). */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  /** Unix milliseconds, and the monotonic clock at the same moment. */
  readonly startedAt: number;
  readonly startedTick: number;
  readonly method: string;
  readonly path: string;
  door: string;
  keyId: string | null;
  clientFormat: Format | null;
  operation: Operation;
  stream: boolean;
  provider: string | null;
  requestedModel: string | null;
  model: string | null;
  route: string | null;
  /** Why the route chose what it chose. */
  choice: Explanation | null;
  /** The format that the answer came in. */
  targetFormat: Format | null;
  /** What could not be expressed in the target's format, or in the client's. */
  losses: readonly string[];
  tracking: Tracking | null;
  /** What became of each place that had template fields, and what experiments decided. */
  templates: readonly UsedTemplate[];
  decisions: readonly RecordedDecision[];
  readonly attempts: Attempt[];
  status: number;
  error: ErrorCode | null;
  errorCategory: ErrorCategory | null;
  /** For the operator only: the cause behind an error. */
  cause: string | null;
  requestBytes: number;
  responseBytes: number;
  /** Milliseconds after the start; null where it never came to it. */
  firstByteAt: number | null;
  endedAt: number | null;
  /** The bytes that passed, for the record; null for a request that leaves none. */
  capture: Capture | null;
}

/** Told of every trace once it is finished. Must return at once; slow work is queued by the subscriber. */
export type TraceSubscriber = (trace: Trace) => void;

const NONE: readonly never[] = [];

/** A trace at its beginning: nothing is known but what came on the first line. */
export function startTrace(
  ids: Pick<Trace, "requestId" | "traceId" | "spanId" | "parentSpanId">,
  method: string,
  path: string,
): Trace {
  return {
    requestId: ids.requestId,
    traceId: ids.traceId,
    spanId: ids.spanId,
    parentSpanId: ids.parentSpanId,
    startedAt: Date.now(),
    startedTick: performance.now(),
    method,
    path,
    door: "none",
    keyId: null,
    clientFormat: null,
    operation: "other",
    stream: false,
    provider: null,
    requestedModel: null,
    model: null,
    route: null,
    choice: null,
    targetFormat: null,
    losses: NONE,
    templates: NONE,
    decisions: NONE,
    tracking: null,
    attempts: [],
    status: 0,
    error: null,
    errorCategory: null,
    cause: null,
    requestBytes: 0,
    responseBytes: 0,
    firstByteAt: null,
    endedAt: null,
    capture: null,
  };
}
