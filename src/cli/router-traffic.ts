import type { Format } from "../exchange/formats.ts";
import type { RequestRecord } from "../records/record.ts";
import type { RecordFilter, RecordStore } from "../storage/record-store.ts";

const PAGE = 500;

/** A recorded request whose prompt a router may score. */
export interface RecordedRequest {
  readonly record: RequestRecord;
  readonly format: Format;
  /** As the client sent it; null where it was not kept. */
  readonly body: Buffer | null;
  /** Whether this or the answer was cut off at the limit. */
  readonly cut: boolean;
}

/**
 * Recorded requests for an answer of a model, the newest first, at most `limit`, one page in memory at a time. Requests that the gateway refused
 * or that no known format was spoken in are left out.
 */
export async function* requestsWithBodies(
  records: Pick<RecordStore, "list" | "bodies">,
  filter: RecordFilter,
  limit: number,
): AsyncGenerator<RecordedRequest> {
  let taken = 0;
  let cursor: string | null | undefined;
  while (cursor !== null && taken < limit) {
    const page = { order: "newest" as const, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const found = await records.list({ ...filter, operation: "generate" }, page);
    for (const record of found.records) {
      if (record.clientFormat === null || record.model === null) continue;
      if (taken++ === limit) return;
      const bodies = await records.bodies(record.id);
      const request = bodies?.request ?? null;
      const body = request === null ? null : Buffer.from(request);
      yield { record, format: record.clientFormat, body, cut: bodies?.cut ?? false };
    }
    cursor = found.cursor;
  }
}
