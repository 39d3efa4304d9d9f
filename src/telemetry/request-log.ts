import type { ErrorCategory } from "../exchange/errors.ts";
import type { Attempt, Trace } from "../records/trace.ts";
import { type LogLevel, quote, timestamp } from "./log-line.ts";
import { bare, prettyStart } from "./pretty-line.ts";
import { safeText } from "./redact.ts";

/** Longest path, id and model name shown; a client chooses them. */
const MAX_TEXT = 300;

const WARNED: ReadonlySet<ErrorCategory> = new Set([
  "upstream-refused",
  "upstream-failed",
  "timeout",
  "overloaded",
  "gateway",
]);

/** What the gateway or an upstream failed to do is a warning; what a client did wrong, or its limit, is not. */
export function requestLevel(trace: Trace): "info" | "warn" {
  if (trace.errorCategory !== null) return WARNED.has(trace.errorCategory) ? "warn" : "info";
  return trace.status >= 500 ? "warn" : "info";
}

/**
 * The JSON line of a finished request, line break included. Facts that are null are left out; the attempts are
 * listed only when there were several or the only one failed. Put together by hand: every request pays for it.
 */
export function requestJson(trace: Trace, level: LogLevel): string {
  const ended = trace.endedAt ?? 0;
  let line = `{"time":"${timestamp(trace.startedAt + ended)}","level":"${level}","msg":"request"`;
  line += `,"request_id":${text(trace.requestId)},"trace_id":"${trace.traceId}"`;
  line += `,"method":${recurring(trace.method)},"path":${recurring(pathOnly(trace.path))},"door":${recurring(trace.door)}`;
  if (trace.keyId !== null) line += `,"key":${recurring(trace.keyId)}`;
  if (trace.provider !== null) line += `,"provider":${recurring(trace.provider)}`;
  const model = trace.model ?? trace.requestedModel;
  if (model !== null) line += `,"model":${recurring(model)}`;
  if (trace.route !== null) line += `,"route":${text(trace.route)}`;
  if (trace.targetFormat !== null && trace.targetFormat !== trace.clientFormat)
    line += `,"converted_to":"${trace.targetFormat}"`;
  if (trace.losses.length > 0) line += `,"losses":[${trace.losses.map(text).join(",")}]`;
  line += `,"status":${trace.status}`;
  if (trace.error !== null) line += `,"error":"${trace.error}"`;
  line += `,"duration_ms":${tenths(ended)}`;
  if (trace.firstByteAt !== null) line += `,"first_byte_ms":${tenths(trace.firstByteAt)}`;
  line += `,"bytes_in":${trace.requestBytes},"bytes_out":${trace.responseBytes},"attempts":${trace.attempts.length}`;
  if (trace.attempts.length > 1 || trace.attempts[0]?.error) line += attemptDetails(trace.attempts);
  if (trace.tracking !== null) line += trackingIds(trace.tracking);
  if (trace.cause !== null) line += `,"cause":${quote(safeText(trace.cause))}`;
  return `${line}}\n`;
}

function attemptDetails(attempts: readonly Attempt[]): string {
  let details = "";
  for (const attempt of attempts) {
    details += `${details && ","}{"target":${text(attempt.target)},"started_ms":${tenths(attempt.startedAt)}`;
    if (attempt.endedAt !== null) details += `,"duration_ms":${tenths(attempt.endedAt - attempt.startedAt)}`;
    if (attempt.status !== null) details += `,"status":${attempt.status}`;
    if (attempt.error !== null) details += `,"error":"${attempt.error}"`;
    if (attempt.reason !== undefined) details += `,"reason":"${attempt.reason}"`;
    if (attempt.message !== null) details += `,"message":${quote(safeText(attempt.message))}`;
    details += "}";
  }
  return `,"attempt_details":[${details}]`;
}

function trackingIds(tracking: NonNullable<Trace["tracking"]>): string {
  let ids = "";
  if (tracking.run_id !== undefined) ids += `,"run_id":${text(tracking.run_id)}`;
  if (tracking.agent_id !== undefined) ids += `,"agent_id":${text(tracking.agent_id)}`;
  if (tracking.thread_id !== undefined) ids += `,"thread_id":${text(tracking.thread_id)}`;
  if (tracking.request_id !== undefined) ids += `,"own_request_id":${text(tracking.request_id)}`;
  return ids;
}

/** The same request for a terminal: `POST /v1/chat/completions 200 openai/gpt-4o 812ms`, and what went wrong. */
export function requestPretty(trace: Trace, level: LogLevel, colour: boolean): string {
  const ended = trace.endedAt ?? 0;
  const model = trace.model ?? trace.requestedModel;
  let line = `${prettyStart(trace.startedAt + ended, level, colour)}${bare(trace.method)} `;
  line += `${shown(pathOnly(trace.path))} ${trace.status}`;
  if (trace.provider !== null)
    line += ` ${shown(model === null ? trace.provider : `${trace.provider}/${model}`)}`;
  line += ` ${tenths(ended)}ms`;
  if (trace.firstByteAt !== null) line += ` (first byte ${tenths(trace.firstByteAt)}ms)`;
  if (trace.attempts.length > 1) line += ` after ${trace.attempts.length} attempts`;
  if (trace.error !== null) {
    const cause = trace.cause ?? trace.attempts.at(-1)?.message ?? null;
    line += ` ${trace.error}${cause === null ? "" : `: ${bare(safeText(cause, MAX_TEXT))}`} [${shown(trace.requestId)}]`;
  }
  return `${line}\n`;
}

const MAX_REMEMBERED = 2000;
const remembered = new Map<string, string>();

/** As `text`, for what stands in many lines: looked at once. */
function recurring(value: string): string {
  const known = remembered.get(value);
  if (known !== undefined) return known;
  const quoted = text(value);
  if (remembered.size < MAX_REMEMBERED && value.length <= MAX_TEXT) remembered.set(value, quoted);
  return quoted;
}

function text(value: string): string {
  return quote(safeText(value, MAX_TEXT));
}

function shown(value: string): string {
  return bare(safeText(value, MAX_TEXT));
}

function pathOnly(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

/** Milliseconds with at most one decimal. */
function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
