import { GatewayError } from "../../exchange/errors.ts";
import { isRecord, recordOf, stringOf } from "../../exchange/read.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import { openaiError, openaiStreamError } from "../openai-error.ts";

/** The body of an error response. */
export function renderError(error: GatewayError): string {
  return JSON.stringify({ error: openaiError(error) });
}

/** The event that tells an error after the stream has begun. */
export function renderStreamError(error: GatewayError): string {
  return `event: error\ndata: ${JSON.stringify(errorEvent(openaiError(error)))}\n\n`;
}

type ErrorFields = ReturnType<typeof openaiError>;

/** OpenAI's published description has the fields flat, Open Responses and recorded traffic nested: clients exist for both. */
export function errorEvent(fields: ErrorFields) {
  const { code, message, param } = fields;
  return { type: "error" as const, code, message, param, error: fields };
}

/** A told error in OpenAI's shape. */
export function errorFields(told: ToldError): ErrorFields {
  return openaiError(new GatewayError("upstream_error", told.message, { status: told.status, told }));
}

/** The error that the parsed data of an event tells, or null. */
export function streamErrorOf(data: unknown): ToldError | null {
  const event = recordOf(data);
  if (event?.type === "error") return toldIn(event.error ?? event);
  if (event?.type === "response.failed") return toldIn(recordOf(event.response)?.error);
  return null;
}

/** Reads the body of an answer of status 400 or above; anything may stand there, xAI's `{code, error: "text"}` too. */
export function readError(body: unknown, status: number): ToldError {
  const error = isRecord(body) ? (body.error ?? body.detail ?? body) : body;
  const message = stringOf(error) ?? stringOf(recordOf(error)?.message);
  const told = toldIn(isRecord(error) ? error : body);
  return { ...told, status, message: message || `The provider answered with status ${status}.` };
}

/** Reads an error object; the status is the one that its code stands for. */
export function toldIn(error: unknown): ToldError {
  const fields = recordOf(error);
  const code = typeof fields?.code === "number" ? String(fields.code) : stringOf(fields?.code);
  const type = fields?.type === "error" ? undefined : stringOf(fields?.type);
  const param = stringOf(fields?.param);
  return {
    ...openaiStreamError(error),
    ...(code === undefined && type === undefined ? {} : { code: code ?? type ?? "" }),
    ...(param === undefined ? {} : { param }),
  };
}
