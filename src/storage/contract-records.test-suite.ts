import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sampleRecord, sampleRecords } from "../../test/support/sample-records.ts";
import { matches } from "../records/filter.ts";
import type { RequestRecord, WrittenRecord } from "../records/record.ts";
import { CursorError, type RecordFilter, type RecordOrder, type Storage, StorageError } from "./interface.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20, 9);

const bare = (record: RequestRecord): WrittenRecord => ({ record, bodies: null });
const bytes = (text: string) => new TextEncoder().encode(text);

/** What every database must do with records of requests. */
export function describeRecords(open: () => Promise<Storage>): void {
  let storage: Storage;
  beforeEach(async () => {
    storage = await open();
  });
  afterEach(() => storage.close());

  /** Every page of a list, `limit` records each. */
  async function pages(filter: RecordFilter, order: RecordOrder, limit: number): Promise<RequestRecord[]> {
    const all: RequestRecord[] = [];
    let cursor: string | null = null;
    do {
      const page = await storage.records.list(filter, {
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

  describe("records", () => {
    test("come back as they were written, by their id and by the request's", async () => {
      const whole = sampleRecord({
        startedAt: START,
        parentSpanId: "00f067aa0ba902b7",
        tags: ["env=production", "__proto__", "Łódź 🚋 '; DROP TABLE records; --"],
        templates: [
          { path: "messages[0].content[1]", templateId: "greeting" },
          { path: "system", templateId: null },
        ],
        losses: ["logprobs"],
        usage: {
          input: 2 ** 53 + 2,
          cachedInput: 0,
          output: 1.5,
          reasoning: 7,
          audioInput: 3,
          audioOutput: 4,
        },
        cost: { usd: 1e-9, source: "configuration", date: "2026-11-01" },
        attempts: [
          {
            target: "a/b",
            startedAt: 0.3,
            endedAt: 10.25,
            status: 503,
            error: "upstream_error",
            message: "\ud800 \0 no",
          },
          { target: "c/d", startedAt: 11, endedAt: null, status: null, error: null, message: null },
        ],
      });
      const empty = sampleRecord({
        startedAt: START + 1,
        keyId: null,
        provider: null,
        requestedModel: null,
        model: null,
        clientFormat: null,
        targetFormat: null,
        firstByteMs: null,
        firstTokenMs: null,
        longestGapMs: null,
        finish: null,
        usage: null,
        usageSource: null,
        cost: null,
        attempts: [],
      });
      const nothingCounted = sampleRecord({ startedAt: START + 2, usage: {} });
      await storage.records.write([whole, empty, nothingCounted].map(bare));
      for (const record of [whole, empty, nothingCounted]) {
        expect(await storage.records.get(record.id)).toEqual(record);
        expect(await storage.records.get(record.requestId)).toEqual(record);
      }
      expect(await storage.records.get("__proto__")).toBeNull();
    });

    test("of hostile text are stored, with what is no text replaced", async () => {
      const long = "x".repeat(1_000_000);
      const record = sampleRecord({
        startedAt: START,
        model: `\ud800${long}`,
        cause: long,
        path: "/a\0b",
        tags: [long],
      });
      await storage.records.write([bare(record)]);
      const kept = await storage.records.get(record.id);
      expect(kept?.model).toBe(`\ufffd${long}`);
      expect(kept?.cause).toBe(long);
      expect(kept?.path).toBe("/a\0b");
      expect((await storage.records.list({ tag: long }, { order: "newest", limit: 2 })).records).toHaveLength(
        1,
      );
      expect(
        (await storage.records.list({ model: `\ud800${long}` }, { order: "newest", limit: 2 })).records,
      ).toHaveLength(1);
    });

    test("with numbers that are none have none, and do not hold up their batch", async () => {
      const cost = { usd: Number.NaN, source: "configuration", date: null };
      const record = sampleRecord({
        startedAt: START,
        durationMs: -0,
        longestGapMs: Infinity,
        usage: { input: Number.NaN },
        cost,
      });
      await storage.records.write([bare(record), bare(sampleRecord({ startedAt: START }))]);
      expect(await storage.records.get(record.id)).toEqual({
        ...record,
        durationMs: 0,
        longestGapMs: null,
        usage: {},
        cost: null,
      });
    });

    test("are stored all or none", async () => {
      const broken = sampleRecord({ startedAt: START, door: null as unknown as string });
      const sound = sampleRecord({ startedAt: START });
      await expect(storage.records.write([bare(sound), bare(broken)])).rejects.toThrow(StorageError);
      expect(await storage.records.get(sound.id)).toBeNull();
      await storage.records.write([bare(sound)]);
      expect(await storage.records.get(sound.id)).toEqual(sound);
      const [row] = await storage.records.statistics({
        filter: { since: START, until: START + HOUR },
        groups: [],
        limit: 1,
      });
      expect(row?.requests).toBe(1);
    });

    test("are kept once however often they are written", async () => {
      const batch = sampleRecords(20, { seed: 1, start: START, step: 1000 });
      const later = sampleRecord({ startedAt: START + HOUR });
      await storage.records.write(batch);
      await storage.records.write([...batch, bare(later)]);
      expect(await pages({}, "oldest", 50)).toEqual([...batch.map(({ record }) => record), later]);
      const [row] = await storage.records.statistics({
        filter: { since: START, until: START + 9 * HOUR },
        groups: [],
        limit: 1,
      });
      expect(row?.requests).toBe(21);
    });

    test("of a request id that is kept already are told apart", async () => {
      const [first, second, third] = [0, 1, 2].map((index) =>
        sampleRecord({ startedAt: START + index, requestId: "req_1", runId: `run_${index}` }),
      );
      await storage.records.write([bare(first!), bare(second!)]);
      await storage.records.write([bare(third!)]);
      expect((await pages({ requestId: "req_1" }, "oldest", 9)).map(({ duplicate }) => duplicate)).toEqual([
        false,
        true,
        true,
      ]);
      expect((await storage.records.get("req_1"))?.id).toBe(third!.id);
      expect([...(await storage.records.runsOf(["req_1", "req_9", "__proto__"]))]).toEqual([
        ["req_1", "run_2"],
      ]);
    });

    test("are listed in each order, page by page, by any filter", async () => {
      const batch = sampleRecords(400, { seed: 2, start: START, step: 400_000 });
      await storage.records.write(batch.slice(0, 150));
      await storage.records.write(batch.slice(150));
      const judged = batch.filter((_, index) => index % 9 === 0).map(({ record }) => record.requestId);
      await storage.feedback.add([...judged, "nobody"].map((id) => feedbackOn(id, "correct")));
      await storage.feedback.add([
        { ...feedbackOn(batch[1]!.record.requestId, "correct"), id: "run", target: "run" },
      ]);
      const all = batch.map(({ record }) => record);
      for (const filter of filtersOf(all[77]!)) {
        const wanted = all.filter(
          (record) =>
            matches(record, filter) && (filter.feedback === undefined || judged.includes(record.requestId)),
        );
        for (const order of ["newest", "oldest", "dearest", "slowest"] as const) {
          const found = await pages(filter, order, 37);
          expect({ filter, order, ids: found.map(({ id }) => id) }).toEqual({
            filter,
            order,
            ids: wanted.toSorted(SORTS[order]).map(({ id }) => id),
          });
        }
      }
      expect(await pages({ tag: "nothing" }, "newest", 5)).toEqual([]);
      expect(await pages({ feedback: "other" }, "dearest", 5)).toEqual([]);
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

    test("of a run come oldest first, with the one that it is named after", async () => {
      const first = sampleRecord({ startedAt: START, requestId: "run_1", runId: "run_1" });
      const others = [3, 1, 2].map((index) => sampleRecord({ startedAt: START + index, runId: "run_1" }));
      const stranger = sampleRecord({ startedAt: START, runId: "run_2" });
      await storage.records.write([...others, stranger, first].map(bare));
      const run = [first, others[1]!, others[2]!, others[0]!];
      expect(await storage.records.run("run_1", 10)).toEqual(run);
      expect(await storage.records.run("run_1", 2)).toEqual(run.slice(0, 2));
      expect(await pages({ runId: "run_1" }, "newest", 3)).toEqual(run.toReversed());
      expect(await storage.records.run("run_9", 10)).toEqual([]);
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
        (await pages({ ...filter, text }, "oldest", 2)).map(({ model }) => model!);
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
    templateId: "template-1",
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
