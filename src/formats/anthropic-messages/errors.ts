import { isRecord, stringOf } from "../../exchange/read.ts";
import type { ToldError } from "../../exchange/told-error.ts";

/** Error types and their statuses: Anthropic's page "Errors". */
const STATUS_OF: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

const TYPE_OF: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [408, "timeout_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

/** The type of error that a client of the API expects with a status. */
export function errorType(status: number): string {
  return TYPE_OF.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

/** Reads an error event's data; null where it is none. */
export function readErrorEvent(data: unknown): ToldError | null {
  if (!isRecord(data) || data.type !== "error") return null;
  const error = isRecord(data.error) ? data.error : {};
  const type = stringOf(error.type);
  return {
    status: STATUS_OF.get(type ?? "") ?? 502,
    message: stringOf(error.message) ?? type ?? "error in the stream",
    ...(type === undefined ? {} : { code: type }),
  };
}

/** Reads the body of an error's answer: `{type: "error", error: {type, message}}`; other shapes as far as they tell. */
export function readError(body: unknown, status: number): ToldError {
  const outer = isRecord(body) ? body : {};
  const error = isRecord(outer.error) ? outer.error : outer;
  const code = stringOf(error.type);
  return {
    status,
    message:
      stringOf(error.message) ?? stringOf(outer.error) ?? `The provider answered with status ${status}.`,
    ...(code === undefined || code === "error" ? {} : { code }),
  };
}

/** The body and the event's data that tell an error to a client; a type of the API's own is kept. */
export function writeError({ status, message, code }: ToldError): object {
  const type = code !== undefined && STATUS_OF.has(code) ? code : errorType(status);
  return { type: "error", error: { type, message }, request_id: null };
}
