import { beforeEach, describe, expect, test } from "bun:test";
import type { Storage } from "./interface.ts";
import type { StatisticsQuery } from "./record-store.ts";
import { sampleRecord, sampleRecords } from "./sample-records.test-suite.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** In the middle of an hour. */
const START = Date.UTC(2026, 10, 17, 9, 20);

/** What every database must do where records get other costs, and where they are deleted: `opened` gives each test's empty one. */
export function describeRecordChanges(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  const whole = { since: START - DAY, until: START + 10 * DAY };
  const count = async (query: Partial<StatisticsQuery> = {}) =>
    storage.records.statistics({ filter: whole, groups: [], limit: 10_000, ...query });

  describe("changed records", () => {
    test("get other costs, and so do their statistics", async () => {
      const usd = (amount: number) => ({ usd: amount, source: "configuration", date: "2026-11-01" });
      const records = [null, usd(1), usd(2), usd(4)].map((cost, index) =>
        sampleRecord({ startedAt: START + index * HOUR, cost, model: "m" }),
      );
      await storage.records.write(records.map((record) => ({ record, bodies: null })));
      const [a, b, c, d] = records.map(({ id }) => id);
      await storage.records.setCosts(
        new Map([
          [a!, usd(8)],
          [b!, null],
          [c!, usd(0.5)],
          ["gone", usd(9)],
        ]),
      );
      expect((await storage.records.get(a!))?.cost).toEqual(usd(8));
      expect((await storage.records.get(b!))?.cost).toBeNull();
      const query = { filter: whole, groups: ["model"] as const, limit: 9 };
      const fromRecords = { ...query, filter: { ...whole, minDurationMs: 0 } };
      expect(await count(query)).toEqual(await count(fromRecords));
      expect((await count(query))[0]).toMatchObject({ requests: 4, costUsd: 12.5, unpriced: 1 });
      const dearest = await storage.records.list({}, { order: "dearest", limit: 2 });
      expect(dearest.records.map(({ id }) => id)).toEqual([a!, d!]);
      const dear = await storage.records.list({ minCost: 5 }, { order: "newest", limit: 2 });
      expect(dear.records.map(({ id }) => id)).toEqual([a!]);
    });

    test("are deleted from the oldest on, in steps, with all that leads to them; statistics stay", async () => {
      const batch = sampleRecords(50, { seed: 9, start: START, step: HOUR });
      for (let at = 0; at < batch.length; at += 5) await storage.records.write(batch.slice(at, at + 5));
      const ofDay = { since: START - 20 * MINUTE, until: START + DAY - 20 * MINUTE };
      const before = await count({ filter: ofDay, groups: ["model"], interval: HOUR });
      const bounds = { before: START + 20 * HOUR, bodiesBefore: 0, maxBodyBytes: Infinity, limit: 12 };
      const first = await storage.records.prune(bounds);
      // What is kept together may go together.
      expect(first.records).toBeWithin(12, 16);
      expect(first.bodies).toBeWithin(12, 16);
      const second = await storage.records.prune(bounds);
      expect([first.records + second.records, first.bodies + second.bodies]).toEqual([20, 20]);
      expect(await storage.records.prune(bounds)).toEqual({ records: 0, bodies: 0 });
      const kept = batch.slice(20).map(({ record }) => record);
      expect((await storage.records.list({}, { order: "oldest", limit: 99 })).records).toEqual(kept);
      expect(await count({ filter: ofDay, groups: ["model"], interval: HOUR })).toEqual(before);
      for (const { record } of batch.slice(0, 20)) {
        expect(await storage.records.get(record.id)).toBeNull();
        expect(await storage.records.bodies(record.id)).toBeNull();
        for (const tag of record.tags)
          expect((await storage.records.list({ tag }, { order: "oldest", limit: 1 })).records).toEqual(
            kept.filter(({ tags }) => tags.includes(tag)).slice(0, 1),
          );
      }
    });

    test("lose their bodies first, by age and until they are small enough", async () => {
      const batch = sampleRecords(40, { seed: 10, start: START, step: HOUR });
      for (const one of batch) await storage.records.write([one]);
      const has = async () => {
        const found = await Promise.all(batch.map(({ record }) => storage.records.bodies(record.id)));
        return found.filter((bodies) => bodies !== null).length;
      };
      const bounds = { before: 0, bodiesBefore: START + 10 * HOUR, maxBodyBytes: Infinity, limit: 100 };
      expect(await storage.records.prune(bounds)).toEqual({ records: 0, bodies: 10 });
      expect(await storage.records.prune(bounds)).toEqual({ records: 0, bodies: 0 });
      expect(await has()).toBe(30);
      const { bodies } = await storage.records.prune({ ...bounds, maxBodyBytes: 10_000 });
      expect(bodies).toBeWithin(1, 30);
      expect(await has()).toBe(30 - bodies);
      expect(await storage.records.bodies(batch.at(-1)!.record.id)).toEqual(batch.at(-1)!.bodies);
      expect(await storage.records.prune({ ...bounds, maxBodyBytes: 10_000 })).toEqual({
        records: 0,
        bodies: 0,
      });
      await storage.records.prune({ ...bounds, maxBodyBytes: 0 });
      expect(await has()).toBe(0);
      expect((await storage.records.list({}, { order: "oldest", limit: 99 })).records).toHaveLength(40);
      const lost = await storage.records.list({ text: "the" }, { order: "oldest", limit: 99 });
      expect(lost).toEqual({ records: [], cursor: null });
    });
  });
}
