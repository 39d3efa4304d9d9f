import type { ErrorCode, GatewayError } from "../exchange/errors.ts";
import type { FallbackPolicy, FallbackReason } from "../exchange/fallback.ts";

const REASONS: Partial<Record<ErrorCode, FallbackReason>> = {
  upstream_limited: "limit",
  upstream_error: "error",
  upstream_unreachable: "error",
  upstream_disconnected: "error",
  upstream_invalid: "error",
  upstream_redirected: "error",
  breaker_open: "error",
  gateway_error: "error",
  provider_not_configured: "error",
  connect_timeout: "timeout",
  first_byte_timeout: "timeout",
  silence_timeout: "timeout",
};

/**
 * The reason that a code stands for. Null where no policy is asked: a client's own mistake, the end of the whole time, and
 * a target that cannot express the request, which is passed over whatever the policy says.
 */
export function reasonOfCode(code: ErrorCode): FallbackReason | null {
  return REASONS[code] ?? null;
}

/**
 * Whether another target is to be asked after this failure. What is a refusal to the policy and a failure to the table of
 * errors (a refused key that turns out to be the filter's doing) is worth it by either.
 */
export function mayFallBack(
  {
    reason,
    fallback,
    error,
  }: {
    readonly reason: FallbackReason | null;
    /** As the table of errors has it. */
    readonly fallback: boolean;
    readonly error: GatewayError;
  },
  policy: FallbackPolicy,
): boolean {
  if (reason === null) return fallback;
  return policy[reason] || (fallback && policy[reasonOfCode(error.code) ?? "error"]);
}
