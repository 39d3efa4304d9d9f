import { expect, test } from "bun:test";
import { testDatabases } from "../../../test/support/postgres.ts";
import type { TemplateVersion } from "../../prompts/template.ts";
import { recordedDecision, usedTemplate } from "../../records/testing.ts";
import type { KeptExperiment } from "../experiment-store.ts";
import type { Storage } from "../interface.ts";
import { openStorage } from "../open.ts";
import { sampleRecord } from "../sample-records.test-suite.ts";

const START = Date.UTC(2026, 10, 20, 22);
const databases = testDatabases();

/** Some gateways on one database, four calls of each at once. */
async function atOnce<Result>(work: (storage: Storage, index: number) => Promise<Result>): Promise<Result[]> {
  const url = await databases.emptied();
  const gateways = await Promise.all(Array.from({ length: 3 }, () => openStorage(url, ".")));
  const calls = Array.from({ length: 12 }, (_, index) => work(gateways[index % 3]!, index));
  const results = await Promise.all(calls);
  await Promise.all(gateways.map((gateway) => gateway.close()));
  return results;
}

const times = (results: readonly unknown[], wanted: unknown) =>
  results.filter((result) => result === wanted).length;

function version(change: Partial<TemplateVersion> = {}): TemplateVersion {
  return {
    template: "greeting",
    version: "1",
    revision: "one",
    messages: [{ role: null, text: "Hello {{ name }}!" }],
    model: null,
    parameters: {},
    variables: ["name"],
    source: "traffic",
    createdAt: START,
    archivedAt: null,
    ...change,
  };
}

function experiment(id: string): KeptExperiment {
  return {
    id,
    template: "greeting",
    variants: ["1", "2"].map((name) => ({ name, version: name })),
    unit: "run",
    contexts: {},
    outside: 0,
    allocation: { kind: "fixed", weights: [1, 1] },
    metric: { name: "good", kind: "boolean" },
    direction: "maximize",
    guardrails: [],
    errorRate: 0.05,
    tolerance: 0,
    status: "running",
    description: "",
    whenDecided: "propose",
    label: "production",
    createdAt: START,
    startedAt: START,
    endedAt: null,
    promotion: null,
    revision: 1,
  };
}

const CREATED = { at: START, kind: "created", variant: null, detail: "Created.", by: null } as const;

test("of gateways that add versions at once one adds each, and the others find it there", async () => {
  const results = await atOnce((storage, index) =>
    storage.prompts.add(version({ revision: index < 6 ? "one" : "other" })),
  );
  expect(times(results, "added")).toBe(1);
  expect(times(results, "kept")).toBe(5);
  expect(times(results, "conflict")).toBe(6);
});

test("gateways that capture the same at once keep it once, and no more than the limits together", async () => {
  const results = await atOnce((storage, index) =>
    storage.prompts.capture(
      [version(), version({ revision: `own ${index}` }), version({ template: `other ${index}` })],
      { most: 5, mostTemplates: 4 },
    ),
  );
  const sum = (name: "added" | "refused") => results.reduce((all, result) => all + result[name], 0);
  expect({ added: sum("added"), refused: sum("refused") }).toEqual({ added: 5 + 3, refused: 8 + 9 });
});

test("of experiments that gateways begin on one template at once one runs; one leads them, and each epoch is one's", async () => {
  const begun = await atOnce((storage, index) =>
    storage.experiments.create(experiment(`e${index}`), CREATED),
  );
  expect([times(begun, "created"), times(begun, "overlaps")]).toEqual([1, 11]);
  const changed = await atOnce(async (storage) => {
    await storage.experiments.create({ ...experiment("e"), status: "paused" }, CREATED);
    return storage.experiments.change({ ...experiment("e"), revision: 2 }, []);
  });
  expect([times(changed, "changed"), times(changed, "stale")]).toEqual([1, 11]);
  const leading = await atOnce((storage, index) =>
    storage.experiments.lead(`gateway ${index}`, START, START + 1000),
  );
  expect(times(leading, true)).toBe(1);
  const epoch = { number: 1, startedAt: START, probabilities: [0.5, 0.5], centre: 0 };
  const added = await atOnce((storage) => storage.experiments.addEpoch("e", epoch));
  expect(times(added, true)).toBe(1);
});

test("a database of the version before gets what is missing, and tells what its records have", async () => {
  const url = await databases.emptied();
  const first = await openStorage(url, ".");
  const old = sampleRecord({ startedAt: START, templates: [usedTemplate({ path: "system" })] });
  await first.records.write([{ record: old, bodies: null }]);
  await first.close();
  await databases.run(url, TO_VERSION_3);
  await databases.run(
    url,
    `UPDATE amsterdam.records SET templates = '[{"path":"system","templateId":"greeting"}]'`,
  );
  const storage = await openStorage(url, ".");
  const next = sampleRecord({ startedAt: START + 1, decisions: [recordedDecision()] });
  await storage.records.write([{ record: next, bodies: null }]);
  expect(await storage.records.get(old.id)).toEqual(old);
  expect(await storage.records.get(next.id)).toEqual(next);
  expect((await storage.experiments.decided("greeting-1", { limit: 5 })).requests).toHaveLength(1);
  await storage.close();
});

const TO_VERSION_3 = `DO $$ BEGIN
  DROP TABLE amsterdam.prompt_templates, amsterdam.prompt_versions, amsterdam.prompt_label_moves,
    amsterdam.experiments, amsterdam.experiment_events, amsterdam.experiment_epochs,
    amsterdam.experiment_decisions, amsterdam.experiment_leader, amsterdam.gateway_routes;
  DROP INDEX amsterdam.feedback_by_time;
  ALTER TABLE amsterdam.records DROP COLUMN decisions, DROP COLUMN choice;
  DELETE FROM amsterdam.revisions WHERE name IN ('prompts', 'experiments', 'routes');
  UPDATE amsterdam.schema_version SET version = 3;
END $$`;

test("what was decided outlives the day of its records, and a record that comes twice is counted once", async () => {
  const storage = await openStorage(await databases.emptied(), ".");
  const record = sampleRecord({ startedAt: START, decisions: [recordedDecision()] });
  const repeated = sampleRecord({
    startedAt: START + 1,
    requestId: record.requestId,
    decisions: [recordedDecision()],
  });
  const write = () => storage.records.write([record, repeated].map((one) => ({ record: one, bodies: null })));
  await write();
  await write();
  const before = START + 3 * 86_400_000;
  expect(await storage.records.prune({ before, bodiesBefore: before, maxBodyBytes: 0, limit: 9 })).toEqual({
    records: 2,
    bodies: 0,
  });
  await write();
  const { requests } = await storage.experiments.decided("greeting-1", { limit: 5 });
  expect(requests).toMatchObject([{ unit: "run-1", startedAt: START, costUsd: 0.001 }]);
  await storage.close();
});
