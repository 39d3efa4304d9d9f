import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordedDecision } from "../../../test/support/records.ts";
import { ExperimentReader } from "../experiments/reader.ts";
import { openStorage } from "../open.ts";
import type { ReadableDatabase } from "../readable.ts";
import type { Value } from "../records/condition.ts";
import { sampleRecord } from "../sample-records.test-suite.ts";

const START = Date.UTC(2026, 10, 22, 12);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-experiments-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How SQLite goes about what `ask` asks, step by step. */
async function plansOf(path: string, ask: (reader: ExperimentReader) => Promise<unknown>): Promise<string[]> {
  const db = new Database(path, { readonly: true });
  const steps: string[] = [];
  const watched: ReadableDatabase = {
    schema: "",
    join: "CROSS JOIN",
    rows: async <Row>(sql: string, values: readonly Value[]) => {
      const plan = db.query<{ detail: string }, Value[]>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      steps.push(...plan.map(({ detail }) => detail));
      return db.query<Row, Value[]>(sql).all(...values);
    },
  };
  await ask(new ExperimentReader(watched));
  db.close();
  return steps;
}

describe("experiments in SQLite", () => {
  const path = () => join(folder, "plans.db");
  beforeAll(async () => {
    const storage = await openStorage(`sqlite:${path()}`, folder);
    const record = sampleRecord({ startedAt: START, decisions: [recordedDecision()] });
    await storage.records.write([{ record, bodies: null }]);
    const piece = { name: "correct", value: true, comment: null, source: null, keyId: null };
    await storage.feedback.add([
      { ...piece, id: "1", target: "request", targetId: record.requestId, receivedAt: START },
    ]);
    await storage.close();
  });

  test("find what feedback is about by its target, so that it takes no longer the more there is", async () => {
    const steps = await plansOf(path(), (reader) => reader.judged("greeting-1", "correct", { limit: 10 }));
    expect(steps.filter((step) => step.startsWith("SEARCH d "))).toEqual([
      "SEARCH d USING INDEX experiment_decisions_by_request (experiment=? AND request_id=?)",
      "SEARCH d USING INDEX experiment_decisions_by_run (experiment=? AND run_id=?)",
      "SEARCH d USING INDEX experiment_decisions_by_thread (experiment=? AND thread_id=?)",
    ]);
    expect(steps).toContain(
      "SEARCH feedback USING INDEX feedback_by_time (name=? AND received_at>? AND received_at<?)",
    );
    expect(steps.filter((step) => /AUTOMATIC|SCAN (?!p$|judged$)/.test(step))).toEqual([]);
  });

  test("read their requests in the order of an index", async () => {
    const pages = await plansOf(path(), (reader) => reader.decided("greeting-1", { limit: 10 }));
    const units = await plansOf(path(), (reader) => reader.unitDecisions("greeting-1", 0, 10));
    expect(pages).toEqual([
      "SEARCH experiment_decisions USING INDEX experiment_decisions_by_experiment (experiment=? AND rowid>?)",
    ]);
    expect(units).toEqual([
      expect.stringContaining("USING INDEX experiment_decisions_by_time (experiment=?"),
    ]);
  });
});

test("what records of variants are found by goes with them", async () => {
  const path = join(folder, "pruned.db");
  const storage = await openStorage(`sqlite:${path}`, folder);
  const records = [0, 86_400_000].map((later) =>
    sampleRecord({
      startedAt: START + later,
      decisions: [recordedDecision(), recordedDecision({ experiment: "__proto__", variantName: "a/'\0" })],
    }),
  );
  await storage.records.write(records.map((record) => ({ record, bodies: null })));
  await storage.records.prune({ before: START + 1, bodiesBefore: 0, maxBodyBytes: 0, limit: 10 });
  const db = new Database(path, { readonly: true });
  expect(db.query("SELECT variant, record_id AS id FROM record_variants ORDER BY variant").all()).toEqual([
    { variant: "__proto__/a/'\0", id: records[1]!.id },
    { variant: "greeting-1/plain", id: records[1]!.id },
  ]);
  db.close();
  await storage.close();
});
