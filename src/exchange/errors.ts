import type { ToldError } from "./told-error.ts";

/** Who has to act: the caller, the caller's credentials, a limit, the provider's own refusal or failure, or us. */
export type ErrorCategory =
  | "client"
  | "authentication"
  | "limit"
  | "upstream-refused"
  | "upstream-failed"
  | "timeout"
  | "overloaded"
  | "gateway";

interface ErrorEntry {
  /** HTTP status that the client gets when no upstream status is kept. */
  readonly status: number;
  readonly category: ErrorCategory;
  /** Whether the same target may well answer when asked again. */
  readonly retryable: boolean;
  /** Whether another target may well answer. */
  readonly fallback: boolean;
}

/** Every way in which a request can end without the model's answer. Clients and records see the key as `code`. */
export const ERRORS = {
  malformed_body: { status: 400, category: "client", retryable: false, fallback: false },
  invalid_request: { status: 400, category: "client", retryable: false, fallback: false },
  previous_response_not_found: { status: 400, category: "client", retryable: false, fallback: false },
  conversion_refused: { status: 400, category: "client", retryable: false, fallback: true },
  invalid_api_key: { status: 401, category: "authentication", retryable: false, fallback: false },
  permission_denied: { status: 403, category: "authentication", retryable: false, fallback: false },
  not_found: { status: 404, category: "client", retryable: false, fallback: false },
  model_not_found: { status: 404, category: "client", retryable: false, fallback: false },
  endpoint_disabled: { status: 404, category: "client", retryable: false, fallback: false },
  method_not_allowed: { status: 405, category: "client", retryable: false, fallback: false },
  conflict: { status: 409, category: "client", retryable: false, fallback: false },
  body_timeout: { status: 408, category: "client", retryable: false, fallback: false },
  body_too_large: { status: 413, category: "client", retryable: false, fallback: false },
  unsupported_encoding: { status: 415, category: "client", retryable: false, fallback: false },
  client_closed: { status: 499, category: "client", retryable: false, fallback: false },
  gateway_error: { status: 500, category: "gateway", retryable: false, fallback: true },
  provider_not_configured: { status: 404, category: "gateway", retryable: false, fallback: true },
  server_overloaded: { status: 503, category: "overloaded", retryable: false, fallback: false },
  draining: { status: 503, category: "overloaded", retryable: false, fallback: false },
  storage_unavailable: { status: 503, category: "overloaded", retryable: false, fallback: false },
  breaker_open: { status: 503, category: "overloaded", retryable: false, fallback: true },
  upstream_refused: { status: 502, category: "upstream-refused", retryable: false, fallback: false },
  upstream_limited: { status: 429, category: "limit", retryable: true, fallback: true },
  upstream_error: { status: 502, category: "upstream-failed", retryable: true, fallback: true },
  upstream_unreachable: { status: 502, category: "upstream-failed", retryable: true, fallback: true },
  upstream_disconnected: { status: 502, category: "upstream-failed", retryable: true, fallback: true },
  upstream_invalid: { status: 502, category: "upstream-failed", retryable: false, fallback: true },
  upstream_redirected: { status: 502, category: "upstream-failed", retryable: false, fallback: true },
  connect_timeout: { status: 504, category: "timeout", retryable: true, fallback: true },
  first_byte_timeout: { status: 504, category: "timeout", retryable: false, fallback: true },
  silence_timeout: { status: 504, category: "timeout", retryable: false, fallback: true },
  total_timeout: { status: 504, category: "timeout", retryable: false, fallback: false },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface GatewayErrorDetails {
  /** The status to answer with, where an upstream's is kept instead of the table's. */
  status?: number;
  /** Seconds after which the client may try again; sent as `Retry-After`. */
  retryAfter?: number;
  /** The field of the request that is wrong, as a JSON path. */
  param?: string;
  /** What the upstream told, where the error is its own: its code is handed on in place of ours. */
  told?: ToldError;
  /** Further response headers, e.g. `allow`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An error of the table with a message for the caller. The message never holds a secret or a body. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly fallback: boolean;
  readonly retryAfter: number | undefined;
  readonly param: string | undefined;
  readonly told: ToldError | undefined;
  readonly headers: Record<string, string> | undefined;

  constructor(code: ErrorCode, message: string, details: GatewayErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "GatewayError";
    const entry: ErrorEntry = ERRORS[code];
    this.code = code;
    this.status = details.status ?? entry.status;
    this.category = entry.category;
    this.retryable = entry.retryable;
    this.fallback = entry.fallback;
    this.retryAfter = details.retryAfter;
    this.param = details.param;
    this.told = details.told;
    this.headers = details.headers;
  }
}

/** `error` itself when it is of the table, otherwise an internal error that keeps it as the cause for the operator. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError("gateway_error", "The gateway failed to handle this request.", { cause: error });
}
