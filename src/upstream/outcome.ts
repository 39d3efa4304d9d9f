import { ERRORS, type ErrorCode, GatewayError } from "../exchange/errors.ts";
import type { FallbackReason } from "../exchange/fallback.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import { MAX_COOLDOWN_MS } from "./cooldowns.ts";
import { type ErrorAnswer, readErrorAnswer, type UpstreamAnswer } from "./error-answer.ts";
import { reasonOfCode } from "./fallback.ts";
import type { HttpResponse } from "./http/exchange.ts";
import { exhaustedFor, retryDelayIn } from "./limit-times.ts";
import { isQuota, reasonInWords } from "./refusal-words.ts";
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
  /** Whether the provider's filter kept the whole answer back, where that was looked for. */
  readonly filtered?: boolean;
}

/** How long an upstream is to be left alone. */
export interface Limit {
  /** Milliseconds; null where nobody says. */
  readonly lasts: number | null;
  /** Whether the account's quota is used up, which is the limit of all its models. */
  readonly quota: boolean;
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
  /** Why another target may well answer; null where none may, or where that is no matter of policy. */
  readonly reason: FallbackReason | null;
  /** Milliseconds that the upstream asked to wait. */
  readonly asked: number | null;
  /** Set where the upstream has had enough for now. */
  readonly limit: Limit | null;
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
    reason: reasonOfCode(error.code),
    asked: null,
    limit: null,
  };
}

function toldBy({ answer, json }: ErrorAnswer, converter: AnswerConverter): ToldError | null {
  return json === undefined ? null : converter.readError(json, answer.status);
}

/** Reads an answer of status 400 or above to its end. Where keys are taken in turn, a refused one is retried. */
export async function refusalOf(
  response: HttpResponse,
  target: { readonly keyCount: number; readonly secrets: readonly string[] },
  converter: AnswerConverter | null,
): Promise<Failure> {
  const { status, headers } = response;
  const asked = askedDelay(headers);
  const read = await readErrorAnswer(response, target.secrets);
  const told = converter === null ? null : toldBy(read, converter);
  const message = told?.message ?? read.message;
  const code = codeOfStatus(status, asked);
  const limit = code === "upstream_limited" ? limitIn(read, asked) : null;
  const reason = reasonInWords({ status, codes: read.codes, text: read.text });
  const error = new GatewayError(code, message ?? `The upstream answered with status ${status}.`, {
    status,
    ...(asked === null ? {} : { retryAfter: Math.ceil(asked / 1000) }),
    ...(told === null ? {} : { told }),
  });
  const isKeyRefused = status === 401 || status === 403;
  const hasOtherKeys = target.keyCount > 1;
  const isHopeless = reason === "context_length" || (limit?.quota === true && !hasOtherKeys);
  const hint = headers.get("x-should-retry");
  return {
    ok: false,
    error,
    message,
    status,
    // An answer in another format than the client's is told anew; handed on, it would not be understood.
    answer: converter === null ? read.answer : null,
    retryable:
      hint === "true" ||
      (hint !== "false" &&
        ((isRetryableStatus(status, asked) && !isHopeless) ||
          (isKeyRefused && hasOtherKeys && reason === null))),
    fallback: ERRORS[code].fallback || isKeyRefused,
    reason: reason ?? (isKeyRefused ? "error" : reasonOfCode(code)),
    asked,
    limit,
  };
}

/** How long a limit lasts: what the upstream asks for, else what its fields or its body say of it. */
function limitIn({ answer, codes, text, json }: ErrorAnswer, asked: number | null): Limit {
  const quota = isQuota({ codes, text });
  const lasts = asked ?? exhaustedFor(answer.headers, Date.now()) ?? retryDelayIn(json);
  return { lasts: quota ? MAX_COOLDOWN_MS : lasts, quota };
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
