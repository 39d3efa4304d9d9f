import { beforeEach, describe, expect, test } from "bun:test";
import type { RecordedDecision } from "../records/decision.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision } from "../records/testing.ts";
import type { DecidedRequest, Judgement } from "./experiment-store.ts";
import type { Feedback } from "./feedback-store.ts";
import { CursorError, type Storage } from "./interface.ts";
import { sampleRecord } from "./sample-records.test-suite.ts";

const START = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;
const ODD = "a\0b\u001a0 🚋 '%";

/** A request that began so many milliseconds after the start, for which `greeting-1` has decided. */
function decidedRecord(
  at: number,
  change: Partial<Omit<RequestRecord, "decisions">> & { readonly decision?: Partial<RecordedDecision> } = {},
): RequestRecord {
  const { decision, ...rest } = change;
  return sampleRecord({ startedAt: START + at, decisions: [recordedDecision(decision)], ...rest });
}

let pieces = 0;
function feedback(
  change: Partial<Feedback> & Pick<Feedback, "targetId"> & { readonly at?: number },
): Feedback {
  const { at = 10_000, ...rest } = change;
  return {
    id: `fb_${pieces++}`,
    target: "request",
    name: "correct",
    value: true,
    comment: null,
    source: null,
    keyId: "key_1",
    receivedAt: START + at,
    ...rest,
  };
}

/** What every database must do with what records say of experiments: `opened` gives each test's empty one. */
export function describeDecisions(opened: () => Storage): void {
  let storage: Storage;
  let experiments: Storage["experiments"];
  beforeEach(() => {
    storage = opened();
    experiments = storage.experiments;
  });

  const write = (...records: readonly RequestRecord[]) =>
    storage.records.write(records.map((record) => ({ record, bodies: null })));

  /** All, page by page. */
  async function decided(id: string, limit = 100): Promise<DecidedRequest[]> {
    const all: DecidedRequest[] = [];
    let page = await experiments.decided(id, { limit });
    for (;;) {
      expect(page.requests.length).toBeLessThanOrEqual(limit);
      all.push(...page.requests);
      if (page.cursor === null) return all;
      expect(page.requests).toHaveLength(limit);
      page = await experiments.decided(id, { limit, cursor: page.cursor });
    }
  }

  async function judged(id: string, name = "correct", limit = 100): Promise<Judgement[]> {
    const all: Judgement[] = [];
    let page = await experiments.judged(id, name, { limit });
    for (;;) {
      all.push(...page.judgements);
      if (page.cursor === null) return all;
      page = await experiments.judged(id, name, { limit, cursor: page.cursor });
    }
  }
  const values = async (id = "greeting-1", name = "correct") =>
    (await judged(id, name)).map(({ value }) => value);

  describe("decided requests", () => {
    test("are none at first", async () => {
      await write(sampleRecord({ startedAt: START }));
      expect(await experiments.decided("greeting-1", { limit: 10 })).toEqual({ requests: [], cursor: null });
      expect(await experiments.judged("greeting-1", "correct", { limit: 10 })).toEqual({
        judgements: [],
        cursor: null,
      });
      expect(await experiments.unitDecisions("greeting-1", 0, 10)).toEqual(new Map());
    });

    test("are told as their records say", async () => {
      const good = decidedRecord(0, {
        model: "echo",
        agentId: ODD,
        runId: "run-1",
        threadId: "T-1",
        cost: { usd: 0.125, source: "configuration", date: null },
        durationMs: 12.5,
        firstTokenMs: 8.25,
        usage: { input: 1, output: 7 },
        finish: "stop",
        decision: { variant: 1, epoch: 3, probability: 1 / 3, unit: ODD },
      });
      const bad = decidedRecord(1, {
        model: null,
        cost: null,
        durationMs: 3,
        firstTokenMs: null,
        usage: null,
        finish: null,
        status: 502,
        error: "upstream_error",
        category: "upstream-failed",
        decision: { unit: "" },
      });
      await write(good, bad);
      expect(await decided("greeting-1")).toEqual([
        {
          unit: ODD,
          variant: 1,
          epoch: 3,
          probability: 1 / 3,
          startedAt: START,
          model: "echo",
          agentId: ODD,
          costUsd: 0.125,
          durationMs: 12.5,
          firstTokenMs: 8.25,
          outputTokens: 7,
          failed: false,
          finish: "stop",
        },
        {
          unit: "",
          variant: 0,
          epoch: 1,
          probability: 0.5,
          startedAt: START + 1,
          model: null,
          agentId: null,
          costUsd: null,
          durationMs: 3,
          firstTokenMs: null,
          outputTokens: null,
          failed: true,
          finish: null,
        },
      ]);
    });

    test("come page by page in the order in which they were recorded, each in its own experiments", async () => {
      const decisions = (unit: string) =>
        ["greeting-1", "__proto__"].map((experiment) => ({ experiment, unit }));
      for (const [index, at] of [5, 3, 9, 1, 7].entries())
        await write(
          sampleRecord({ startedAt: START }),
          sampleRecord({
            startedAt: START + at,
            decisions: decisions(String(index)).map(recordedDecision),
          }),
          decidedRecord(at, { decision: { experiment: "greeting-2" } }),
        );
      for (const limit of [1, 2, 4, 5, 6])
        for (const id of ["greeting-1", "__proto__"])
          expect((await decided(id, limit)).map(({ unit }) => unit)).toEqual(["0", "1", "2", "3", "4"]);
      expect(await decided("greeting-2")).toHaveLength(5);
      expect(await decided("greeting")).toEqual([]);
      const first = await experiments.decided("greeting-1", { limit: 2 });
      await write(decidedRecord(0, { decision: { unit: "5" } }));
      const rest = await experiments.decided("greeting-1", { limit: 9, cursor: first.cursor ?? -1 });
      expect(rest.requests.map(({ unit }) => unit)).toEqual(["2", "3", "4", "5"]);
    });

    test("count once, however often they are written or their id is used", async () => {
      const record = decidedRecord(0, { requestId: "req_1" });
      await write(record, record);
      await write(record);
      const twice = decidedRecord(1, { requestId: "req_2", decision: { unit: "first" } });
      const duplicate = decidedRecord(2, { requestId: "req_2", decision: { unit: "second" } });
      await write(twice, duplicate);
      await write(decidedRecord(3, { requestId: "req_1", decision: { unit: "third" } }));
      expect((await decided("greeting-1")).map(({ unit }) => unit)).toEqual(["run-1", "first"]);
      const shown = await storage.records.list(
        { variant: "greeting-1/plain" },
        { order: "oldest", limit: 9 },
      );
      expect(shown.records).toHaveLength(4);
    });

    test("get other costs with their records", async () => {
      const records = [0, 1, 2].map((at) => decidedRecord(at));
      await write(...records);
      const [a, b] = records.map(({ id }) => id);
      const cost = { usd: 8, source: "configuration", date: null };
      await storage.records.setCosts(
        new Map([
          [a!, cost],
          [b!, null],
        ]),
      );
      expect((await decided("greeting-1")).map(({ costUsd }) => costUsd)).toEqual([8, null, 0.001]);
    });

    test("outlive their records, and what is written once more does not count again", async () => {
      const old = decidedRecord(0);
      const later = decidedRecord(2 * DAY);
      await write(old, later);
      await storage.feedback.add([feedback({ targetId: old.requestId })]);
      const bounds = { before: START + DAY, bodiesBefore: 0, maxBodyBytes: 0, limit: 100 };
      expect((await storage.records.prune(bounds)).records).toBe(1);
      expect(await storage.records.get(old.id)).toBeNull();
      expect(await decided("greeting-1")).toHaveLength(2);
      expect(await values()).toEqual([true]);
      const ofVariant = await storage.records.list(
        { variant: "greeting-1/plain" },
        { order: "oldest", limit: 9 },
      );
      expect(ofVariant.records.map(({ id }) => id)).toEqual([later.id]);
      await write(old);
      expect(await decided("greeting-1")).toHaveLength(2);
    });
  });

  describe("judgements", () => {
    test("are what is said of a request, its run or its thread", async () => {
      const alone = decidedRecord(0, { decision: { unit: "alone" } });
      const inRun = decidedRecord(1, { runId: "run-1", decision: { unit: "run-1", variant: 1, epoch: 2 } });
      const inThread = decidedRecord(2, { threadId: "T-1", decision: { unit: "T-1" } });
      await write(alone, inRun, inThread, sampleRecord({ startedAt: START, requestId: "req_other" }));
      await storage.feedback.add([
        feedback({ targetId: alone.requestId, value: true }),
        feedback({ targetId: inRun.requestId, value: -0.5 }),
        feedback({ target: "run", targetId: "run-1", value: "Łódź 🚋 {" }),
        feedback({ target: "thread", targetId: "T-1", value: false }),
        // A request of no run is a run of its own.
        feedback({ target: "run", targetId: alone.requestId, value: 0 }),
        feedback({ target: "run", targetId: "T-1" }),
        feedback({ target: "thread", targetId: "run-1" }),
        feedback({ target: "request", targetId: "run-1" }),
        feedback({ targetId: "req_other" }),
        feedback({ targetId: "req_none" }),
      ]);
      const of = (record: RequestRecord, value: Judgement["value"]) => {
        const { unit, variant, epoch } = record.decisions[0]!;
        return { unit, variant, epoch, startedAt: record.startedAt, value };
      };
      expect(await judged("greeting-1")).toEqual([
        of(alone, true),
        of(inRun, -0.5),
        of(inRun, "Łódź 🚋 {"),
        of(inThread, false),
        of(alone, 0),
      ]);
    });

    test("are those of the name, and no corrections", async () => {
      const record = decidedRecord(0);
      await write(record);
      const { requestId: targetId } = record;
      await storage.feedback.add([
        feedback({ targetId, value: 1 }),
        feedback({ targetId, value: { correction: "It is 42." } }),
        feedback({ targetId, value: 2, name: "Correct" }),
        feedback({ targetId, value: "", name: ODD }),
        feedback({ targetId, value: "[{" }),
      ]);
      expect(await values()).toEqual([1, "[{"]);
      expect(await values("greeting-1", ODD)).toEqual([""]);
      expect(await values("greeting-1", "corr%")).toEqual([]);
      expect(await values("greeting-2")).toEqual([]);
    });

    test("of a run or thread are of the requests that had begun by then", async () => {
      const requests = [0, 10, 20].map((at) =>
        decidedRecord(at, { runId: "run-1", threadId: "T-1", decision: { unit: `unit-${at}` } }),
      );
      await write(...requests);
      await storage.feedback.add([
        feedback({ target: "run", targetId: "run-1", at: -1, value: "before" }),
        feedback({ target: "run", targetId: "run-1", at: 10, value: "run" }),
        feedback({ target: "thread", targetId: "T-1", at: 19, value: "thread" }),
        // Whoever names a request means it, whatever the clocks say.
        feedback({ targetId: requests[2]!.requestId, at: -1, value: "request" }),
      ]);
      expect((await judged("greeting-1")).map(({ unit, value }) => [unit, value])).toEqual([
        ["unit-20", "request"],
        ["unit-0", "run"],
        ["unit-10", "run"],
        ["unit-0", "thread"],
        ["unit-10", "thread"],
      ]);
    });

    test("count once for a unit, from its first request on, and for each variant that it had", async () => {
      const request = (at: number, decision: Partial<RecordedDecision>) =>
        decidedRecord(at, { runId: "run-1", decision });
      await write(
        request(5, {}),
        request(3, {}),
        request(7, {}),
        request(8, { variant: 1 }),
        request(9, { variant: 1, epoch: 2 }),
        request(4, { unit: "another" }),
      );
      await storage.feedback.add([
        feedback({ target: "run", targetId: "run-1", at: 4 }),
        feedback({ target: "run", targetId: "run-1", at: 100, value: false }),
      ]);
      const facts = (await judged("greeting-1")).map((one) => [
        one.unit,
        one.variant,
        one.epoch,
        one.startedAt - START,
        one.value,
      ]);
      expect(facts).toEqual([
        ["run-1", 0, 1, 3, true],
        ["another", 0, 1, 4, true],
        ["run-1", 0, 1, 3, false],
        ["another", 0, 1, 4, false],
        ["run-1", 1, 1, 8, false],
        ["run-1", 1, 2, 9, false],
      ]);
    });

    test("come page by page, by the time they were received, late ones too", async () => {
      const records = Array.from({ length: 7 }, (_, index) => decidedRecord(index));
      await write(...records);
      const received = [30, 10, 20, 20, 50, 40, 20];
      for (const [index, at] of received.entries())
        await storage.feedback.add([
          feedback({ targetId: records[index]!.requestId, at, value: index }),
          feedback({ targetId: "req_other", at }),
          feedback({ targetId: records[index]!.requestId, at, name: "other" }),
        ]);
      for (const limit of [1, 2, 3, 7, 14, 5_000])
        expect((await judged("greeting-1", "correct", limit)).map(({ value }) => value)).toEqual([
          1, 2, 3, 6, 0, 5, 4,
        ]);
      const page = await experiments.judged("greeting-1", "correct", { limit: 14 });
      expect(page.cursor).toBeNull();
      await expect(
        experiments.judged("greeting-1", "correct", { limit: 1, cursor: 10 ** 9 }),
      ).rejects.toThrow(CursorError);
    });

    test("are all there where they are thousands", async () => {
      const records = Array.from({ length: 2_500 }, (_, index) =>
        decidedRecord(index, { decision: { unit: String(index) } }),
      );
      await write(...records);
      await storage.feedback.add(
        records.map(({ requestId }, index) => feedback({ targetId: requestId, value: index })),
      );
      const found = await judged("greeting-1", "correct", 5_000);
      expect(found.map(({ value }) => value)).toEqual(records.map((_, index) => index));
      expect(found.every(({ unit, value }) => unit === String(value))).toBe(true);
    });
  });

  describe("what was decided for units", () => {
    test("is told by what was decided last, of those that had requests since", async () => {
      const request = (at: number, decision: Partial<RecordedDecision>) => decidedRecord(at, { decision });
      await write(
        request(50, { unit: "b", epoch: 2, variant: 1, probability: 0.25 }),
        request(10, { unit: "a" }),
        request(30, { unit: ODD }),
        request(20, { unit: "b" }),
        request(40, { unit: "__proto__" }),
        request(60, { unit: "c", experiment: "greeting-2" }),
      );
      const first = { variant: 0, epoch: 1, probability: 0.5 };
      const b = { variant: 1, epoch: 2, probability: 0.25 };
      const units = async (since: number, limit: number) => [
        ...(await experiments.unitDecisions("greeting-1", START + since, limit)),
      ];
      expect(await units(0, 10)).toEqual([
        ["b", b],
        ["__proto__", first],
        [ODD, first],
        ["a", first],
      ]);
      expect(await units(30, 10)).toEqual([
        ["b", b],
        ["__proto__", first],
        [ODD, first],
      ]);
      expect(await units(0, 2)).toEqual([
        ["b", b],
        ["__proto__", first],
      ]);
      expect(await units(51, 10)).toEqual([]);
    });

    test("is told of thousands", async () => {
      const records = Array.from({ length: 12_000 }, (_, index) =>
        decidedRecord(Math.floor(index / 10), {
          decision: { unit: String(index % 6_000), epoch: Math.floor(index / 6_000) },
        }),
      );
      for (let at = 0; at < records.length; at += 2_000) await write(...records.slice(at, at + 2_000));
      const found = await experiments.unitDecisions("greeting-1", START, 5_500);
      expect(found.size).toBe(5_500);
      expect([...found.keys()].slice(0, 2)).toEqual(["5999", "5998"]);
      expect([...found.values()].every(({ epoch }) => epoch === 1)).toBe(true);
      expect((await experiments.unitDecisions("greeting-1", START, 10_000)).size).toBe(6_000);
    });

    test("are pruned by their age where they are routes', and by their experiment's end", async () => {
      const of = (experiment: string, at: number) => decidedRecord(at, { decision: { experiment } });
      await write(of("route:a:1", 0), of("route:a:1", 1), of("route:b:2", 2), of("greeting-1", 0));
      const count = async (id: string) => (await experiments.decided(id, { limit: 9 })).requests.length;
      const bounds = { routesBefore: START + 2, endedBefore: START + DAY, limit: 1 };
      expect(await experiments.prune(bounds)).toBe(1);
      expect(await experiments.prune({ ...bounds, limit: 9 })).toBe(1);
      expect(await experiments.prune(bounds)).toBe(0);
      expect([await count("route:a:1"), await count("route:b:2"), await count("greeting-1")]).toEqual([
        0, 1, 1,
      ]);
    });
  });
}
