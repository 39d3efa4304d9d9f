import { GatewayError } from "../exchange/errors.ts";
import { HiddenUsage } from "../formats/openai-chat/hidden-usage.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import type { Capture } from "../records/capture.ts";
import type { Trace } from "../records/trace.ts";
import { ClientGoneError, StallError, streamOut } from "../server/stream-out.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import type { Success } from "../upstream/outcome.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { addUpstreamHeaders, gatewayHeaders, withCookies } from "./headers.ts";
import { noteError } from "./refuse.ts";

export interface DeliverOptions {
  readonly filter: HeaderFilter;
  readonly upstream: Upstream;
  readonly deadlines: Deadlines;
  readonly keepAlive: number;
  /** What is sent into a silence, where the answer passes as it comes. */
  readonly keepAliveText: string;
  readonly stallTimeout: number;
  /** The SSE text that tells an error in the client's format. */
  renderStreamError(error: GatewayError): string;
  /** Called once, when the first bytes of a stream that are the answer's go out. */
  begun(): void;
  /** Called once, after the last byte. */
  finish(): void;
}

/** The answer made of an upstream's: whole, or as a stream that goes on after this returns. */
export function deliver(success: Success, trace: Trace, options: DeliverOptions): Response {
  const { response, delivery, converter } = success;
  if (converter !== null) trace.losses = converter.losses;
  const headers = gatewayHeaders(trace);
  addUpstreamHeaders(headers, response.headers, options.filter);
  if (converter !== null) describeConverted(headers, converter);
  const init = { status: response.status, headers: withCookies(headers, response.headers, options.filter) };
  trace.status = response.status;
  if (delivery === "whole" || hasNoBody(response.status, trace.method)) {
    const body = success.body ?? new Uint8Array();
    trace.responseBytes = body.length;
    trace.firstByteAt = performance.now() - trace.startedTick;
    if (trace.capture !== null) {
      describeAnswer(trace.capture, init.headers, converter);
      trace.capture.answered(body);
    }
    options.finish();
    // A body that the status forbids is given up with its connection; after a whole one this does nothing.
    response.cancel();
    return new Response(
      hasNoBody(response.status, trace.method) ? null : (body as Uint8Array<ArrayBuffer>),
      init,
    );
  }
  const { capture } = trace;
  let hasBegun = false;
  if (capture !== null) describeAnswer(capture, init.headers, converter);
  const body = streamOut(converter?.stream(response) ?? shown(success, capture), {
    mode: converter !== null ? "pieces" : delivery === "events" ? "events" : "bytes",
    deadlines: options.deadlines,
    keepAlive: converter !== null && converter.keepAlive === null ? 0 : options.keepAlive,
    keepAliveText: converter?.keepAlive ?? options.keepAliveText,
    stallTimeout: options.stallTimeout,
    onChunk(chunk, filler) {
      const now = performance.now();
      trace.firstByteAt ??= now - trace.startedTick;
      trace.responseBytes += chunk.length;
      if (!hasBegun && !filler) {
        hasBegun = true;
        options.begun();
      }
      capture?.add(chunk, now, filler);
    },
    onFailure: (error) =>
      error instanceof GatewayError && error.code !== "client_closed"
        ? (converter?.streamError(error) ?? options.renderStreamError(error))
        : null,
    onEnd(error) {
      if (converter !== null) trace.losses = converter.losses;
      if (error !== null) noteBroken(trace, options.upstream, error);
      options.finish();
    },
  });
  return new Response(body, init);
}

/** The stream as it came, but for usage that the client has not asked for. */
function shown(success: Success, capture: Capture | null): ByteSource {
  const { response, source = response, delivery, hidesUsage } = success;
  if (hidesUsage !== true || delivery !== "events") return source;
  return new HiddenUsage(source, (event) => {
    if (capture !== null) capture.hidden = event;
  });
}

/** What is needed to read the answer's bytes once they have left. */
function describeAnswer(
  capture: Capture,
  headers: Record<string, string> | Headers,
  converter: AnswerConverter | null,
): void {
  const plain = headers instanceof Headers ? headers.toJSON() : headers;
  capture.contentType = plain["content-type"] ?? null;
  capture.contentEncoding = plain["content-encoding"] ?? null;
  if (converter !== null) capture.converted = () => converter.facts();
}

/** The body is another than the upstream's: what its header fields said of that one does not hold. */
function describeConverted(headers: Record<string, string>, converter: AnswerConverter): void {
  headers["content-type"] = converter.contentType;
  for (const name of OF_THE_BODY) delete headers[name];
}

const OF_THE_BODY = [
  "content-encoding",
  "content-range",
  "accept-ranges",
  "content-disposition",
  "etag",
  "vary",
];

function hasNoBody(status: number, method: string): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

/** The stream ended before its end: the client's doing, or the upstream's, which its breaker is told. */
function noteBroken(trace: Trace, upstream: Upstream, error: Error): void {
  const known =
    error instanceof GatewayError
      ? error
      : error instanceof ClientGoneError || error instanceof StallError
        ? new GatewayError("client_closed", error.message)
        : new GatewayError("gateway_error", "The stream could not be written.", { cause: error });
  noteError(trace, known);
  const last = trace.attempts.at(-1);
  if (last !== undefined) last.error = known.code;
  if (known.category !== "upstream-failed" && known.category !== "timeout") return;
  upstream.lastError = { code: known.code, at: Date.now() };
  upstream.breaker.failedLate();
}
