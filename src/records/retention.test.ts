import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labelledRecord } from "../../test/support/records.ts";
import { allRecords } from "../../test/support/stored-records.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { pruneAll } from "./retention.ts";
import { recordedDecision } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-retention-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const BOUNDS = { retention_days: 10, bodies_retention_days: 3, max_bodies_mb: 1_000 };
const running = () => new AbortController().signal;

let storage: Storage;
beforeEach(async () => {
  storage = await openStorage(`sqlite:${join(mkdtempSync(join(root, "db-")), "a.db")}`, root);
});
afterEach(() => storage.close());

/** Stores so many records of that age, each with a body of a kilobyte that cannot be compressed. */
async function store(days: number, count: number): Promise<void> {
  const batch = Array.from({ length: count }, (_, i) => {
    const label = String(i).padStart(6, "0");
    const record = labelledRecord(label, { requestId: `${days}-${label}`, startedAt: NOW - days * DAY });
    const request = crypto.getRandomValues(new Uint8Array(1024));
    return { record, bodies: { request, response: null, cut: false } };
  });
  for (let at = 0; at < count; at += 200) await storage.records.write(batch.slice(at, at + 200));
}

/** How many records there are of each age in days, and how many of them have bodies. */
async function kept(): Promise<Record<number, readonly [records: number, bodies: number]>> {
  const counts: Record<number, [number, number]> = {};
  for (const { id, startedAt } of await allRecords(storage)) {
    const [records, bodies] = counts[(NOW - startedAt) / DAY] ?? [0, 0];
    const has = (await storage.records.bodies(id)) !== null;
    counts[(NOW - startedAt) / DAY] = [records + 1, bodies + (has ? 1 : 0)];
  }
  return counts;
}

describe("what is kept", () => {
  test("is as old as it may be: bodies first, then records, however many steps it takes", async () => {
    await store(11, 900);
    await store(5, 500);
    await store(1, 100);
    await pruneAll(storage, BOUNDS, running(), NOW);
    expect(await kept()).toEqual({ 5: [500, 0], 1: [100, 100] });
  });

  test("takes no more space than it may: the oldest bodies go", async () => {
    await store(2, 600);
    await store(1, 600);
    await pruneAll(storage, { ...BOUNDS, max_bodies_mb: 0.7 }, running(), NOW);
    const counts = await kept();
    expect(counts[2]?.[0]).toBe(600);
    expect(counts[2]?.[1]).toBeLessThan(200);
    expect(counts[1]).toEqual([600, 600]);
  });

  test("are the draws of routes as long as records, and those of experiments as long as these run and a year after", async () => {
    const decided = (experiment: string) => {
      const decision = recordedDecision({ experiment });
      return { ...labelledRecord(experiment, { startedAt: NOW - 11 * DAY }), decisions: [decision] };
    };
    const records = [decided("route:smart:00000000"), decided("greeting-1")];
    await storage.records.write(records.map((record) => ({ record, bodies: null })));
    await pruneAll(storage, BOUNDS, running(), NOW);
    const left = async (id: string) => (await storage.experiments.decided(id, { limit: 5 })).requests.length;
    expect([await left("route:smart:00000000"), await left("greeting-1")]).toEqual([0, 1]);
  });

  test("is left alone by a gateway that stops", async () => {
    await store(11, 900);
    const stopping = new AbortController();
    const pruning = pruneAll(storage, BOUNDS, stopping.signal, NOW);
    stopping.abort();
    await pruning;
    expect((await allRecords(storage)).length).toBeGreaterThan(600);
  });

  test("stays while the storage fails, which the caller is told", async () => {
    const failing = { prune: () => Promise.reject(new StorageError("locked")) };
    await expect(
      pruneAll({ records: failing, experiments: storage.experiments }, BOUNDS, running(), NOW),
    ).rejects.toThrow("locked");
  });
});
