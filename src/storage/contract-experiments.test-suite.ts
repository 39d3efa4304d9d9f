import { beforeEach, describe, expect, test } from "bun:test";
import type { Epoch } from "../experiments/experiment.ts";
import type { ExperimentEvent, KeptExperiment } from "./experiment-store.ts";
import { type Storage, StorageError } from "./interface.ts";
import { sampleRecord } from "./sample-records.test-suite.ts";

function experiment(change: Partial<KeptExperiment> = {}): KeptExperiment {
  return {
    id: "greeting-1",
    template: "greeting",
    variants: [
      { name: "plain", version: "1" },
      { name: "kind", version: "2" },
    ],
    unit: "run",
    contexts: {},
    outside: 0,
    allocation: { kind: "fixed", weights: [1, 1] },
    metric: { name: "correct", kind: "boolean" },
    direction: "maximize",
    guardrails: [],
    errorRate: 0.05,
    tolerance: 0,
    status: "draft",
    description: "",
    whenDecided: "propose",
    label: "production",
    createdAt: 1_000,
    startedAt: null,
    endedAt: null,
    promotion: null,
    revision: 1,
    ...change,
  };
}

const EVERYTHING = experiment({
  id: "__proto__",
  template: "Łódź 🚋 '\0",
  variants: [
    {
      name: "plain",
      version: "1.2321beta5",
      model: "openai/gpt-5.2",
      route: "fast",
      parameters: JSON.parse('{"temperature":0.1,"__proto__":[null,{"a\\u0000":"\\ud800"}]}'),
    },
    { name: "%", version: "2", switchedOff: "It fails more often than 2 % of the time." },
  ],
  unit: "variable:__proto__",
  contexts: { agents: ["a", ""], keys: ["key_1"], tags: ["env=production"], models: [] },
  outside: 1 / 3,
  allocation: { kind: "thompson", minimumShare: 0.05 },
  metric: { name: "rating", kind: "bounded", min: -1e-300, max: 5 },
  direction: "minimize",
  guardrails: [{ metric: { name: "cost", kind: "number" }, bound: "at_most", limit: 0.1 }],
  tolerance: 0.001,
  status: "ended",
  description: "Łódź 🚋 \u2028\u0000\u001a0\ud800".repeat(100_000),
  whenDecided: "promote",
  label: "staging",
  createdAt: Date.UTC(2026, 10, 22),
  startedAt: Date.UTC(2026, 10, 23),
  endedAt: Date.UTC(2026, 10, 24),
  promotion: { variant: 1, label: "staging", previousVersion: null, at: 7, by: null },
  revision: 3,
});

function event(change: Partial<ExperimentEvent> = {}): ExperimentEvent {
  return { at: 1_000, kind: "created", variant: null, detail: "Created.", by: "key_1", ...change };
}

function epoch(change: Partial<Epoch> = {}): Epoch {
  return { number: 1, startedAt: 1_000, probabilities: [0.5, 0.5], centre: 0.5, ...change };
}

/** What every database must do with experiments: `opened` gives each test's empty one. */
export function describeExperiments(opened: () => Storage): void {
  let storage: Storage;
  let experiments: Storage["experiments"];
  beforeEach(() => {
    storage = opened();
    experiments = storage.experiments;
  });

  /** Whether work moves the revision on. */
  const moves = async (work: () => Promise<unknown>) => {
    const before = await storage.revision();
    await work();
    return (await storage.revision()) !== before;
  };

  describe("experiments", () => {
    test("are none at first", async () => {
      expect(await experiments.list()).toEqual([]);
      expect(await experiments.get("greeting-1")).toBeNull();
      expect(await experiments.events("greeting-1")).toEqual([]);
      expect(await experiments.epochs("greeting-1")).toEqual([]);
      expect(await experiments.newestEpochs(["greeting-1"])).toEqual(new Map());
    });

    test("come back as they were kept, the newest first whatever the clock said", async () => {
      const first = experiment({ createdAt: 9_000 });
      expect(await experiments.create(first, event())).toBe("created");
      expect(await experiments.create(EVERYTHING, event())).toBe("created");
      expect(await experiments.get("greeting-1")).toEqual(first);
      expect(await experiments.get("__proto__")).toEqual(EVERYTHING);
      expect(await experiments.list()).toEqual([EVERYTHING, first]);
      expect(await experiments.get("greeting")).toBeNull();
    });

    test("have an id of their own, which an ended one keeps", async () => {
      const first = experiment({ status: "ended" });
      await experiments.create(first, event());
      const second = experiment({ template: "other", description: "another" });
      expect(await experiments.create(second, event({ detail: "again" }))).toBe("taken");
      expect(await experiments.list()).toEqual([first]);
      expect(await experiments.events("greeting-1")).toEqual([event()]);
    });

    test("run one at a time on a template", async () => {
      const running = experiment({ status: "running" });
      expect(await experiments.create(running, event())).toBe("created");
      const next = experiment({ id: "greeting-2", status: "running" });
      expect(await experiments.create(next, event())).toBe("overlaps");
      expect(await experiments.get("greeting-2")).toBeNull();
      expect(await experiments.events("greeting-2")).toEqual([]);
      expect(await experiments.create({ ...next, id: "greeting-1" }, event())).toBe("taken");
      expect(await experiments.create({ ...next, id: "other-1", template: "Greeting" }, event())).toBe(
        "created",
      );
      for (const status of ["draft", "paused", "ended"] as const)
        expect(await experiments.create({ ...next, id: status, status }, event())).toBe("created");
      const paused = experiment({ id: "paused", status: "running", revision: 2 });
      expect(await experiments.change(paused, [event({ kind: "resumed" })])).toBe("overlaps");
      expect(await experiments.get("paused")).toMatchObject({ status: "paused", revision: 1 });
      expect(await experiments.events("paused")).toEqual([event()]);
      await experiments.change({ ...running, status: "ended", revision: 2 }, []);
      expect(await experiments.change(paused, [])).toBe("changed");
      expect(await experiments.create(next, event())).toBe("overlaps");
    });

    test("are changed from the revision that is kept, together with what is told of it", async () => {
      const first = experiment();
      await experiments.create(first, event());
      const running = experiment({ status: "running", startedAt: 2_000, revision: 2 });
      const started = [event({ at: 2_000, kind: "started" }), event({ at: 500, kind: "decided", by: null })];
      expect(await experiments.change(running, started)).toBe("changed");
      expect(await experiments.get("greeting-1")).toEqual(running);
      // Made from a revision before, made from one that is not there, and of an experiment that is not.
      const late = [event({ detail: "late" })];
      expect(await experiments.change({ ...first, revision: 2 }, late)).toBe("stale");
      expect(await experiments.change({ ...running, revision: 4 }, late)).toBe("stale");
      expect(await experiments.change(experiment({ id: "none", revision: 1 }), late)).toBe("stale");
      expect(await experiments.change(experiment({ id: "none", revision: 2 }), late)).toBe("stale");
      expect(await experiments.list()).toEqual([running]);
      expect(await experiments.events("greeting-1")).toEqual([event(), ...started]);
      const other = { ...running, template: "other", revision: 3 };
      expect(await experiments.change(other, [])).toBe("changed");
      expect(await experiments.get("greeting-1")).toEqual(other);
    });

    test("tell what was done, in its order, with any words", async () => {
      await experiments.create(experiment(), event());
      await experiments.create(experiment({ id: "other" }), event({ detail: "other" }));
      const told = [
        event({ at: 3_000, kind: "switched_off", variant: 1, detail: "a\0b 🚋".repeat(150_000), by: null }),
        event({ at: 2_000, kind: "promoted", variant: 0, detail: "", by: "'\0" }),
      ];
      await experiments.change(experiment({ revision: 2 }), told);
      await experiments.change(experiment({ revision: 3 }), [event({ kind: "reverted" })]);
      expect(await experiments.events("greeting-1")).toEqual([event(), ...told, event({ kind: "reverted" })]);
    });

    test("are changed with all that is told of it, or not at all", async () => {
      await experiments.create(experiment(), event());
      const broken = [event(), event({ detail: null as unknown as string })];
      await expect(experiments.change(experiment({ revision: 2 }), broken)).rejects.toThrow(StorageError);
      await expect(experiments.create(experiment({ id: "b" }), broken[1]!)).rejects.toThrow(StorageError);
      expect(await experiments.list()).toEqual([experiment()]);
      expect(await experiments.events("greeting-1")).toEqual([event()]);
    });
  });

  describe("epochs", () => {
    test("come back as they were kept, by number, each once", async () => {
      const tenth = epoch({ number: 10, probabilities: [1 / 3, 2 / 3, 0], centre: -1.5e300 });
      const first = epoch({ startedAt: 5_000 });
      expect(await experiments.addEpoch("__proto__", tenth)).toBe(true);
      expect(await experiments.addEpoch("__proto__", first)).toBe(true);
      expect(await experiments.addEpoch("__proto__", epoch({ centre: 0.1 }))).toBe(false);
      expect(await experiments.addEpoch("greeting-1", epoch({ centre: 0.1 }))).toBe(true);
      expect(await experiments.epochs("__proto__")).toEqual([first, tenth]);
      const newest = await experiments.newestEpochs(["greeting-1", "none", "__proto__", "__proto__"]);
      expect(newest.size).toBe(2);
      expect(newest.get("__proto__")).toEqual(tenth);
      expect(newest.get("greeting-1")).toEqual(epoch({ centre: 0.1 }));
      expect(await experiments.newestEpochs([])).toEqual(new Map());
    });
  });

  describe("the lead", () => {
    test("is one process's until its time is over, or it gives it up", async () => {
      expect(await experiments.lead("a", 1_000, 2_000)).toBe(true);
      expect(await experiments.lead("b", 1_500, 2_500)).toBe(false);
      expect(await experiments.lead("a", 1_900, 2_900)).toBe(true);
      expect(await experiments.lead("b", 2_899, 3_899)).toBe(false);
      expect(await experiments.lead("b", 2_900, 3_900)).toBe(true);
      expect(await experiments.lead("a", 3_000, 4_000)).toBe(false);
      expect(await experiments.lead("a", 3_000, 3_000)).toBe(false);
      expect(await experiments.lead("b", 3_000, 3_000)).toBe(true);
      expect(await experiments.lead("a", 3_000, 4_000)).toBe(true);
    });

    test("does not stay with a process whose clock was far ahead", async () => {
      const year = 365 * 86_400_000;
      expect(await experiments.lead("a", year, year + 1_000)).toBe(true);
      expect(await experiments.lead("b", 5_000, 6_000)).toBe(true);
      expect(await experiments.lead("a", 5_500, 6_500)).toBe(false);
      // A clock may be some seconds ahead.
      expect(await experiments.lead("b", 14_000, 15_000)).toBe(true);
      expect(await experiments.lead("a", 5_500, 6_500)).toBe(false);
    });
  });

  test("changes of experiments move the revision on; the lead, records and what changed nothing do not", async () => {
    expect(await moves(() => experiments.create(experiment({ status: "running" }), event()))).toBe(true);
    expect(await moves(() => experiments.create(experiment(), event()))).toBe(false);
    const second = experiment({ id: "b", status: "running" });
    expect(await moves(() => experiments.create(second, event()))).toBe(false);
    expect(await moves(() => experiments.change(experiment({ revision: 2 }), []))).toBe(true);
    expect(await moves(() => experiments.change(experiment({ revision: 2 }), []))).toBe(false);
    expect(await moves(() => experiments.addEpoch("greeting-1", epoch()))).toBe(true);
    expect(await moves(() => experiments.addEpoch("greeting-1", epoch()))).toBe(false);
    expect(await moves(() => experiments.lead("a", 1_000, 2_000))).toBe(false);
    expect(await moves(() => experiments.list())).toBe(false);
    const decisions = [
      { experiment: "greeting-1", variant: 0, variantName: "plain", epoch: 1, probability: 0.5, unit: "u" },
    ];
    const record = sampleRecord({ startedAt: Date.UTC(2026, 10, 20), decisions });
    expect(await moves(() => storage.records.write([{ record, bodies: null }]))).toBe(false);
  });
}

/** What holds where several gateways change the experiments of one database: `opened` gives two that have it open. */
export function describeSharedExperiments(opened: () => readonly [Storage, Storage]): void {
  describe("experiments that two gateways change", () => {
    let both: readonly [Storage, Storage];
    beforeEach(() => {
      both = opened();
    });

    /** Of each gateway's outcomes, in an order of their own. */
    const outcomes = async <Outcome extends string | boolean>(
      work: (experiments: Storage["experiments"], which: number) => Promise<Outcome>,
    ) => (await Promise.all(both.map(({ experiments }, which) => work(experiments, which)))).sort();

    test("get an id once", async () => {
      for (let round = 0; round < 20; round++) {
        const made = (which: number) => experiment({ id: String(round), template: `${round}-${which}` });
        const found = await outcomes((experiments, which) => experiments.create(made(which), event()));
        expect(found).toEqual(["created", "taken"]);
      }
      expect(await both[0].experiments.list()).toHaveLength(20);
    });

    test("run one at a time on a template, made so or started", async () => {
      for (let round = 0; round < 20; round++) {
        const template = String(round);
        const made = (which: number) =>
          experiment({ id: `${round}-${which}`, template, status: round % 2 === 0 ? "running" : "draft" });
        const created = await outcomes((experiments, which) => experiments.create(made(which), event()));
        expect(created).toEqual(round % 2 === 0 ? ["created", "overlaps"] : ["created", "created"]);
        if (round % 2 === 0) continue;
        const found = await outcomes((experiments, which) =>
          experiments.change({ ...made(which), status: "running", revision: 2 }, []),
        );
        expect(found).toEqual(["changed", "overlaps"]);
      }
    });

    test("are changed by one where both made theirs from the same", async () => {
      await both[0].experiments.create(experiment(), event());
      for (let round = 2; round < 22; round++) {
        const found = await outcomes((experiments, which) =>
          experiments.change(experiment({ description: String(which), revision: round }), [
            event({ detail: String(which) }),
          ]),
        );
        expect(found).toEqual(["changed", "stale"]);
      }
      const [one, other] = await Promise.all(both.map(({ experiments }) => experiments.events("greeting-1")));
      expect(one).toHaveLength(21);
      expect(one).toEqual(other!);
      const kept = await both[1].experiments.get("greeting-1");
      expect(kept).toMatchObject({ revision: 21, description: one?.at(-1)?.detail ?? "" });
    });

    test("get each epoch from one of them, and both see the same", async () => {
      for (let number = 1; number <= 20; number++) {
        const found = await outcomes((experiments, which) =>
          experiments.addEpoch("greeting-1", epoch({ number, centre: which })),
        );
        expect(found).toEqual([false, true]);
      }
      const [one, other] = await Promise.all(both.map(({ experiments }) => experiments.epochs("greeting-1")));
      expect(one).toHaveLength(20);
      expect(one).toEqual(other!);
    });

    test("are led by one", async () => {
      for (let now = 0; now < 20_000; now += 1_000) {
        const found = await outcomes((experiments, which) =>
          experiments.lead(`${now}-${which}`, now, now + 1_000),
        );
        expect(found).toEqual([false, true]);
      }
    });

    test("show the other's changes in the revision", async () => {
      const seen = [await both[1].revision()];
      await both[0].experiments.create(experiment(), event());
      seen.push(await both[1].revision());
      await both[0].experiments.addEpoch("greeting-1", epoch());
      seen.push(await both[1].revision());
      expect(new Set(seen).size).toBe(3);
      expect(await both[1].experiments.get("greeting-1")).toEqual(experiment());
    });
  });
}
