import type { StoredResponse } from "../storage/response-store.ts";
import type { Archive } from "./archive.ts";
import type { LoggedEvent } from "./event-log.ts";
import { asFailed } from "./housekeeping.ts";
import { isUnfinished } from "./response-object.ts";

const POLL_MS = 1000;

/**
 * The end of a response whose events are not here: it was made some time ago, or is being made by another process.
 * What came before is not told again; the last event has the whole response in it.
 */
export async function* followStored(
  archive: Archive,
  stored: StoredResponse,
  after: number,
): AsyncGenerator<LoggedEvent> {
  let current: StoredResponse | null = stored;
  while (current !== null && isUnfinished(current.status) && (current.leaseUntil ?? 0) > Date.now()) {
    await Bun.sleep(POLL_MS);
    archive.forget(stored);
    current = await archive.get(stored);
  }
  if (current === null) return;
  if (isUnfinished(current.status)) current = asFailed(current);
  const type = current.status === "cancelled" ? "response.failed" : `response.${current.status}`;
  const sequence = after + 1;
  const response: unknown = JSON.parse(current.response ?? "{}");
  yield { sequence, type, text: JSON.stringify({ type, response, sequence_number: sequence }) };
}
