import { beforeEach, describe, expect, test } from "bun:test";
import { matches } from "../records/filter.ts";
import type { RequestRecord } from "../records/record.ts";
import { CursorError, type Storage } from "./interface.ts";
import type { RecordFilter, RecordOrder, RecordPage, RecordStore } from "./record-store.ts";
import { sampleRecord, sampleRecords } from "./sample-records.test-suite.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20, 9);

const bare = (record: RequestRecord) => ({ record, bodies: null });
const bytes = (text: string) => new TextEncoder().encode(text);

/** Every page of a list, `limit` records each. */
export async function allPages(
  records: RecordStore,
  filter: RecordFilter,
  order: RecordOrder,
  limit: number,
): Promise<RequestRecord[]> {
  const all: RequestRecord[] = [];
  let cursor: string | null = null;
  do {
    const page: RecordPage = await records.list(filter, {
      order,
      limit,
      ...(cursor === null ? {} : { cursor }),
    });
    expect(page.records.length).toBeLessThanOrEqual(limit);
    all.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== null);
  return all;
}

/** What every database must do with lists of records, and with what was said in them: `opened` gives each test's empty one. */
export function describeRecordLists(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  const feedbackOn = (targetId: string, name: string) => ({
    id: `${name} ${targetId}`,
    target: "request" as const,
    targetId,
    name,
    value: true,
    comment: null,
    source: null,
    keyId: null,
    receivedAt: START,
  });

  describe("lists of records", () => {
    test("are listed in each order, page by page, by any filter", async () => {
      const batch = sampleRecords(400, { seed: 2, start: START, step: 400_000 });
      await storage.records.write(batch.slice(0, 150));
      await storage.records.write(batch.slice(150));
      const judged = batch.filter((_, index) => index % 9 === 0).map(({ record }) => record.requestId);
      await storage.feedback.add([...judged, "nobody"].map((id) => feedbackOn(id, "correct")));
      const all = batch.map(({ record }) => record);
      for (const filter of filtersOf(all[77]!)) {
        const wanted = all.filter(
          (record) =>
            matches(record, filter) && (filter.feedback === undefined || judged.includes(record.requestId)),
        );
        for (const order of ["newest", "oldest", "dearest", "slowest"] as const) {
          const found = await allPages(storage.records, filter, order, 37);
          expect({ filter, order, ids: found.map(({ id }) => id) }).toEqual({
            filter,
            order,
            ids: wanted.toSorted(SORTS[order]).map(({ id }) => id),
          });
        }
      }
      expect(await allPages(storage.records, { tag: "nothing" }, "newest", 5)).toEqual([]);
      expect(await allPages(storage.records, { feedback: "other" }, "dearest", 5)).toEqual([]);
      expect((await storage.records.list({}, { order: "newest", limit: 0 })).records).toEqual([]);
    });

    test("that are added do not move the pages that follow", async () => {
      const batch = sampleRecords(60, { seed: 3, start: START, step: 1000 });
      await storage.records.write(batch.filter((_, index) => index % 2 === 0));
      for (const order of ["newest", "dearest", "slowest"] as const) {
        const first = await storage.records.list({}, { order, limit: 10 });
        const rest = await storage.records.list({}, { order, limit: 50, cursor: first.cursor! });
        const top = { durationMs: 1e9, cost: { usd: 1e9, source: "configuration", date: null } };
        await storage.records.write([bare(sampleRecord({ startedAt: START + HOUR, ...top }))]);
        expect(await storage.records.list({}, { order, limit: 50, cursor: first.cursor! })).toEqual(rest);
      }
    });

    test("are not listed from a cursor that was not given for their order", async () => {
      await storage.records.write(sampleRecords(5, { seed: 4, start: START, step: 1 }));
      const { cursor } = await storage.records.list({}, { order: "newest", limit: 2 });
      const list = (order: RecordOrder, text: string) =>
        storage.records.list({}, { order, limit: 2, cursor: text });
      expect((await list("newest", cursor!)).records).toHaveLength(2);
      for (const wrong of [
        "",
        "x",
        "bnVsbA",
        "\0",
        Buffer.from('["dearest",null,"x"]').toString("base64url"),
      ])
        await expect(list("dearest", wrong)).rejects.toThrow(CursorError);
      await expect(list("dearest", cursor!)).rejects.toThrow(CursorError);
    });
  });

  describe("bodies", () => {
    test("come back byte by byte, of the record that they are of", async () => {
      const random = crypto.getRandomValues(new Uint8Array(70_000));
      const kept = [
        { request: bytes('{"a":"Łódź"}'), response: bytes(""), cut: false },
        { request: null, response: random, cut: true },
        { request: random.subarray(5), response: null, cut: false },
        { request: bytes("x".repeat(3_000_000)), response: bytes("y"), cut: false },
        { request: bytes("after"), response: bytes("that"), cut: false },
      ];
      const batch = kept.map((bodies, index) => ({
        record: sampleRecord({ startedAt: START + index }),
        bodies,
      }));
      const none = {
        record: sampleRecord({ startedAt: START }),
        bodies: { request: null, response: null, cut: false },
      };
      await storage.records.write([...batch, none, bare(sampleRecord({ startedAt: START }))]);
      await storage.records.write(batch);
      for (const { record, bodies } of batch) expect(await storage.records.bodies(record.id)).toEqual(bodies);
      expect(await storage.records.bodies(none.record.id)).toBeNull();
      expect(await storage.records.bodies("x")).toBeNull();
    });

    test("are searched for words, in any case, as JSON writes them and across the pieces of a stream", async () => {
      const stream = ["Am", "ster", "dam is\\nwet"].map(
        (text) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`,
      );
      const said = [
        ['{"text":"The Canal"}', "{}"],
        ['{"text":"caf\\u00e9 \\"quoted\\""}', "{}"],
        ['{"text":"café"}', stream.join("")],
      ] as const;
      const batch = said.map(([request, response], index) => ({
        record: sampleRecord({ startedAt: START + index, model: `m${index}` }),
        bodies: { request: bytes(request), response: bytes(response), cut: false },
      }));
      await storage.records.write([...batch, bare(sampleRecord({ startedAt: START }))]);
      const found = async (text: string, filter: RecordFilter = {}) =>
        (await allPages(storage.records, { ...filter, text }, "oldest", 2)).map(({ model }) => model!);
      expect(await found("canal THE")).toEqual(["m0"]);
      expect(await found("Café")).toEqual(["m1", "m2"]);
      expect(await found('"quoted"')).toEqual(["m1"]);
      expect(await found("amsterdam wet")).toEqual(["m2"]);
      expect(await found("café", { model: "m1" })).toEqual(["m1"]);
      expect(await found("canal amsterdam")).toEqual([]);
      expect(await found("   ")).toEqual(["m0", "m1", "m2"]);
    });
  });
}

const SORTS: Record<RecordOrder, (one: RequestRecord, other: RequestRecord) => number> = {
  newest: (one, other) => (one.id < other.id ? 1 : -1),
  oldest: (one, other) => (one.id < other.id ? -1 : 1),
  dearest: (one, other) => (other.cost?.usd ?? -1) - (one.cost?.usd ?? -1) || SORTS.newest(one, other),
  slowest: (one, other) => other.durationMs - one.durationMs || SORTS.newest(one, other),
};

/** Each filter alone, and some together, such that they find the record. */
function filtersOf(record: RequestRecord): RecordFilter[] {
  const { startedAt } = record;
  const each: Required<Omit<RecordFilter, "text">> = {
    since: startedAt,
    until: startedAt + 1,
    keyId: record.keyId!,
    door: record.door,
    provider: record.provider!,
    model: record.model!,
    route: "coding",
    operation: record.operation,
    status: record.status,
    category: record.category ?? "none",
    error: "upstream_limited",
    agentId: record.agentId ?? "agent-1",
    runId: record.runId,
    threadId: record.threadId ?? "thread-1",
    requestId: record.requestId,
    parentId: record.parentId ?? "parent-1",
    tag: "env=production",
    templateId: "template-0",
    version: "template-0-v2",
    variant: "template-0-1/kind",
    minCost: 0.01,
    maxCost: 0.01,
    minDurationMs: 2000,
    maxDurationMs: 500,
    feedback: "correct",
  };
  return [
    {},
    ...Object.entries(each).map(([name, value]) => ({ [name]: value })),
    { status: "4xx" },
    { status: "2xx", since: startedAt - HOUR, until: startedAt + HOUR },
    { category: "none", feedback: "correct", tag: "env=production" },
    { keyId: each.keyId, model: each.model, minDurationMs: 1000, since: startedAt - 20 * HOUR },
    { runId: each.runId, tag: "env=production", minCost: 0 },
  ];
}
