import { GatewayError } from "../exchange/errors.ts";
import { StorageError } from "../storage/interface.ts";

/** Milliseconds that a client waits for the storage: a little more than it waits for others' locks. */
const PATIENCE_MS = 6000;

/** What the storage answers; throws storage_unavailable when it fails or takes too long. */
export async function fromStorage<T>(call: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unavailable(new Error("It took too long."))), patienceMs);
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    throw error instanceof StorageError ? unavailable(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The cause, which names files, is for the operator. */
function unavailable(cause: Error): GatewayError {
  return new GatewayError("storage_unavailable", "The gateway's storage cannot be used at the moment.", {
    retryAfter: 5,
    cause,
  });
}
