import { join } from "node:path";
import type { RequestRecord } from "../../src/records/record.ts";
import type { Storage } from "../../src/storage/interface.ts";
import { openStorage } from "../../src/storage/open.ts";
import { until } from "./until.ts";

/** The database of a gateway in `dir`, opened beside it. */
export function openRecords(dir: string): Promise<Storage> {
  return openStorage(`sqlite:${join(dir, "data", "amsterdam.db")}`, dir);
}

/** Every record in the database of a gateway in `dir`, oldest first, once there are at least `count`. */
export async function storedRecords(dir: string, count: number): Promise<RequestRecord[]> {
  const storage = await openRecords(dir);
  try {
    return await until(`there are ${count} records`, async () => {
      const all = await allRecords(storage);
      return all.length >= count ? all : null;
    });
  } finally {
    await storage.close();
  }
}

/** Every record, oldest first. */
export async function allRecords({ records }: Storage): Promise<RequestRecord[]> {
  const all: RequestRecord[] = [];
  let cursor: string | null = null;
  do {
    const page = await records.list(
      {},
      { order: "oldest", limit: 1_000, ...(cursor === null ? {} : { cursor }) },
    );
    all.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== null);
  return all;
}
