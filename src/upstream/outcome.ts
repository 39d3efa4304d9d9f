import { ERRORS, type ErrorCode, GatewayError } from "../exchange/errors.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import { codingsOf, decompress } from "../lib/decompress.ts";
import type { HttpResponse } from "./http/exchange.ts";
import type { HeaderList } from "./http/headers.ts";
import { askedDelay } from "./retry-delay.ts";
import type { AnswerConverter } from "./target.ts";

/** How a response is handed on: whole, event by event, or as its bytes come. */
export type Delivery = "whole" | "events" | "bytes";

export interface Success {
  readonly ok: true;
  readonly response: HttpResponse;
  readonly delivery: Delivery;
  /** The body, where the delivery is whole; already in the client's format. */
  readonly body: Uint8Array | null;
  /** Where the stream's bytes come from; absent for the response itself. */
  readonly source?: ByteSource;
  /** What turns the answer into the client's format; null where it passes as it comes. */
  readonly converter: AnswerConverter | null;
  /** Whether the stream tells its usage in a chunk that the client has not asked for. */
  readonly hidesUsage?: boolean;
}

/** An upstream's answer that is an error, kept to be handed on if nothing better comes. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  /** As it came, compressed or not. */
  readonly body: Uint8Array;
  /** Whether the body is JSON, whatever its content type says. */
  readonly isJson: boolean;
}

export interface Failure {
  readonly ok: false;
  readonly error: GatewayError;
  /** The upstream's own words, for the record; at most 500 characters. */
  readonly message: string | null;
  readonly status: number | null;
  readonly answer: UpstreamAnswer | null;
  /** Whether the same target is worth another try, and whether another target is. */
  readonly retryable: boolean;
  readonly fallback: boolean;
  /** Milliseconds that the upstream asked to wait. */
  readonly asked: number | null;
}

export type Outcome = Success | Failure;

/** A failure without an answer of the upstream. */
export function failureOf(error: GatewayError): Failure {
  return {
    ok: false,
    error,
    message: null,
    status: null,
    answer: null,
    retryable: error.retryable,
    fallback: error.fallback,
    asked: null,
  };
}

function toldBy(answer: UpstreamAnswer, converter: AnswerConverter): ToldError | null {
  if (!answer.isJson) return null;
  try {
    return converter.readError(JSON.parse(Buffer.from(answer.body).toString("utf8")), answer.status);
  } catch {
    // Compressed: its message was read from the unpacked text, which is all there is to tell.
    return null;
  }
}

const MAX_ERROR_BODY = 1024 * 1024;

/** Reads an answer of status 400 or above to its end. Where keys are taken in turn, a refused one is retried. */
export async function refusalOf(
  response: HttpResponse,
  target: { readonly keyCount: number; readonly secrets: readonly string[] },
  converter: AnswerConverter | null,
): Promise<Failure> {
  const { status } = response;
  const asked = askedDelay(response.headers);
  const read = await readAnswer(response, target.secrets);
  const told = converter === null ? null : toldBy(read.answer, converter);
  // An answer in another format than the client's is told anew; handed on, it would not be understood.
  const answer = converter === null ? read.answer : null;
  const message = told?.message ?? read.message;
  const code = codeOfStatus(status, asked);
  const isKeyRefused = (status === 401 || status === 403) && target.keyCount > 1;
  const hint = response.headers.get("x-should-retry");
  const retryable =
    hint === "false" ? false : hint === "true" || isRetryableStatus(status, asked) || isKeyRefused;
  const error = new GatewayError(code, message ?? `The upstream answered with status ${status}.`, {
    status,
    ...(asked === null ? {} : { retryAfter: Math.ceil(asked / 1000) }),
    ...(told === null ? {} : { told }),
  });
  const fallback = ERRORS[code].fallback || status === 401 || status === 403;
  return { ok: false, error, message, status, answer, retryable, fallback, asked };
}

/** Some upstreams repeat the key that they refuse. What is handed on has it replaced. */
async function readAnswer(
  response: HttpResponse,
  secrets: readonly string[],
): Promise<{ answer: UpstreamAnswer; message: string | null }> {
  const { status, headers } = response;
  const whole = await response.bytes(MAX_ERROR_BODY);
  if (whole === null) response.cancel();
  const body = whole ?? new Uint8Array();
  const text = await textOf(headers, body);
  if (text === null) return { answer: { status, headers, body, isJson: false }, message: null };
  const clean = withoutSecrets(text, secrets);
  const json = readErrorJson(clean);
  const message = (json.message ?? messageInText(clean))?.slice(0, 500) ?? null;
  const { isJson } = json;
  if (clean === text) return { answer: { status, headers, body, isJson }, message };
  const plainHeaders = headers.without("content-encoding");
  return { answer: { status, headers: plainHeaders, body: Buffer.from(clean), isJson }, message };
}

/** Shorter ones are placeholders such as "x", which would be found in any text. */
const MIN_SECRET = 8;

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets)
    if (secret.length >= MIN_SECRET) clean = clean.replaceAll(secret, "[redacted]");
  return clean;
}

/** A conflict without a hint to try again is the request's; with one it is the upstream's moment. */
function codeOfStatus(status: number, asked: number | null): ErrorCode {
  if (status === 429) return "upstream_limited";
  if (status === 409) return asked === null ? "upstream_refused" : "upstream_error";
  if (status === 408 || status === 425 || status >= 500) return "upstream_error";
  return "upstream_refused";
}

function isRetryableStatus(status: number, asked: number | null): boolean {
  if (status === 409) return asked !== null;
  if (status === 501 || status === 505) return false;
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** The body as text, or null when it cannot be unpacked: its bytes and status are handed on all the same. */
async function textOf(headers: HeaderList, body: Uint8Array): Promise<string | null> {
  try {
    const plain = await decompress(body, codingsOf(headers.get("content-encoding")), MAX_ERROR_BODY);
    return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString("utf8");
  } catch {
    return null;
  }
}

/** The message of an error body in any of the formats; Gemini's may stand in an array. */
function readErrorJson(text: string): { isJson: boolean; message: string | null } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { isJson: false, message: null };
  }
  const body = (Array.isArray(value) ? value[0] : value) as {
    error?: unknown;
    message?: unknown;
    detail?: unknown;
  } | null;
  const error = body?.error as { message?: unknown } | string | null | undefined;
  const isJson = error !== undefined && error !== null;
  const words = isJson
    ? typeof error === "string"
      ? error
      : error.message
    : (body?.message ?? body?.detail);
  return { isJson: true, message: typeof words === "string" ? words : null };
}

function messageInText(text: string): string | null {
  const words = text
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return words === "" ? null : words;
}
