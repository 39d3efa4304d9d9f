import type { GatewayError } from "../exchange/errors.ts";

/** OpenAI's error object, as its API reference and SDKs have it; shared by all of OpenAI's APIs. */
export function openaiError(error: GatewayError): {
  message: string;
  type: string;
  param: string | null;
  code: string;
} {
  return {
    message: error.message,
    type: openaiErrorType(error.status),
    param: error.told?.param ?? error.param ?? null,
    code: error.told?.code ?? error.code,
  };
}

export function openaiErrorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  if (status >= 500) return "server_error";
  return "invalid_request_error";
}

/** Reads `{error: {…}}` as it stands in a stream; `code` may be a status, `type` tells the rest. */
export function openaiStreamError(error: unknown): { status: number; message: string } {
  if (typeof error === "string") return { status: 502, message: error };
  const { code, type, message } = (error ?? {}) as Record<string, unknown>;
  return {
    status: streamStatus(code, type),
    message: typeof message === "string" ? message : "error in the stream",
  };
}

function streamStatus(code: unknown, type: unknown): number {
  const numeric = Number(code);
  if (Number.isInteger(numeric) && numeric >= 400 && numeric <= 599) return numeric;
  const words = `${code} ${type}`;
  if (words.includes("rate_limit")) return 429;
  if (words.includes("overloaded")) return 503;
  if (words.includes("invalid_request") || words.includes("context_length")) return 400;
  return 502;
}
