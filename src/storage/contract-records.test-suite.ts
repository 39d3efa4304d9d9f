import { beforeEach, describe, expect, test } from "bun:test";
import type { RequestRecord, WrittenRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import { allPages } from "./contract-record-lists.test-suite.ts";
import { type Storage, StorageError } from "./interface.ts";
import { sampleRecord, sampleRecords } from "./sample-records.test-suite.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20, 9);

const bare = (record: RequestRecord): WrittenRecord => ({ record, bodies: null });

/** What every database must do with records of requests: `opened` gives each test's empty one. */
export function describeRecords(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  describe("records", () => {
    test("come back as they were written, by their id and by the request's", async () => {
      const whole = sampleRecord({
        startedAt: START,
        parentSpanId: "00f067aa0ba902b7",
        tags: ["env=production", "__proto__", "Łódź 🚋 '; DROP TABLE records; --"],
        templates: [
          {
            path: "messages[0].content[1]",
            templateId: "greeting-v2",
            version: "2",
            revision: "6f3a",
            source: "label",
            label: "staging",
            drift: true,
            problem: "Łódź \0 \u001a",
          },
          usedTemplate({ path: "system", templateId: null }),
        ],
        decisions: [
          recordedDecision({ unit: "run \0 '1'" }),
          recordedDecision({ experiment: "__proto__", variant: 1, variantName: "a/b", probability: 1 / 3 }),
        ],
        losses: ["logprobs"],
        usage: {
          input: 2 ** 53 + 2,
          cachedInput: 0,
          output: 1.5,
          reasoning: 7,
          cacheWriteInput: 9,
          cacheWrite1hInput: 8,
          audioInput: 3,
          cachedAudioInput: 2,
          audioOutput: 4,
          imageOutput: 1,
        },
        serviceTier: "flex",
        cost: { usd: 1e-9, source: "configuration", date: "2026-11-01" },
        attempts: [
          {
            target: "a/b",
            startedAt: 0.3,
            endedAt: 10.25,
            status: 503,
            error: "upstream_error",
            message: "\ud800 \0 no",
            reason: "error",
          },
          {
            target: "c/d",
            startedAt: 10.3,
            endedAt: 10.9,
            status: 200,
            error: null,
            message: null,
            reason: "content_filter",
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
      expect(await allPages(storage.records, {}, "oldest", 50)).toEqual([
        ...batch.map(({ record }) => record),
        later,
      ]);
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
      expect(
        (await allPages(storage.records, { requestId: "req_1" }, "oldest", 9)).map(
          ({ duplicate }) => duplicate,
        ),
      ).toEqual([false, true, true]);
      expect((await storage.records.get("req_1"))?.id).toBe(third!.id);
      expect([...(await storage.records.runsOf(["req_1", "req_9", "__proto__"]))]).toEqual([
        ["req_1", "run_2"],
      ]);
    });

    test("of a run come oldest first, with the one that it is named after", async () => {
      const first = sampleRecord({ startedAt: START, requestId: "run_1", runId: "run_1" });
      const others = [3, 1, 2].map((index) => sampleRecord({ startedAt: START + index, runId: "run_1" }));
      const stranger = sampleRecord({ startedAt: START, runId: "run_2" });
      await storage.records.write([...others, stranger, first].map(bare));
      const run = [first, others[1]!, others[2]!, others[0]!];
      expect(await storage.records.run("run_1", 10)).toEqual(run);
      expect(await storage.records.run("run_1", 2)).toEqual(run.slice(0, 2));
      expect(await allPages(storage.records, { runId: "run_1" }, "newest", 3)).toEqual(run.toReversed());
      expect(await storage.records.run("run_9", 10)).toEqual([]);
    });
  });
}
