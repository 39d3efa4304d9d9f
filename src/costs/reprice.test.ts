import { afterEach, beforeEach, expect, test } from "bun:test";
import { requestRecord } from "../../test/support/records.ts";
import { configSchema } from "../config/schema.ts";
import { UlidMaker } from "../lib/ulid.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { PriceBook } from "./price-book.ts";
import { type RepriceResult, reprice } from "./reprice.ts";

const DAY = Date.parse("2026-11-20T12:00:00Z");
const ids = new UlidMaker();

let storage: Storage;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
});
afterEach(() => storage.close());

function served(at: number, change: Partial<RequestRecord>): RequestRecord {
  const id = ids.next(at);
  const usage = { input: 1_000_000, output: 0 };
  return requestRecord({
    id,
    requestId: id,
    startedAt: at,
    provider: "openai",
    usage,
    cost: null,
    ...change,
  });
}

async function keep(records: readonly RequestRecord[]): Promise<void> {
  await storage.records.write(records.map((record) => ({ record, bodies: null })));
}

function run(prices: object = {}, filter: RecordFilter = {}, dryRun = false): Promise<RepriceResult> {
  return reprice(storage.records, new PriceBook(configSchema.parse({ prices }).prices), { filter, dryRun });
}

async function dollars(): Promise<(number | null)[]> {
  const { records } = await storage.records.list({}, { order: "oldest", limit: 100 });
  return records.map(({ cost }) => cost?.usd ?? null);
}

test("records get the prices of their own days, once", async () => {
  await keep([
    // o3 cost 10 until 2025-06-09 and 2 since.
    served(Date.parse("2025-06-09T12:00:00Z"), { model: "o3" }),
    served(Date.parse("2025-06-11T12:00:00Z"), { model: "o3" }),
    served(DAY, { model: "gpt-99" }),
    served(DAY, { model: "gpt-4o", usage: null, usageSource: null }),
  ]);
  expect(await run()).toEqual({ seen: 4, changed: 2, unpriced: 1, before: 0, after: 12 });
  expect(await dollars()).toEqual([10, 2, null, null]);
  expect(await run()).toMatchObject({ changed: 0, before: 12, after: 12 });
});

test("prices of the configuration, tiers and unknown prices count as they do for new requests", async () => {
  const old = { usd: 9, source: "genai-prices 0.0.1", date: "2026-11-20" };
  await keep([
    served(DAY, { model: "gpt-99", cost: old }),
    served(DAY, { model: "gpt-4o", serviceTier: "flex", cost: old }),
    served(DAY, { model: "gpt-4o", operation: "count-tokens" }),
    served(DAY, { model: "gpt-98", cost: old }),
  ]);
  const prices = {
    "openai/gpt-99": { input: 4, output: 1 },
    "openai/gpt-4o": { input: 3, output: 1, service_tiers: { flex: { input: 1.5, output: 1 } } },
  };
  expect(await run(prices)).toEqual({ seen: 4, changed: 3, unpriced: 1, before: 27, after: 5.5 });
  expect(await dollars()).toEqual([4, 1.5, null, null]);
  const { records } = await storage.records.list({}, { order: "oldest", limit: 1 });
  expect(records[0]!.cost).toEqual({ usd: 4, source: "configuration", date: null });
});

test("only what the filter means is changed, and nothing by a dry run", async () => {
  await keep([served(DAY, { model: "gpt-4o" }), served(DAY, { model: "gpt-4o-mini" })]);
  expect(await run({}, {}, true)).toMatchObject({ seen: 2, changed: 2, after: 2.65 });
  expect(await dollars()).toEqual([null, null]);
  expect(await run({}, { model: "gpt-4o-mini" })).toMatchObject({ seen: 1, changed: 1 });
  expect(await dollars()).toEqual([null, 0.15]);
});

test("goes through all pages, and through the records of one moment", async () => {
  await keep(Array.from({ length: 1_203 }, (_, n) => served(DAY + Math.floor(n / 700), { model: "gpt-4o" })));
  expect(await run()).toMatchObject({ seen: 1_203, changed: 1_203, unpriced: 0 });
  expect(await run()).toMatchObject({ seen: 1_203, changed: 0 });
});
