import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordedDecision, usedTemplate } from "../../records/testing.ts";
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

test("several processes on one file overlap nowhere and lose nothing", async () => {
  const rounds = 15;
  const script = `
    const { openStorage } = await import(${JSON.stringify(join(import.meta.dir, "../open.ts"))});
    const { prompts, experiments, close } = await openStorage("sqlite:shared.db", ".").then((storage) => ({
      prompts: storage.prompts, experiments: storage.experiments, close: () => storage.close() }));
    const count = { created: 0, overlaps: 0, epochs: 0, leads: 0 };
    const event = { at: 1, kind: "created", variant: null, detail: "", by: null };
    for (let round = 0; round < ${rounds}; round++) {
      const template = String(round);
      const experiment = { id: round + "-" + process.pid, template, status: "running", revision: 1 };
      count[await experiments.create(experiment, event)]++;
      if (await experiments.addEpoch(template, { number: 1, startedAt: process.pid, probabilities: [1], centre: 0 }))
        count.epochs++;
      await prompts.moveLabel({ template, label: "production", version: String(process.pid), movedAt: 1, movedBy: null });
    }
    if (await experiments.lead(String(process.pid), 1000, 2000)) count.leads++;
    await close();
    console.log(JSON.stringify(count));`;
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, "-e", script], { cwd: folder, stdout: "pipe", stderr: "inherit" }),
  );
  const outputs = await Promise.all(children.map((child) => new Response(child.stdout).text()));
  const counts = outputs.map((output): Record<string, number> => JSON.parse(output));
  const sum = (name: string) => counts.reduce((total, count) => total + count[name]!, 0);
  expect(["created", "overlaps", "epochs", "leads"].map(sum)).toEqual([rounds, 3 * rounds, rounds, 1]);
  const storage = await openStorage("sqlite:shared.db", folder);
  expect(await storage.experiments.list()).toHaveLength(rounds);
  const histories = (await storage.prompts.labels()).map(({ history }) => history.length);
  expect(histories).toEqual(Array(rounds).fill(4));
  await storage.close();
}, 30_000);

test("what records of versions and variants are found by goes with them", async () => {
  const path = join(folder, "pruned.db");
  const storage = await openStorage(`sqlite:${path}`, folder);
  const records = [0, 86_400_000].map((later) =>
    sampleRecord({
      startedAt: START + later,
      templates: [
        usedTemplate({ templateId: "greeting-v1", version: "2" }),
        usedTemplate({ templateId: "greeting", version: "2" }),
        usedTemplate({ templateId: "greeting", version: null }),
      ],
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
  expect(db.query("SELECT version, record_id AS id FROM record_versions").all()).toEqual([
    { version: "greeting-v2", id: records[1]!.id },
  ]);
  db.close();
  await storage.close();
});
