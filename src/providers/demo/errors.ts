import type { JsonObject } from "./json.ts";

/** Whose error shape a client of the demo expects. */
export type DemoShape = "openai" | "anthropic" | "gemini";

export interface DemoErrorDetails {
  /** The request field that is wrong (told in OpenAI's shape). */
  param?: string;
  /** OpenAI's machine-readable code. */
  code?: string;
  headers?: Record<string, string>;
  /** `error.details` in Anthropic's shape. */
  anthropic?: JsonObject;
}

/** A request that the demo answers with an error status. The message is for the caller. */
export class DemoError extends Error {
  readonly status: number;
  readonly details: DemoErrorDetails;

  constructor(status: number, message: string, details: DemoErrorDetails = {}) {
    super(message);
    this.name = "DemoError";
    this.status = status;
    this.details = details;
  }
}

const ANTHROPIC_TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

const GEMINI_STATUSES: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** The body of an error response in a provider's own shape. */
export function errorBody(shape: DemoShape, error: DemoError, requestId: string): JsonObject {
  if (shape === "openai") return { error: openaiError(error) };
  if (shape === "anthropic") return { ...anthropicError(error), request_id: requestId };
  return { error: geminiError(error) };
}

/** What OpenAI's API puts under `error`. */
export function openaiError(error: DemoError): JsonObject {
  return {
    message: error.message,
    type: openaiType(error.status),
    param: error.details.param ?? null,
    code: error.details.code ?? null,
  };
}

function openaiType(status: number): string {
  if (status === 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** Anthropic's error object, also the data of its `error` stream event. */
export function anthropicError(error: DemoError): JsonObject {
  const fallback = error.status >= 500 ? "api_error" : "invalid_request_error";
  return {
    type: "error",
    error: {
      type: ANTHROPIC_TYPES[error.status] ?? fallback,
      message: error.message,
      ...(error.details.anthropic && { details: error.details.anthropic }),
    },
  };
}

/** What Gemini's API puts under `error`, in the body and in a stream alike. */
export function geminiError(error: DemoError): JsonObject {
  const retryAfter = error.details.headers?.["retry-after"];
  const details = retryAfter && [
    { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${retryAfter}s` },
  ];
  return {
    code: error.status,
    message: error.message,
    status: GEMINI_STATUSES[error.status] ?? (error.status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT"),
    ...(details && { details }),
  };
}
