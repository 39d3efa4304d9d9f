import { GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import { codingsOf, decompress } from "../lib/decompress.ts";
import type { Presence } from "../lib/presence.ts";
import type { SseEvent } from "../lib/sse.ts";
import { firstEvent } from "./first-event.ts";
import type { HttpClient } from "./http/client.ts";
import type { HttpResponse } from "./http/exchange.ts";
import {
  type Delivery,
  type Failure,
  failureOf,
  type Outcome,
  refusalOf,
  withoutSecrets,
} from "./outcome.ts";
import type { AnswerConverter, Target, TargetRequest } from "./target.ts";

export interface AttemptOptions {
  readonly client: HttpClient;
  readonly deadlines: Deadlines;
  readonly presence: Presence;
  /** `performance.now()` moment at which the whole request ends. */
  readonly totalAt: number;
  /** Longest body that is held to be delivered whole, in bytes; a longer one is handed on as it comes. */
  readonly wholeLimit: number;
  /** Milliseconds that a stream is held for its first event, which may be an error that another target can mend. */
  readonly firstEventPatience: number;
  /** The error that a stream's first event tells in the target's format, or null. */
  streamErrorOf(event: SseEvent, format: Format | null): { status: number; message: string } | null;
}

/** One try at one target: sends, and reads as far as is needed to know whether the answer may be committed to. */
export async function tryOnce(
  target: Target,
  request: TargetRequest,
  options: AttemptOptions,
): Promise<Outcome> {
  const { settings } = target;
  const { converter, hidesUsage } = request;
  try {
    const response = await options.client.send({
      origin: request.origin,
      method: request.method,
      target: request.target,
      headerLines: request.headerLines,
      body: request.body,
      connectTimeout: settings.connectTimeout,
      timeout: settings.timeout,
      totalAt: options.totalAt,
      presence: options.presence,
    });
    if (response.status >= 400) return await refusalOf(response, target, converter);
    if (response.status >= 300 && response.status !== 304 && !target.passRedirects)
      return redirected(response);
    if (converter !== null) return await settleConverted(target, response, converter, options);
    const delivery = deliveryOf(target, response);
    const body = delivery === "whole" ? response.wholeBody() : null;
    if (body !== null) return committed(response, delivery, body);
    const settled = await settle(target, response, delivery, options);
    return hidesUsage === true && settled.ok ? { ...settled, hidesUsage } : settled;
  } catch (error) {
    return failureOf(toGatewayError(error));
  }
}

async function settle(
  target: Target,
  response: HttpResponse,
  delivery: Delivery,
  options: AttemptOptions,
): Promise<Outcome> {
  if (delivery === "whole") {
    const body = await response.bytes(options.wholeLimit);
    return body === null
      ? { ok: true, response, delivery: "bytes", body, converter: null }
      : committed(response, delivery, body);
  }
  if (delivery === "events") {
    const failure = await failureInFirstEvent(target, response, options);
    if (failure !== null) return failure;
  }
  return { ok: true, response, delivery, body: null, converter: null };
}

/**
 * An answer that is to be converted: as a stream where the client asked for one and the target sends one; otherwise
 * whole, and then what is wrong with it may still be mended elsewhere.
 */
async function settleConverted(
  target: Target,
  response: HttpResponse,
  converter: AnswerConverter,
  options: AttemptOptions,
): Promise<Outcome> {
  const isEvents =
    response.headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true;
  if (isEvents && converter.streams && !isCompressed(response)) {
    const failure = await failureInFirstEvent(target, response, options);
    return failure ?? { ok: true, response, delivery: "events", body: null, converter };
  }
  const packed = await response.bytes(options.wholeLimit);
  if (packed === null) {
    response.cancel();
    throw new GatewayError("upstream_invalid", "The upstream's answer is too long to be converted.", {
      cause: `longer than ${options.wholeLimit} bytes`,
    });
  }
  const plain = await unpacked(response, packed, options.wholeLimit);
  return { ok: true, response, delivery: "whole", body: converter.whole(plain, isEvents), converter };
}

/** Some upstreams compress although they were asked not to. */
async function unpacked(response: HttpResponse, body: Uint8Array, limit: number): Promise<Uint8Array> {
  const codings = codingsOf(response.headers.get("content-encoding"));
  if (codings.length === 0) return body;
  try {
    return await decompress(body, codings, limit);
  } catch (error) {
    throw new GatewayError("upstream_invalid", "The upstream's answer cannot be decompressed.", {
      cause: error,
    });
  }
}

async function failureInFirstEvent(
  target: Target,
  response: HttpResponse,
  options: AttemptOptions,
): Promise<Failure | null> {
  const first = await firstEvent(response, options.deadlines, options.firstEventPatience);
  const error = first === null ? null : options.streamErrorOf(first, target.format);
  if (error === null) return null;
  response.cancel();
  return toldInStream(error, target.secrets);
}

/** A whole answer, unless it cannot be what its content type says. */
function committed(response: HttpResponse, delivery: Delivery, body: Uint8Array): Outcome {
  const { headers } = response;
  if (
    body.length === 0 ||
    beginsAsJson(body[0]!) ||
    isCompressed(response) ||
    !isJsonType(headers.get("content-type"))
  ) {
    return { ok: true, response, delivery, body, converter: null };
  }
  const error = new GatewayError(
    "upstream_invalid",
    "The upstream's answer is not the JSON that it says it is.",
    {
      cause: `the answer of status ${response.status} begins with byte ${body[0]}`,
    },
  );
  return { ...failureOf(error), status: response.status };
}

/** Not "application/json-seq" and the like, whose parts come one by one. */
function isJsonType(contentType: string | null): boolean {
  if (contentType === "application/json") return true;
  return contentType !== null && /^application\/json\s*(;|$)/i.test(contentType);
}

function isCompressed(response: HttpResponse): boolean {
  const encoding = response.headers.get("content-encoding");
  return encoding !== null && codingsOf(encoding).length > 0;
}

/** White space, or the first byte of a JSON value; a byte order mark too. */
function beginsAsJson(byte: number): boolean {
  return byte === 0x7b || '["-tfn0123456789 \t\r\n\xef'.includes(String.fromCharCode(byte));
}

function deliveryOf(target: Target, response: HttpResponse): Delivery {
  const { responseType } = target;
  if (responseType === "stream") return "bytes";
  const contentType = response.headers.get("content-type");
  if (responseType === null && contentType === "application/json") return "whole";
  // Nothing can be put between the events of a compressed stream.
  if (contentType?.toLowerCase().startsWith("text/event-stream"))
    return isCompressed(response) ? "bytes" : "events";
  if (responseType === "json" || responseType === "html") return "whole";
  if (responseType === "sse") return "bytes";
  return isJsonType(contentType) ? "whole" : "bytes";
}

function redirected(response: HttpResponse): Failure {
  const location = response.headers.get("location");
  response.cancel();
  const error = new GatewayError(
    "upstream_redirected",
    "The upstream redirected the request elsewhere; redirects are not followed.",
    {
      cause: `redirected with status ${response.status} to ${location?.slice(0, 200) ?? "nowhere"}; is its base URL right?`,
    },
  );
  return { ...failureOf(error), status: response.status };
}

function toldInStream(told: { status: number; message: string }, secrets: readonly string[]): Failure {
  const code =
    told.status === 429 ? "upstream_limited" : told.status >= 500 ? "upstream_error" : "upstream_refused";
  const message = withoutSecrets(told.message, secrets).slice(0, 500);
  const error = new GatewayError(code, message, { status: told.status });
  return { ...failureOf(error), message, status: told.status };
}
