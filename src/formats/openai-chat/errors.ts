import type { GatewayError } from "../../exchange/errors.ts";
import { arrayOf, isRecord, type JsonObject, stringOf } from "../../exchange/read.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import type { StreamError } from "../format.ts";
import { openaiError, openaiErrorType, openaiStreamError } from "../openai-error.ts";

export function renderError(error: GatewayError): string {
  return JSON.stringify({ error: openaiError(error) });
}

export function renderStreamError(error: GatewayError): string {
  return `data: ${renderError(error)}\n\n`;
}

/** The error that the parsed data of a stream's event tells, or null. */
export function streamErrorOf(data: unknown): StreamError | null {
  const error = isRecord(data) ? data.error : undefined;
  return error === undefined || error === null ? null : openaiStreamError(error);
}

/** A provider's error as a stream's event tells it. */
export function writeStreamError({ status, message, code, param }: ToldError): string {
  const error = { message, type: openaiErrorType(status), param: param ?? null, code: code ?? null };
  return `data: ${JSON.stringify({ error })}\n\n`;
}

/**
 * Reads the body of an answer with an error status. Beside OpenAI's `{error: {message, type, param, code}}` there are
 * Gemini's array of such, an `error` that is text, Mistral's and vLLM's `{message, type, code}`, and FastAPI's `detail`.
 */
export function readError(body: unknown, status: number): ToldError {
  const told = errorIn(body);
  if (typeof told === "string" && told !== "") return { status, message: told };
  const error: JsonObject = isRecord(told) ? told : {};
  const message = messageOf(error) ?? `The provider answered with status ${status}.`;
  const code = wordOf(error.code) ?? wordOf(error.type) ?? wordOf(error.status);
  const param = wordOf(error.param);
  return {
    status,
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  };
}

function errorIn(body: unknown): unknown {
  const first = Array.isArray(body) ? body[0] : body;
  return isRecord(first) && first.error !== undefined && first.error !== null ? first.error : first;
}

function messageOf(error: JsonObject): string | undefined {
  const detail = error.message ?? error.detail;
  if (typeof detail === "string") return detail === "" ? undefined : detail;
  const lines = arrayOf(isRecord(detail) ? detail.detail : detail).flatMap((line) =>
    isRecord(line) ? (stringOf(line.msg) ?? []) : [],
  );
  return lines.length === 0 ? undefined : lines.join("; ");
}

/** Codes are words; a number repeats the status. */
function wordOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Reads the error that an answer of status 200 or a stream tells; its own number or words give the status. */
export function readToldError(body: JsonObject): ToldError {
  return readError(body, openaiStreamError(body.error).status);
}
