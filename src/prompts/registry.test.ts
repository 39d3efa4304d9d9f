import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { keepVersions, newExperiment } from "../../test/support/experiments.ts";
import { requestRecord } from "../../test/support/records.ts";
import type { NewExperiment } from "../experiments/definition.ts";
import { ExperimentDesk } from "../experiments/desk.ts";
import { DirectAnalyst } from "../experiments/direct-analyst.ts";
import { UlidMaker } from "../lib/ulid.ts";
import { recordedDecision } from "../records/testing.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { PromptRegistry } from "./registry.ts";

let storage: Storage;
let registry: PromptRegistry;
let desk: ExperimentDesk;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
  registry = new PromptRegistry(storage);
  desk = new ExperimentDesk(storage, new DirectAnalyst(storage));
  await keepVersions(storage, ["1", "2"]);
});
afterEach(() => storage.close());

const label = (name: string, version: string | null) =>
  storage.prompts.moveLabel({ template: "greeting", label: name, version, movedAt: 1, movedBy: null });
const experiment = async (change: Partial<NewExperiment> = {}) =>
  (await desk.create(newExperiment(change), true, null)).id;

/** The same storage, whose prompts are asked through `replaced`. */
const storageWith = (replaced: Partial<Storage["prompts"]>): Pick<Storage, "prompts" | "experiments"> => ({
  experiments: storage.experiments,
  prompts: new Proxy(storage.prompts, {
    get: (store, name) => {
      const value = Reflect.get(replaced, name) ?? Reflect.get(store, name);
      return typeof value === "function" ? value.bind(store) : value;
    },
  }),
});

const NOBODY = { agentId: null, keyId: "k", keyName: "k", tags: [], model: null };
const idsOf = (runId: string) => ({ runId, threadId: null, agentId: null, requestId: "r", variables: null });
const variantOf = (run: string, of = registry) =>
  of.served("greeting")?.running?.experiment.choose(idsOf(run), NOBODY)?.decision.variantName;

describe("what is served", () => {
  test("is nothing before the first load, and where nobody said anything", async () => {
    expect(registry.served("greeting")).toBeNull();
    expect(registry.knows("greeting")).toBeFalse();
    await registry.load();
    expect(registry.served("greeting")).toBeNull();
    expect(registry.knows("greeting")).toBeTrue();
    for (const name of ["__proto__", "constructor", "nobody"]) {
      expect(registry.served(name)).toBeNull();
      expect(registry.knows(name)).toBeFalse();
    }
  });

  test("is pins, labels and running experiments, as they are at the load", async () => {
    await label("production", "2");
    await label("staging", "1");
    const id = await experiment();
    await storage.prompts.pin("greeting", "1");
    await registry.load();
    const served = registry.served("greeting")!;
    expect(served.pinned?.version).toBe("1");
    expect([...served.labels].map(([name, { version }]) => [name, version])).toEqual([
      ["production", "2"],
      ["staging", "1"],
    ]);
    expect(served.running?.versions.map((version) => version?.version)).toEqual(["1", "2"]);
    expect(registry.hasRunning).toBeTrue();
    await label("staging", null);
    await storage.prompts.pin("greeting", null);
    await desk.pause(id, null);
    await registry.load();
    expect(registry.served("greeting")).toMatchObject({ pinned: null, running: null });
    expect([...registry.served("greeting")!.labels.keys()]).toEqual(["production"]);
    expect(registry.hasRunning).toBeFalse();
  });

  test("is nothing of an archived template", async () => {
    await label("production", "2");
    await storage.prompts.archive("greeting", null, 5);
    await registry.load();
    expect(registry.served("greeting")).toBeNull();
    expect(registry.knows("greeting")).toBeFalse();
    expect(await registry.named("greeting", "1")).toBeNull();
  });

  test("stays as it was while the storage fails", async () => {
    await label("production", "2");
    await registry.load();
    await storage.close();
    expect(registry.load()).rejects.toBeInstanceOf(StorageError);
    expect(registry.served("greeting")?.labels.get("production")?.version).toBe("2");
    storage = await openStorage("sqlite::memory:", "/");
  });

  test("is read once: a version never changes", async () => {
    let reads = 0;
    const version: Storage["prompts"]["version"] = (...names) => {
      reads++;
      return storage.prompts.version(...names);
    };
    const counting = new PromptRegistry(storageWith({ version }));
    await label("production", "2");
    await counting.load();
    await label("staging", "2");
    await counting.load();
    expect(reads).toBe(1);
  });
});

describe("a version that is named", () => {
  test("is asked for once, by however many requests", async () => {
    let reads = 0;
    const version: Storage["prompts"]["version"] = (...names) => {
      reads++;
      return storage.prompts.version(...names);
    };
    const counting = new PromptRegistry(storageWith({ version }));
    const asked = (name: string) => Array.from({ length: 50 }, () => counting.named("greeting", name));
    expect(new Set((await Promise.all(asked("1"))).map((one) => one?.version))).toEqual(new Set(["1"]));
    expect(new Set(await Promise.all(asked("9")))).toEqual(new Set([null]));
    await Promise.all([...asked("1"), ...asked("9")]);
    expect(reads).toBe(2);
  });

  test("is looked for again when it was not there, after a moment", async () => {
    expect(await registry.named("greeting", "3")).toBeNull();
    await keepVersions(storage, ["3"]);
    await Bun.sleep(1_050);
    expect((await registry.named("greeting", "3"))?.version).toBe("3");
  });

  test("is not served once a load knows that it was archived, also by a look that began before", async () => {
    const gone = Promise.withResolvers<void>();
    const version: Storage["prompts"]["version"] = async (...names) => {
      const found = await storage.prompts.version(...names);
      await gone.promise;
      return found;
    };
    const slow = new PromptRegistry(storageWith({ version }));
    const early = slow.named("greeting", "1");
    await storage.prompts.archive("greeting", "1", 5);
    await slow.load();
    gone.resolve();
    expect((await early)?.version).toBe("1");
    expect(await slow.named("greeting", "1")).toBeNull();
  });

  test("is told as a failure while the storage is away, to all who ask", async () => {
    await storage.close();
    const asked = [registry.named("greeting", "1"), registry.named("greeting", "1")];
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    storage = await openStorage("sqlite::memory:", "/");
  });
});

describe("units of an experiment", () => {
  const ulids = new UlidMaker();
  const decide = (id: string, unit: string, variant: number, epoch: number) =>
    storage.records.write([
      {
        record: requestRecord({
          id: ulids.next(Date.now()),
          startedAt: Date.now(),
          runId: unit,
          decisions: [
            recordedDecision({
              experiment: id,
              variant,
              variantName: ["plain", "warm"][variant]!,
              epoch,
              unit,
            }),
          ],
        }),
        bodies: null,
      },
    ]);

  test("have the same variant in every process", async () => {
    await experiment();
    const other = new PromptRegistry(storage);
    await Promise.all([registry.load(), other.load()]);
    const runs = Array.from({ length: 200 }, (_, i) => `run-${i}`);
    const variants = runs.map((run) => variantOf(run));
    expect(runs.map((run) => variantOf(run, other))).toEqual(variants);
    expect(new Set(variants)).toEqual(new Set(["plain", "warm"]));
  });

  test("keep what another process decided, once an epoch moves their chances", async () => {
    const id = await experiment();
    await registry.load();
    const runs = Array.from({ length: 100 }, (_, i) => `run-${i}`);
    const other = new PromptRegistry(storage);
    await other.load();
    // The other process has decided them all, and recorded it.
    const before = runs.map((run) => variantOf(run, other));
    for (const [at, run] of runs.entries()) await decide(id, run, before[at] === "warm" ? 1 : 0, 0);
    await storage.experiments.addEpoch(id, {
      number: 1,
      startedAt: Date.now(),
      probabilities: [0.02, 0.98],
      centre: 0,
    });
    await registry.load();
    expect(runs.map((run) => variantOf(run))).toEqual(before);
    const fresh = Array.from({ length: 100 }, (_, i) => variantOf(`fresh-${i}`));
    expect(fresh.filter((variant) => variant === "warm").length).toBeGreaterThan(85);
  });
});
