import { fromStorage } from "../answers/storage-call.ts";
import { type ErrorCode, GatewayError } from "../exchange/errors.ts";
import { Refusal, type RefusalKind } from "../lib/refusal.ts";

const CODES = {
  missing: "not_found",
  conflict: "conflict",
  invalid: "invalid_request",
} as const satisfies Record<RefusalKind, ErrorCode>;

/**
 * What a service answers that works on the storage. Throws a refusal of it as not_found, conflict or invalid_request, and
 * storage_unavailable as `fromStorage` does.
 */
export async function fromService<T>(call: Promise<T>, patienceMs?: number): Promise<T> {
  try {
    return await fromStorage(call, patienceMs);
  } catch (error) {
    throw error instanceof Refusal ? new GatewayError(CODES[error.kind], error.message) : error;
  }
}
