import type { ErrorCategory, ErrorCode } from "../exchange/errors.ts";
import type { Format, Operation } from "../exchange/formats.ts";

/** Fields that a client adds to say what a request belongs to. They never reach a provider. */
export interface Tracking {
  agent_id?: string;
  run_id?: string;
  request_parent_id?: string;
  request_id?: string;
  thread_id?: string;
  tags?: unknown;
  /** Template fields with the place they were taken from, as a path such as `messages[0].content[1]`. */
  templates?: { path: string; template?: unknown; template_id?: unknown; variables?: unknown }[];
}

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
  tracking: Tracking | null;
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
}

/** Told of every trace once it is finished. Must return at once; slow work is queued by the subscriber. */
export type TraceSubscriber = (trace: Trace) => void;
