import { beforeEach, describe, expect, test } from "bun:test";
import { versionLabel } from "../prompts/used-template.ts";
import { variantLabel } from "../records/decision.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import type { Storage } from "./interface.ts";
import {
  type RecordFilter,
  STATISTICS_GROUPS,
  STATISTICS_ORDERS,
  type StatisticsGroup,
  type StatisticsOrder,
  type StatisticsQuery,
  type StatisticsRow,
} from "./record-store.ts";
import { sampleRecord, sampleRecords, seeded } from "./sample-records.test-suite.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** In the middle of an hour. */
const START = Date.UTC(2026, 10, 17, 9, 20);

/** What every database must do with statistics over records, and with what changes them: `opened` gives each test's empty one. */
export function describeRecordStatistics(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  const whole = { since: START - DAY, until: START + 10 * DAY };
  const count = async (query: Partial<StatisticsQuery> = {}) =>
    storage.records.statistics({ filter: whole, groups: [], limit: 10_000, ...query });

  /** As the sums that are kept cannot answer it, from the records themselves. */
  const fromRecords = async (query: StatisticsQuery) =>
    storage.records.statistics({ ...query, filter: { ...query.filter, minDurationMs: 0 } });

  describe("statistics", () => {
    test("are none where nothing was recorded", async () => {
      expect(await count()).toEqual([]);
      expect(await count({ groups: ["model", "run"], interval: HOUR })).toEqual([]);
    });

    test("sum up what the records say", async () => {
      const { durationMs, firstTokenMs } = { durationMs: 1000, firstTokenMs: 200 };
      const usage = { input: 10, cachedInput: 4, cacheWriteInput: 2, output: 80, reasoning: 5 };
      const cost = { usd: 0.25, source: "configuration", date: null };
      const good = [0, 1, 2].map((index) =>
        sampleRecord({ startedAt: START + index, model: "m", durationMs, firstTokenMs, usage, cost }),
      );
      const failed = sampleRecord({
        startedAt: START,
        model: null,
        category: "timeout",
        error: "first_byte_timeout",
        firstTokenMs: null,
        usage: null,
        cost: null,
        durationMs: 90_000,
      });
      await storage.records.write([...good, failed].map((record) => ({ record, bodies: null })));
      const [row, none] = await count({ groups: ["model"] });
      expect(row).toMatchObject({
        group: { model: "m" },
        start: null,
        requests: 3,
        failures: 0,
        inputTokens: 30,
        cachedInputTokens: 12,
        cacheWriteInputTokens: 6,
        outputTokens: 240,
        reasoningTokens: 15,
        costUsd: 0.75,
        unpriced: 0,
      });
      expect(row?.duration?.p50).toBeWithin(950, 1050);
      expect(row?.firstToken?.p99).toBeWithin(190, 210);
      expect(row?.tokensPerSecond).toBeWithin(95, 105);
      expect(none).toMatchObject({
        group: { model: null },
        requests: 1,
        failures: 1,
        unpriced: 1,
        firstToken: null,
      });
      expect(none?.tokensPerSecond).toBeNull();
      expect((await count())[0]?.duration?.p99).toBeWithin(85_000, 95_000);
    });

    test("are the same from kept sums and from the records, for any time, filter, group and interval", async () => {
      const random = seeded(11);
      const all = sampleRecords(1500, { seed: 5, start: START, step: 3 * MINUTE });
      const late = all.filter(() => random() < 0.1);
      const punctual = all.filter((one) => !late.includes(one));
      for (let at = 0; at < punctual.length; at += 10)
        await storage.records.write(punctual.slice(at, at + 10));
      await storage.records.write(late);
      const repriced = all.filter(() => random() < 0.1).map(({ record }) => record.id);
      const cost = { usd: 0.5, source: "configuration", date: null };
      await storage.records.setCosts(
        new Map(repriced.map((id, index) => [id, index % 3 === 0 ? null : cost])),
      );
      const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
      for (let round = 0; round < 60; round++) {
        const since = START + Math.floor((random() * 3 - 0.5) * DAY);
        const unit = pick([1, HOUR, DAY]);
        const length = pick([10 * MINUTE, HOUR, 7 * HOUR, 2 * DAY, 9 * DAY]);
        const aligned = Math.floor(since / unit) * unit;
        const interval = pick([undefined, 7 * MINUTE, HOUR, 90 * MINUTE, 5 * HOUR, DAY]);
        const filters: RecordFilter[] = [
          {},
          { keyId: "key_3" },
          { status: "4xx" },
          { model: "gpt-5.2", category: "none" },
        ];
        const query: StatisticsQuery = {
          filter: { ...pick(filters), since: aligned, until: aligned + length },
          groups: pick<StatisticsGroup[]>([
            [],
            ["model"],
            ["provider", "finish"],
            ["status", "category", "agent"],
            ["key"],
          ]),
          limit: pick([3, 10_000]),
          ...(interval === undefined ? {} : { interval }),
        };
        const [kept, counted] = [await count(query), await fromRecords(query)];
        expect({ query, rows: rounded(kept) }).toEqual({ query, rows: rounded(counted) });
      }
    });

    test("have percentiles that are at most 5 % off", async () => {
      const random = seeded(3);
      const durations = Array.from({ length: 1000 }, () => Math.exp(random() * 14));
      const records = durations.map((durationMs, index) =>
        sampleRecord({ startedAt: START + index, durationMs }),
      );
      await storage.records.write(records.map((record) => ({ record, bodies: null })));
      const sorted = durations.toSorted((one, other) => one - other);
      for (const row of [
        ...(await count()),
        ...(await fromRecords({ filter: whole, groups: [], limit: 1 })),
      ]) {
        for (const [name, rank] of [
          ["p50", 499],
          ["p90", 899],
          ["p99", 989],
        ] as const)
          expect(Math.abs(row.duration![name] / sorted[rank]! - 1)).toBeLessThan(0.05);
      }
    });

    test("are grouped by anything, by tag, template, version and variant once for each that a request has", async () => {
      const several = sampleRecord({
        startedAt: START,
        tags: ["a", "b", "a"],
        templates: [
          usedTemplate({ templateId: "x-v1", version: "2" }),
          usedTemplate({ templateId: "y", version: "2" }),
          usedTemplate({ templateId: "x", version: "2" }),
          usedTemplate({ templateId: "y", version: "3", source: "none" }),
        ],
        decisions: ["x", "y"].map((variantName) => recordedDecision({ variantName })),
      });
      const sampled = sampleRecords(300, { seed: 6, start: START, step: MINUTE });
      const records = [several, ...sampled.map(({ record }) => record)];
      await storage.records.write(records.map((record) => ({ record, bodies: null })));
      for (const group of STATISTICS_GROUPS) {
        const wanted = new Map<string | null, number>();
        for (const record of records)
          for (const value of groupValues(record, group)) wanted.set(value, (wanted.get(value) ?? 0) + 1);
        const rows = await count({ groups: [group] });
        expect(new Map(rows.map((row) => [row.group[group] ?? null, row.requests]))).toEqual(wanted);
        const largest = await count({ groups: [group], limit: 2 });
        expect(largest).toEqual(rows.slice(0, 2));
        expect(rows.map(({ requests }) => requests)).toEqual([...wanted.values()].toSorted((a, b) => b - a));
      }
    });

    test("tell the groups that have most of what they are ordered by", async () => {
      const records = sampleRecords(300, { seed: 7, start: START, step: MINUTE }).map(({ record }) => record);
      await storage.records.write(records.map((record) => ({ record, bodies: null })));
      const weights: Record<StatisticsOrder, (row: StatisticsRow) => number> = {
        requests: (row) => row.requests,
        failures: (row) => row.failures,
        tokens: (row) => row.inputTokens + row.outputTokens,
        cost: (row) => Number(row.costUsd.toPrecision(9)),
      };
      for (const groups of [["model"], ["run"], ["tag", "model"]] as const) {
        for (const order of STATISTICS_ORDERS) {
          const weightsOf = (rows: readonly StatisticsRow[]) => rows.map(weights[order]);
          const all = weightsOf(await count({ groups, order }));
          expect(all).toEqual(all.toSorted((one, other) => other - one));
          expect(weightsOf(await count({ groups, order, limit: 3 }))).toEqual(all.slice(0, 3));
        }
      }
    });

    test("of intervals count from the beginning, and leave out those without requests", async () => {
      const at = [0, 10, 59, 61, 200].map((minutes) => sampleRecord({ startedAt: START + minutes * MINUTE }));
      await storage.records.write(at.map((record) => ({ record, bodies: null })));
      const series = (since: number, interval: number) =>
        count({ filter: { since, until: START + DAY }, interval }).then((rows) =>
          rows.map(({ start, requests }) => [(start! - since) / MINUTE, requests]),
        );
      expect(await series(START, HOUR)).toEqual([
        [0, 3],
        [60, 1],
        [180, 1],
      ]);
      expect(await series(START - 20 * MINUTE, HOUR)).toEqual([
        [0, 2],
        [60, 2],
        [180, 1],
      ]);
      expect(await series(START, 5 * MINUTE)).toEqual([
        [0, 1],
        [10, 1],
        [55, 1],
        [60, 1],
        [200, 1],
      ]);
    });

    test("can be narrowed by words in bodies, feedback and names", async () => {
      const [one, other] = sampleRecords(2, { seed: 8, start: START, step: 1 });
      await storage.records.write([
        { ...one!, bodies: { request: new TextEncoder().encode("needle"), response: null, cut: false } },
        other!,
      ]);
      const requests = async (filter: RecordFilter) =>
        (await count({ filter: { ...whole, ...filter } }))[0]?.requests ?? 0;
      expect(await requests({ text: "NEEDLE" })).toBe(1);
      expect(await requests({ runId: one!.record.runId })).toBe(1);
      expect(await requests({ feedback: "correct" })).toBe(0);
    });
  });
}

/** Sums of money in another order differ in their last digits. */
function rounded(rows: readonly StatisticsRow[]): unknown[] {
  return rows
    .map((row) => ({ ...row, costUsd: row.costUsd.toPrecision(9) }))
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

function orNone(names: readonly (string | null)[]): (string | null)[] {
  return names.length === 0 ? [null] : [...new Set(names)];
}

function groupValues(record: RequestRecord, group: StatisticsGroup): (string | null)[] {
  switch (group) {
    case "tag":
      return orNone(record.tags);
    case "template":
      return orNone(record.templates.map(({ templateId }) => templateId));
    case "version":
      return orNone(record.templates.map(versionLabel));
    case "variant":
      return orNone(record.decisions.map(variantLabel));
    case "key":
      return [record.keyId];
    case "agent":
      return [record.agentId];
    case "run":
      return [record.runId];
    case "thread":
      return [record.threadId];
    case "status":
      return [String(record.status)];
    default:
      return [record[group]];
  }
}
