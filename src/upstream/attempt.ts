import { GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import { codingsOf, decompress, EncodingError, TooLargeError } from "../lib/decompress.ts";
import type { Presence } from "../lib/presence.ts";
import { deliveryOf, isCompressed, isJsonType } from "./delivery.ts";
import { isFilteredJson, isFilteredStream } from "./filtered.ts";
import type { HttpClient } from "./http/client.ts";
import type { HttpResponse } from "./http/exchange.ts";
import { type Delivery, type Failure, failureOf, type Outcome, refusalOf, type Success } from "./outcome.ts";
import { type StreamStartOptions, startOfStream } from "./stream-start.ts";
import type { AnswerConverter, Target, TargetRequest } from "./target.ts";

export interface AttemptOptions extends StreamStartOptions {
  readonly client: HttpClient;
  readonly presence: Presence;
  /** `performance.now()` moment at which the whole request ends. */
  readonly totalAt: number;
  /** Longest body that is held to be delivered whole, in bytes; a longer one is handed on as it comes. */
  readonly wholeLimit: number;
}

/**
 * One try at one target: sends, and reads as far as is needed to know whether the answer may be committed to. With
 * `watched`, also whether the provider's filter kept the answer back.
 */
export async function tryOnce(
  target: Target,
  request: TargetRequest,
  options: AttemptOptions,
  watched: boolean,
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
    const watchedFormat = watched ? target.format : null;
    if (converter !== null) return await settleConverted(target, response, converter, options, watchedFormat);
    const delivery = deliveryOf(target, response);
    const body = delivery === "whole" ? response.wholeBody() : null;
    if (body !== null && watchedFormat === null) return committed(response, delivery, body);
    const settled =
      body === null
        ? await settle(target, response, delivery, options, watchedFormat)
        : committed(response, delivery, body);
    if (!settled.ok) return settled;
    if (watchedFormat !== null && settled.body !== null && (await isKeptBack(settled, watchedFormat)))
      return { ...settled, filtered: true };
    return hidesUsage === true ? { ...settled, hidesUsage } : settled;
  } catch (error) {
    return failureOf(toGatewayError(error));
  }
}

async function settle(
  target: Target,
  response: HttpResponse,
  delivery: Delivery,
  options: AttemptOptions,
  watchedFormat: Format | null,
): Promise<Outcome> {
  if (delivery === "whole") {
    const body = await response.bytes(options.wholeLimit);
    return body === null
      ? { ok: true, response, delivery: "bytes", body, converter: null }
      : committed(response, delivery, body);
  }
  const success: Success = { ok: true, response, delivery, body: null, converter: null };
  return delivery === "events" ? await startOfStream(success, target, options, watchedFormat) : success;
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
  watchedFormat: Format | null,
): Promise<Outcome> {
  const isEvents =
    response.headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true;
  if (isEvents && converter.streams && !isCompressed(response)) {
    const success: Success = { ok: true, response, delivery: "events", body: null, converter };
    return await startOfStream(success, target, options, watchedFormat);
  }
  const packed = await response.bytes(options.wholeLimit);
  if (packed === null) {
    response.cancel();
    throw new GatewayError("upstream_invalid", "The upstream's answer is too long to be converted.", {
      cause: `longer than ${options.wholeLimit} bytes`,
    });
  }
  const plain = await unpacked(response, packed, options.wholeLimit);
  const body = converter.whole(plain, isEvents);
  const success: Success = { ok: true, response, delivery: "whole", body, converter };
  if (watchedFormat === null) return success;
  const filtered = isEvents ? isFilteredStream(watchedFormat, plain) : isFilteredJson(watchedFormat, plain);
  return filtered ? { ...success, filtered } : success;
}

/** Whether an answer that passes as it came was kept back by a filter. One that cannot be unpacked passes all the same. */
async function isKeptBack({ response, body }: Success, format: Format): Promise<boolean> {
  const codings = codingsOf(response.headers.get("content-encoding"));
  if (codings.length === 0) return isFilteredJson(format, body!);
  try {
    return isFilteredJson(format, await decompress(body!, codings, MAX_UNPACKED));
  } catch (error) {
    if (error instanceof TooLargeError || error instanceof EncodingError) return false;
    throw error;
  }
}

const MAX_UNPACKED = 1024 * 1024;

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

/** White space, or the first byte of a JSON value; a byte order mark too. */
function beginsAsJson(byte: number): boolean {
  return byte === 0x7b || '["-tfn0123456789 \t\r\n\xef'.includes(String.fromCharCode(byte));
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
