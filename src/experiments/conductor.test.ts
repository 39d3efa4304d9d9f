import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrive, judgement, keepVersions, newExperiment } from "../../test/support/experiments.ts";
import type { Logger } from "../lib/logger.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { Conductor } from "./conductor.ts";
import type { NewExperiment } from "./definition.ts";
import { ExperimentDesk } from "./desk.ts";
import { DirectAnalyst } from "./direct-analyst.ts";
import type { Guardrail } from "./experiment.ts";

let folder: string;
let storage: Storage;
let desk: ExperimentDesk;
let conductor: Conductor;
let logged: string[];

const log = (message: string) => void logged.push(message);
const logger: Logger = { debug: log, info: log, warn: log, error: log };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-conductor-"));
  storage = await openStorage("sqlite:led.db", folder);
  desk = new ExperimentDesk(storage, new DirectAnalyst(storage));
  conductor = new Conductor(storage, logger);
  logged = [];
  await keepVersions(storage, ["1", "2", "3"]);
});
afterEach(async () => {
  setSystemTime();
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

const started = (change: Partial<NewExperiment> = {}) => desk.create(newExperiment(change), true, "key_1");
const kinds = async (id: string) => (await desk.events(id)).map(({ kind }) => kind);
const label = async () =>
  (await storage.prompts.labels("greeting")).find((one) => one.label === "production");

/** Units in a variant are helped with these probabilities. */
const helped =
  (...shares: number[]) =>
  (variant: number, chance: number) => ({ helpful: chance < shares[variant]! });

/** Units come and rounds are led, until the experiment runs no more or `most` units came. How many came. */
async function lead(
  id: string,
  truth: Parameters<typeof arrive>[3],
  most: number,
  batch = 100,
): Promise<number> {
  for (let first = 0; first < most; first += batch) {
    await arrive(storage, id, { first, count: batch }, truth);
    await conductor.round();
    const last = (await desk.events(id)).at(-1)?.kind;
    if ((await desk.get(id)).status !== "running" || last === "decided") return first + batch;
  }
  return most;
}

describe("a whole experiment", () => {
  test("that promotes by itself: Thompson sampling, verdict, label, end, and back again", async () => {
    const { id } = await started({
      allocation: { kind: "thompson", minimumShare: 0.1 },
      whenDecided: "promote",
    });
    const units = await lead(id, helped(0.4, 0.7), 5_000);
    expect(units).toBeLessThan(2_000);
    const { experiment, report, epochs } = await desk.show(id);
    expect([experiment.status, experiment.promotion]).toMatchObject([
      "ended",
      { variant: 1, previousVersion: null, by: null },
    ]);
    expect(await label()).toMatchObject({ version: "2", history: [{ movedBy: `experiment ${id}` }] });
    expect(await kinds(id)).toEqual(["created", "decided", "promoted", "ended"]);
    expect(report.sentence).toContain("warm is the best");
    expect(report.judged).toBe(units);
    // More than one epoch would have come within a second, had they been let.
    expect(epochs.length).toBeLessThanOrEqual(3);
    expect(await conductor.round()).toBe(true);
    await desk.revert(id, "key_1");
    expect(await label()).toBeUndefined();
    await conductor.round();
    expect(await label()).toBeUndefined();
  }, 60_000);

  test("that proposes tells its winner once, goes on, and is promoted by people", async () => {
    const { id } = await started();
    await lead(id, helped(0.2, 0.8), 2_000);
    await arrive(storage, id, { first: 5_000, count: 200 }, helped(0.2, 0.8));
    await conductor.round();
    await conductor.round();
    expect(await kinds(id)).toEqual(["created", "decided"]);
    expect((await desk.events(id))[1]).toMatchObject({ variant: 1, by: null });
    expect(logged).toEqual(["An experiment is decided"]);
    expect((await desk.promote(id, null, "key_2")).promotion).toMatchObject({ variant: 1, by: "key_2" });
  }, 60_000);

  test("whose winner changes tells that too", async () => {
    const { id } = await started();
    await lead(id, helped(0.2, 0.8), 2_000);
    await arrive(storage, id, { first: 10_000, count: 2_000 }, helped(0.9, 0.1));
    await conductor.round();
    const told = (await desk.events(id)).filter(({ kind }) => kind === "decided");
    expect(told.map(({ variant }) => variant)).toEqual([1, 0]);
  }, 60_000);

  test("of variants alike within the tolerance is told as such, once", async () => {
    const { id } = await started({ tolerance: 0.3 });
    await lead(id, helped(0.5, 0.5), 4_000, 500);
    await conductor.round();
    expect(await kinds(id)).toEqual(["created", "decided"]);
    expect((await desk.events(id))[1]).toMatchObject({ variant: null });
    expect((await desk.show(id)).report.verdict.status).toBe("equivalent");
  }, 60_000);

  test("of a version against itself stays undecided, whatever is looked at", async () => {
    const variants = ["a", "b"].map((name) => ({ name, version: "1" }));
    const { id } = await started({ variants, whenDecided: "promote" });
    expect(await lead(id, helped(0.5, 0.5), 2_000)).toBe(2_000);
    expect((await desk.show(id)).report.verdict.status).toBe("gathering");
    expect(await label()).toBeUndefined();
  }, 60_000);
});

describe("epochs", () => {
  test("follow what is judged, at most one a second, and shares go where it is better", async () => {
    const { id } = await started({ allocation: { kind: "thompson", minimumShare: 0.1 } });
    await arrive(storage, id, { first: 0, count: 19 }, helped(0.2, 0.9));
    await conductor.round();
    expect(await storage.experiments.epochs(id)).toHaveLength(1);
    await arrive(storage, id, { first: 19, count: 30 }, helped(0.2, 0.9));
    await conductor.round();
    const [, second] = await storage.experiments.epochs(id);
    expect(second!.probabilities[1]).toBeGreaterThan(0.85);
    await arrive(storage, id, { first: 100, count: 25 }, helped(0.5, 0.5));
    await conductor.round();
    expect(await storage.experiments.epochs(id)).toHaveLength(2);
    await Bun.sleep(950);
    await conductor.round();
    expect(await storage.experiments.epochs(id)).toHaveLength(3);
    await Bun.sleep(950);
    await conductor.round();
    expect(await storage.experiments.epochs(id)).toHaveLength(3);
  }, 60_000);

  test("that a process did not come to make are made by the next one", async () => {
    const { id } = await started();
    const kept = await desk.get(id);
    const variants = kept.variants.with(0, { ...kept.variants[0]!, switchedOff: "by hand" });
    await storage.experiments.change({ ...kept, variants, revision: kept.revision + 1 }, []);
    await conductor.round();
    expect((await storage.experiments.epochs(id)).at(-1)).toMatchObject({ number: 1, probabilities: [0, 1] });
  });

  test("go on in order when the clock is set back or forth", async () => {
    const { id } = await started({ allocation: { kind: "thompson", minimumShare: 0.1 } });
    for (const [index, hours] of [0, -48, 72].entries()) {
      setSystemTime(new Date(Date.now() + hours * 3_600_000));
      await arrive(storage, id, { first: index * 100, count: 100 }, helped(0.45, 0.55));
      await conductor.round();
      setSystemTime();
      await Bun.sleep(950);
    }
    expect((await storage.experiments.epochs(id)).map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    expect((await desk.show(id)).report).toMatchObject({ judged: 300, ignored: 0 });
  }, 60_000);
});

describe("a guardrail", () => {
  const failures: Guardrail = {
    metric: { name: "failure", kind: "boolean" },
    bound: "at_most",
    limit: 0.1,
  };
  const failing =
    (...shares: number[]) =>
    (variant: number, chance: number) => ({
      record: chance < shares[variant]! ? ({ status: 502, category: "upstream-failed" } as const) : {},
    });

  test("switches a variant off that is surely beyond it, and says why", async () => {
    const variants = ["1", "2", "3"].map((version) => ({ name: `v${version}`, version }));
    const weights = [1, 1, 1];
    const { id } = await started({
      variants,
      guardrails: [failures],
      allocation: { kind: "fixed", weights },
    });
    await arrive(storage, id, { first: 0, count: 300 }, failing(0.02, 0.6, 0.02));
    await conductor.round();
    const { experiment, events, report } = await desk.show(id);
    expect(experiment.variants.map(({ switchedOff }) => switchedOff !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
    expect(events.at(-1)).toMatchObject({ kind: "switched_off", variant: 1, by: null });
    expect(events.at(-1)?.detail).toMatch(
      /v2 was switched off: failure is at least 0\.\d+, and may be at most 0\.1/,
    );
    expect(report.epoch).toMatchObject({ number: 1, probabilities: [0.5, 0, 0.5] });
    expect(report.guardrails[0]?.variants.map(({ breach }) => breach !== null)).toEqual([false, true, false]);
    await conductor.round();
    expect(await kinds(id)).toEqual(["created", "switched_off"]);
    // By hand it may come back; it is judged by the same units, and goes again.
    await desk.switchOn(id, "v2", "key_1");
    await conductor.round();
    expect(await kinds(id)).toEqual(["created", "switched_off", "switched_on", "switched_off"]);
  }, 60_000);

  test("that all variants break pauses the experiment, and tells it", async () => {
    const { id } = await started({ guardrails: [failures] });
    await arrive(storage, id, { first: 0, count: 300 }, failing(0.6, 0.7));
    await conductor.round();
    expect((await desk.get(id)).status).toBe("paused");
    expect(await kinds(id)).toEqual(["created", "switched_off", "switched_off", "paused"]);
    expect(await storage.experiments.epochs(id)).toHaveLength(1);
    await conductor.round();
    expect(await kinds(id)).toHaveLength(4);
  }, 60_000);
});

describe("of several processes", () => {
  test("one leads; another takes over when its lead has run out", async () => {
    const other = await openStorage("sqlite:led.db", folder);
    const second = new Conductor(other, logger);
    const { id } = await started();
    await arrive(storage, id, { first: 0, count: 200 }, helped(0.1, 0.9));
    expect([await conductor.round(), await second.round()]).toEqual([true, false]);
    expect(await kinds(id)).toEqual(["created", "decided"]);
    setSystemTime(new Date(Date.now() + 20_000));
    expect([await second.round(), await conductor.round()]).toEqual([true, false]);
    expect(await kinds(id)).toEqual(["created", "decided"]);
    await other.close();
  }, 60_000);

  test("that lead at the same moment nothing is done twice", async () => {
    const { id } = await started({ whenDecided: "promote" });
    await arrive(storage, id, { first: 0, count: 200 }, helped(0.1, 0.9));
    const alone = (one: Conductor) => Object.assign(one, { lead: () => Promise.resolve(true) });
    await Promise.all([alone(conductor).round(), alone(new Conductor(storage, logger)).round()]);
    expect(await kinds(id)).toEqual(["created", "decided", "promoted", "ended"]);
    expect((await label())?.history).toHaveLength(1);
  }, 60_000);
});

test("feedback that comes late counts for the variant and the epoch that its unit had", async () => {
  const { id } = await started({ allocation: { kind: "thompson", minimumShare: 0.1 } });
  const runs: [string, number][] = [];
  await arrive(storage, id, { first: 0, count: 200 }, (variant, _, unit) => {
    runs.push([unit, variant]);
    return {};
  });
  await conductor.round();
  expect((await desk.show(id)).report).toMatchObject({ requests: 200, judged: 0 });
  await desk.end(id, null);
  await storage.feedback.add(runs.map(([run, variant]) => judgement(run, variant === 1)));
  const { report } = await desk.show(id);
  expect(report).toMatchObject({ judged: 200, verdict: { status: "decided", winner: 1 } });
  expect(report.verdict.variants.map(({ mean }) => mean)).toEqual([0, 1]);
  // It has ended: what it concludes is told to who asks.
  await conductor.round();
  expect(await kinds(id)).toEqual(["created", "ended"]);
}, 60_000);

test("an experiment that cannot be led holds no other up", async () => {
  await keepVersions(storage, ["1", "2"], "farewell");
  const { id } = await started();
  const { id: other } = await started({ template: "farewell" });
  for (const one of [id, other]) await arrive(storage, one, { first: 0, count: 200 }, helped(0.1, 0.9));
  const { experiments } = storage;
  const epochs = (wanted: string) =>
    wanted === other ? Promise.reject(new Error("gone")) : experiments.epochs(wanted);
  const failing = new Proxy(experiments, {
    get: (target, name: keyof typeof experiments) =>
      name === "epochs" ? epochs : (target[name] as () => unknown).bind(target),
  });
  const broken = new Conductor({ prompts: storage.prompts, experiments: failing }, logger);
  await expect(broken.round()).rejects.toThrow("gone");
  expect(await kinds(id)).toEqual(["created", "decided"]);
}, 60_000);
