import { beforeEach, describe, expect, test } from "bun:test";
import type { RequestRecord } from "../records/record.ts";
import { usedTemplate } from "../records/testing.ts";
import type { Feedback } from "./feedback-store.ts";
import { CursorError, type Storage } from "./interface.ts";
import type { FeedbackRow, Gathered, GatheredBy, RecordFilter, StatisticsQuery } from "./record-store.ts";
import { sampleRecord, sampleRecords } from "./sample-records.test-suite.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 20, 9);

const bare = (record: RequestRecord) => ({ record, bodies: null });

/** What every database must do with runs, threads and the feedback on them: `opened` gives each test's empty one. */
export function describeGathered(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  const write = (...records: RequestRecord[]) => storage.records.write(records.map(bare));

  const all = async (by: GatheredBy, filter: RecordFilter, limit: number): Promise<Gathered[]> => {
    const found: Gathered[] = [];
    let cursor: string | null = null;
    do {
      const page = await storage.records.gathered(by, filter, { limit, ...(cursor && { cursor }) });
      expect(page.found.length).toBeLessThanOrEqual(limit);
      found.push(...page.found);
      cursor = page.cursor;
    } while (cursor !== null);
    return found;
  };

  describe("runs and threads", () => {
    test("are none where nothing was recorded", async () => {
      for (const by of ["run", "thread"] as const)
        expect(await storage.records.gathered(by, {}, { limit: 5 })).toEqual({ found: [], cursor: null });
    });

    test("are listed by their newest request, with the sums of all", async () => {
      const at = (minute: number, change: Partial<RequestRecord>) =>
        sampleRecord({ startedAt: START + minute * MINUTE, durationMs: 1000, ...change });
      const cost = { usd: 0.5, source: "configuration", date: null };
      await write(
        at(0, { runId: "long", usage: { input: 10, output: 1 }, cost, durationMs: 20 * MINUTE }),
        at(1, {
          runId: "short",
          cost: null,
          category: "timeout",
          error: "first_byte_timeout",
          threadId: "t",
        }),
        at(2, { runId: "long", usage: null, cost, threadId: "t", firstTokenMs: null }),
        at(3, { requestId: "alone", runId: "alone" }),
      );
      const runs = await all("run", {}, 10);
      expect(runs.map(({ id, requests }) => [id, requests])).toEqual([
        ["alone", 1],
        ["long", 2],
        ["short", 1],
      ]);
      expect(runs[1]).toEqual({
        id: "long",
        requests: 2,
        failures: 0,
        inputTokens: 10,
        outputTokens: 1,
        costUsd: 1,
        unpriced: 0,
        requestMs: 20 * MINUTE + 1000,
        startedAt: START,
        lastStartedAt: START + 2 * MINUTE,
        endedAt: START + 20 * MINUTE,
      });
      expect(runs[2]).toMatchObject({ failures: 1, unpriced: 1, costUsd: 0 });
      expect(await all("thread", {}, 10)).toMatchObject([{ id: "t", requests: 2, failures: 1 }]);
    });

    test("are listed page by page by any filter, each once", async () => {
      const batch = sampleRecords(400, { seed: 5, start: START, step: 10 * MINUTE });
      await storage.records.write(batch);
      const records = batch.map(({ record }) => record);
      const sample = records.find(({ threadId }) => threadId !== null)!;
      const filters: RecordFilter[] = [
        {},
        { since: START + 8 * HOUR, until: START + 30 * HOUR },
        { model: sample.model! },
        { category: "none", minDurationMs: 2000 },
        { minCost: 0.01 },
        { tag: "env=production" },
        { runId: sample.runId },
        { threadId: sample.threadId! },
      ];
      for (const filter of filters) {
        const meant = [];
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const page = { order: "newest" as const, limit: 100 };
          const found = await storage.records.list(filter, cursor === undefined ? page : { ...page, cursor });
          meant.push(...found.records);
          cursor = found.cursor;
        }
        for (const by of ["run", "thread"] as const) {
          const wanted = [...new Set(meant.map((record) => (by === "run" ? record.runId : record.threadId)))];
          for (const limit of [3, 1000]) {
            const found = await all(by, filter, limit);
            expect({ by, filter, ids: found.map(({ id }) => id) }).toEqual({
              by,
              filter,
              ids: wanted.filter((id) => id !== null),
            });
          }
        }
      }
      const whole = await all("run", {}, 1000);
      expect(whole.reduce((sum, { requests }) => sum + requests, 0)).toBe(400);
    });

    test("refuse cursors that are none, or of another list", async () => {
      await write(...[0, 1, 2].map((at) => sampleRecord({ startedAt: START + at, threadId: `t${at}` })));
      const { cursor } = await storage.records.gathered("run", {}, { limit: 1 });
      const records = await storage.records.list({}, { order: "newest", limit: 1 });
      for (const wrong of [cursor!, records.cursor!, "", "x", "null", btoa('["thread",null,1]')])
        await expect(storage.records.gathered("thread", {}, { limit: 1, cursor: wrong })).rejects.toThrow(
          CursorError,
        );
    });
  });

  let pieces = 0;
  const piece = (change: Partial<Feedback>): Feedback => ({
    id: `fb_${++pieces}`,
    target: "request",
    targetId: "q1",
    name: "good",
    value: true,
    comment: null,
    source: null,
    keyId: null,
    receivedAt: START + HOUR,
    ...change,
  });

  describe("feedback on records", () => {
    const ids = async (feedback: string) =>
      (await storage.records.list({ feedback }, { order: "oldest", limit: 100 })).records.map(
        ({ requestId }) => requestId,
      );
    const statistics = (query: Partial<StatisticsQuery> = {}) =>
      storage.records.feedbackStatistics({
        filter: { since: START, until: START + 10 * HOUR },
        groups: [],
        limit: 100,
        ...query,
      });
    const told = (rows: readonly FeedbackRow[]) =>
      rows.map(({ group, name, count, positive, negative }) => [
        ...Object.values(group),
        name,
        count,
        positive,
        negative,
      ]);

    beforeEach(async () => {
      const at = (minutes: number, change: Partial<RequestRecord>) =>
        sampleRecord({ startedAt: START + minutes * MINUTE, ...change });
      const templates = ["greeting", "farewell"].map((templateId) => usedTemplate({ templateId }));
      await write(
        at(0, { requestId: "q1", runId: "r1", model: "a", threadId: "t1", templates }),
        at(1, { requestId: "q2", runId: "r1", model: "b", threadId: "t1" }),
        at(2, { requestId: "q3", runId: "r1", model: "b" }),
        at(3, { requestId: "q4", runId: "q4", model: "a" }),
        at(180, { requestId: "q5", runId: "r1", model: "c", threadId: "t1" }),
      );
    });

    test("is found by name, also on the run or thread once the request had begun", async () => {
      await storage.feedback.add([
        piece({ targetId: "q2", name: "own" }),
        piece({ target: "run", targetId: "r1", name: "run" }),
        piece({ target: "run", targetId: "q4", name: "single" }),
        piece({ target: "thread", targetId: "t1", name: "thread" }),
        piece({ target: "thread", targetId: "t1", name: "late", receivedAt: START + 9 * HOUR }),
        piece({ targetId: "r1", name: "no request" }),
      ]);
      expect(await ids("own")).toEqual(["q2"]);
      expect(await ids("run")).toEqual(["q1", "q2", "q3"]);
      expect(await ids("single")).toEqual(["q4"]);
      expect(await ids("thread")).toEqual(["q1", "q2"]);
      expect(await ids("late")).toEqual(["q1", "q2", "q5"]);
      expect(await ids("no request")).toEqual([]);
    });

    test("is found by its value, as people write it", async () => {
      await storage.feedback.add([
        piece({ targetId: "q1", name: "v", value: true }),
        piece({ targetId: "q2", name: "v", value: "true" }),
        piece({ targetId: "q3", name: "v", value: 4 }),
        piece({ targetId: "q4", name: "v", value: false }),
        piece({ targetId: "q4", name: "a=b", value: "it's" }),
        piece({ target: "run", targetId: "r1", name: "done", value: false }),
      ]);
      expect(await ids("v")).toEqual(["q1", "q2", "q3", "q4"]);
      expect(await ids("v=true")).toEqual(["q1", "q2"]);
      expect(await ids("v=false")).toEqual(["q4"]);
      expect(await ids("v=4.0")).toEqual(["q3"]);
      expect(await ids("v=")).toEqual([]);
      expect(await ids("a=b")).toEqual(["q4"]);
      expect(await ids("done=false")).toEqual(["q1", "q2", "q3"]);
      expect(await ids("done=true")).toEqual([]);
    });

    test("is counted by groups of the requests, in each of them once", async () => {
      await storage.feedback.add([
        piece({ targetId: "q1", value: true }),
        piece({ targetId: "q2", value: false }),
        piece({ target: "run", targetId: "r1", value: false }),
        piece({ target: "thread", targetId: "t1", name: "tone", value: true }),
        piece({ targetId: "nobody" }),
      ]);
      expect(told(await statistics())).toEqual([
        ["good", 3, 1, 2],
        ["tone", 1, 1, 0],
      ]);
      expect(told(await statistics({ groups: ["model"] }))).toEqual([
        ["a", "good", 2, 1, 1],
        ["a", "tone", 1, 1, 0],
        ["b", "good", 2, 0, 2],
        ["b", "tone", 1, 1, 0],
      ]);
      expect(told(await statistics({ groups: ["template"], limit: 2 }))).toEqual([
        ["farewell", "good", 2, 1, 1],
        ["farewell", "tone", 1, 1, 0],
        ["greeting", "good", 2, 1, 1],
        ["greeting", "tone", 1, 1, 0],
      ]);
      expect(told(await statistics({ groups: ["model"], limit: 1 }))).toHaveLength(2);
      const filter = { since: START, until: START + 10 * HOUR, model: "b" };
      expect(told(await statistics({ filter, groups: ["run"] }))).toEqual([
        ["r1", "good", 2, 0, 2],
        ["r1", "tone", 1, 1, 0],
      ]);
      expect(await statistics({ filter: { since: START + 9 * HOUR, until: START + 10 * HOUR } })).toEqual([]);
    });

    test("has the mean of numbers, and counts corrections", async () => {
      const values = [1, 4, -2, { correction: "so" }, "text"];
      await storage.feedback.add(values.map((value) => piece({ value })));
      expect(await statistics()).toEqual([
        {
          group: {},
          start: null,
          name: "good",
          count: 5,
          positive: 0,
          negative: 0,
          numbers: 3,
          mean: 1,
          corrections: 1,
        },
      ]);
    });

    test("is counted by the intervals in which the requests began", async () => {
      const late = START + 9 * HOUR;
      await storage.feedback.add([
        piece({ target: "run", targetId: "r1", receivedAt: late }),
        piece({ targetId: "q3" }),
      ]);
      const rows = await statistics({ interval: HOUR });
      expect(rows.map(({ start, count }) => [(start! - START) / HOUR, count])).toEqual([
        [0, 2],
        [3, 1],
      ]);
    });

    test("of many pieces is counted whole", async () => {
      await storage.feedback.add(
        Array.from({ length: 1234 }, (_, at) => piece({ targetId: `q${(at % 4) + 1}` })),
      );
      expect((await statistics({ groups: ["model"] })).map(({ count }) => count)).toEqual([617, 617]);
    });
  });

  describe("a list of feedback", () => {
    const every = async (filter: Parameters<Storage["feedback"]["list"]>[0], limit: number) => {
      const found: Feedback[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await storage.feedback.list(filter, { limit, ...(cursor && { cursor }) });
        expect(page.feedback.length).toBeLessThanOrEqual(limit);
        found.push(...page.feedback);
        cursor = page.cursor;
      }
      return found;
    };

    test("has what came last first, page by page, by any filter", async () => {
      expect(await storage.feedback.list({}, { limit: 5 })).toEqual({ feedback: [], cursor: null });
      const items = Array.from({ length: 60 }, (_, at) =>
        piece({
          target: (["request", "run", "thread"] as const)[at % 3]!,
          targetId: `x${at % 4}`,
          name: at % 5 === 0 ? "rare" : "good",
          receivedAt: START + at,
        }),
      );
      await storage.feedback.add(items);
      const newest = items.toReversed();
      expect(await every({}, 7)).toEqual(newest);
      expect(await every({ name: "rare" }, 5)).toEqual(newest.filter(({ name }) => name === "rare"));
      expect(await every({ target: "run", targetId: "x1" }, 2)).toEqual(
        newest.filter(({ target, targetId }) => target === "run" && targetId === "x1"),
      );
      expect(await every({ since: START + 10, until: START + 20 }, 4)).toEqual(newest.slice(40, 50));
      await storage.feedback.add([piece({})]);
      const { cursor } = await storage.feedback.list({}, { limit: 60 });
      expect(await storage.feedback.list({}, { limit: 9, cursor: cursor! })).toEqual({
        feedback: [items[0]!],
        cursor: null,
      });
    });

    test("refuses cursors that are none", async () => {
      for (const cursor of ["", "x", "bnVsbA", btoa('["run",1,"x"]'), btoa('["feedback",null,""]')])
        await expect(storage.feedback.list({}, { limit: 1, cursor })).rejects.toThrow(CursorError);
    });
  });
}
