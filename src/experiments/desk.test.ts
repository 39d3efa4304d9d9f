import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrive, keepVersions, newExperiment } from "../../test/support/experiments.ts";
import { Refusal } from "../lib/refusal.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import type { NewExperiment } from "./definition.ts";
import { ExperimentDesk } from "./desk.ts";
import { DirectAnalyst } from "./direct-analyst.ts";
import type { Metric } from "./experiment.ts";

let folder: string;
let storage: Storage;
let desk: ExperimentDesk;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-desk-"));
  storage = await openStorage("sqlite:desk.db", folder);
  desk = new ExperimentDesk(storage, new DirectAnalyst(storage));
  await keepVersions(storage, ["1", "2", "3"]);
});
afterEach(async () => {
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

const made = (change: Partial<NewExperiment> = {}, isStarted = true) =>
  desk.create(newExperiment(change), isStarted, "key_1");

async function refusal(work: Promise<unknown>): Promise<Refusal> {
  const caught = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(caught instanceof Refusal)) throw caught ?? new Error("It was not refused.");
  return caught;
}

const shares = async (id: string) => (await storage.experiments.epochs(id)).at(-1)?.probabilities;
const kinds = async (id: string) => (await desk.events(id)).map(({ kind }) => kind);

describe("a variant whose model cannot be called", () => {
  const variants = [
    { name: "plain", version: "1" },
    { name: "large", version: "2", model: "openai/large" },
    { name: "routed", version: "3", route: "lost" },
  ];
  const large = (isStarted: boolean) =>
    made({ variants, allocation: { kind: "fixed", weights: [1, 1, 1] } }, isStarted);
  const asked: string[] = [];
  let known: readonly string[];
  beforeEach(() => {
    known = [];
    asked.length = 0;
    desk = new ExperimentDesk(storage, new DirectAnalyst(storage), (name, kind) => {
      asked.push(`${kind} ${name}`);
      return known.includes(name) ? null : `${name} has no key.`;
    });
  });

  test("is not started or resumed; the experiment stays as it was", async () => {
    const refused = {
      kind: "conflict",
      message: "The variant large asks for openai/large, which cannot be called. openai/large has no key.",
    };
    expect(await refusal(large(true))).toMatchObject(refused);
    expect(await desk.list()).toEqual([]);
    const { id } = await large(false);
    expect(await refusal(desk.start(id, null))).toMatchObject(refused);
    expect((await desk.get(id)).status).toBe("draft");
    known = ["openai/large"];
    expect((await refusal(desk.start(id, null))).message).toContain("The variant routed asks for lost");
    expect(asked).toContain("route lost");
    known = ["openai/large", "lost"];
    await desk.start(id, null);
    await desk.pause(id, null);
    known = ["lost"];
    expect(await refusal(desk.resume(id, null))).toMatchObject(refused);
    expect((await desk.get(id)).status).toBe("paused");
  });

  test("does no harm while it is switched off, and is not switched on", async () => {
    known = ["openai/large", "lost"];
    const { id } = await large(true);
    known = ["lost"];
    await desk.switchOff(id, "large", "", null);
    await desk.pause(id, null);
    await desk.resume(id, null);
    expect((await refusal(desk.switchOn(id, "large", null))).message).toContain("openai/large has no key.");
    expect((await desk.get(id)).variants[1]?.switchedOff).toBe("by hand");
    known = ["openai/large"];
    await desk.switchOn(id, "large", null);
    expect((await desk.get(id)).variants[1]?.switchedOff).toBeUndefined();
  });
});

describe("an experiment", () => {
  test("is a draft until it is started, which makes its first epoch; each change is told with who did it", async () => {
    const { id } = await made({}, false);
    expect(id).toBe("greeting-1");
    expect(await storage.experiments.epochs(id)).toEqual([]);
    await desk.start(id, "key_2");
    expect(await storage.experiments.epochs(id)).toMatchObject([
      { number: 0, probabilities: [0.5, 0.5], centre: 0.5 },
    ]);
    await desk.pause(id, "key_3");
    await desk.resume(id, "key_4");
    await desk.end(id, "key_5");
    expect((await desk.events(id)).map(({ kind, by }) => [kind, by])).toEqual([
      ["created", "key_1"],
      ["started", "key_2"],
      ["paused", "key_3"],
      ["resumed", "key_4"],
      ["ended", "key_5"],
    ]);
    const { status, startedAt, endedAt } = await desk.get(id);
    expect([status, startedAt !== null, endedAt !== null]).toEqual(["ended", true, true]);
  });

  test("gets a new epoch when it is resumed", async () => {
    const { id } = await made();
    await desk.pause(id, null);
    await desk.resume(id, null);
    expect((await storage.experiments.epochs(id)).map(({ number }) => number)).toEqual([0, 1]);
  });

  test("is refused what its status does not allow, and stays as it was", async () => {
    const { id } = await made({}, false);
    for (const step of ["pause", "resume", "revert"] as const)
      expect((await refusal(desk[step](id, null))).kind).toBe("conflict");
    expect((await refusal(desk.promote(id, "warm", null))).kind).toBe("conflict");
    expect((await refusal(desk.switchOff(id, "warm", "", null))).kind).toBe("conflict");
    await desk.end(id, null);
    for (const step of ["start", "pause", "resume", "end"] as const)
      expect((await refusal(desk[step](id, null))).message).toContain("is ended");
    expect(await kinds(id)).toEqual(["created", "ended"]);
  });

  test("has an id of its own, which is never used again", async () => {
    await made({ id: "mine" }, false);
    await desk.end("mine", null);
    expect((await refusal(made({ id: "mine" }, false))).message).toContain("never used again");
    expect([(await made({}, false)).id, (await made({}, false)).id]).toEqual(["greeting-1", "greeting-2"]);
    expect((await refusal(desk.get("none"))).kind).toBe("missing");
  });

  test("that is still a draft can be edited, with its id", async () => {
    const { id, createdAt } = await made({}, false);
    const edited = await desk.edit(id, newExperiment({ id: "other", description: "Better" }), "key_2");
    expect(edited).toMatchObject({ id, createdAt, description: "Better", status: "draft", revision: 2 });
    await desk.start(id, null);
    expect((await refusal(desk.edit(id, newExperiment(), null))).kind).toBe("conflict");
  });

  test("runs alone on its template; the other one is named", async () => {
    const { id } = await made();
    expect((await refusal(made())).message).toContain(`The experiment ${id} runs on the template greeting`);
    const { id: second } = await made({}, false);
    expect((await refusal(desk.start(second, null))).message).toContain(id);
    expect((await desk.get(second)).status).toBe("draft");
    expect(await storage.experiments.epochs(second)).toEqual([]);
    await desk.pause(id, null);
    await desk.start(second, null);
    expect((await refusal(desk.resume(id, null))).message).toContain(second);
  });

  test("started by two processes at once starts once", async () => {
    const { id } = await made({}, false);
    const results = await Promise.allSettled([desk.start(id, "a"), desk.start(id, "b")]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await kinds(id)).toEqual(["created", "started"]);
    expect(await storage.experiments.epochs(id)).toHaveLength(1);
  });
});

describe("its versions", () => {
  test.each([
    [{ template: "nothing" }, "no template"],
    [
      {
        variants: [
          { name: "a", version: "1" },
          { name: "b", version: "9" },
        ],
      },
      "no version 9",
    ],
  ])("have to be there: %j", async (change, message) => {
    const refused = await refusal(made(change, false));
    expect([refused.kind, refused.message.includes(message)]).toEqual(["invalid", true]);
  });

  test("may not be archived", async () => {
    await storage.prompts.archive("greeting", "2", 5);
    expect((await refusal(made({}, false))).message).toContain("Version 2");
    await storage.prompts.archive("greeting", null, 5);
    expect((await refusal(made({}, false))).message).toContain("archived");
  });

  test("may not be pinned when it starts or is resumed: every request would get the pinned one", async () => {
    const { id } = await made();
    await desk.pause(id, null);
    await storage.prompts.pin("greeting", "1");
    expect((await refusal(desk.resume(id, null))).message).toContain("pinned");
    expect((await refusal(made())).message).toContain("pinned");
    await made({}, false);
  });
});

describe("a variant", () => {
  test("that is switched off by hand gets nothing from then on, and comes back as the average one", async () => {
    const variants = ["1", "2", "3"].map((version) => ({ name: `v${version}`, version }));
    const { id } = await made({ variants, allocation: { kind: "thompson", minimumShare: 0.1 } });
    await desk.switchOff(id, "v2", "  too long ", "key_9");
    expect((await shares(id))?.map((share) => Number(share.toFixed(3)))).toEqual([0.5, 0, 0.5]);
    const { variants: after } = await desk.get(id);
    expect(after[1]?.switchedOff).toBe("too long");
    expect((await desk.events(id)).at(-1)).toMatchObject({ kind: "switched_off", variant: 1, by: "key_9" });
    await desk.switchOff(id, "v2", "again", null);
    expect(await kinds(id)).toHaveLength(2);
    await desk.switchOn(id, "v2", null);
    for (const share of (await shares(id)) ?? []) expect(share).toBeCloseTo(1 / 3, 2);
    expect((await refusal(desk.switchOn(id, "v7", null))).message).toContain("it has v1, v2, v3");
  });

  test("as the last one pauses the experiment, which is told; it resumes with another", async () => {
    const { id } = await made();
    await desk.switchOff(id, "plain", "", null);
    await desk.switchOff(id, "warm", "", null);
    expect((await desk.get(id)).status).toBe("paused");
    expect(await kinds(id)).toEqual(["created", "switched_off", "switched_off", "paused"]);
    expect((await refusal(desk.resume(id, null))).message).toContain("switched off");
    await desk.switchOn(id, "warm", null);
    await desk.resume(id, null);
    expect(await shares(id)).toEqual([0, 1]);
  });
});

describe("a promotion", () => {
  const label = async () =>
    (await storage.prompts.labels("greeting")).find((one) => one.label === "production")?.version ?? null;

  test("moves the label, ends the experiment, and can be reverted", async () => {
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "3",
      movedAt: 1,
      movedBy: "key_1",
    });
    const { id } = await made();
    expect((await refusal(desk.promote(id, null, null))).message).toContain("has no winner");
    const promoted = await desk.promote(id, "warm", "key_2");
    expect(promoted.promotion).toMatchObject({ variant: 1, previousVersion: "3", by: "key_2" });
    expect([promoted.status, await label()]).toEqual(["ended", "2"]);
    expect((await refusal(desk.promote(id, "plain", null))).message).toContain("has promoted warm");
    const reverted = await desk.revert(id, "key_3");
    expect([reverted.promotion, reverted.status, await label()]).toEqual([null, "ended", "3"]);
    expect(await kinds(id)).toEqual(["created", "promoted", "ended", "reverted"]);
    expect((await refusal(desk.revert(id, null))).message).toContain("no promotion");
  });

  test("tells what the variant had beside its version, which does not come with the label", async () => {
    const variants = [
      { name: "plain", version: "1" },
      { name: "large", version: "2", model: "demo/echo", parameters: { temperature: 0 } },
    ];
    const { id } = await made({ variants });
    await desk.promote(id, "large", null);
    expect((await desk.events(id)).at(1)?.detail).toBe(
      "large was promoted: the label production points to version 2. The label does not bring its model and parameters.",
    );
  });

  test("of a label that was nowhere is taken away again, and may be made anew", async () => {
    const { id } = await made();
    await desk.promote(id, "warm", null);
    await desk.revert(id, null);
    expect(await label()).toBeNull();
    await desk.promote(id, "plain", null);
    expect(await label()).toBe("1");
  });

  test("is not reverted where the label was moved since, or its version is archived", async () => {
    const { id } = await made();
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "3",
      movedAt: 1,
      movedBy: null,
    });
    await desk.promote(id, "warm", null);
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "1",
      movedAt: 2,
      movedBy: "key_1",
    });
    expect((await refusal(desk.revert(id, null))).message).toContain("was moved since");
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "2",
      movedAt: 3,
      movedBy: "key_1",
    });
    await storage.prompts.archive("greeting", "3", 4);
    expect((await refusal(desk.revert(id, null))).message).toContain("archived");
  });

  test("that broke off after the label was moved is made whole by the next try", async () => {
    const { id } = await made();
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "3",
      movedAt: 1,
      movedBy: "key_1",
    });
    await storage.prompts.moveLabel({
      template: "greeting",
      label: "production",
      version: "2",
      movedAt: 2,
      movedBy: `experiment ${id}`,
    });
    expect((await desk.promote(id, "warm", "key_1")).promotion?.previousVersion).toBe("3");
  });

  test("by two at once of different variants leaves the label where the one says that was first", async () => {
    const { id } = await made();
    const results = await Promise.allSettled([desk.promote(id, "plain", "a"), desk.promote(id, "warm", "b")]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const { promotion, variants } = await desk.get(id);
    expect(await label()).toBe(variants[promotion!.variant]!.version);
  });
});

describe("what is wrong with a definition is said, and nothing is kept", () => {
  const metric = (change: object) => ({ metric: { name: "helpful", kind: "boolean", ...change } as Metric });
  const guardrail = (name: string, kind: string, limit: number) => ({
    guardrails: [{ metric: { name, kind } as Metric, bound: "at_most" as const, limit }],
  });

  test.each([
    ["weights that are no numbers", { allocation: { kind: "fixed" as const, weights: [Number.NaN, 1] } }],
    ["negative weights", { allocation: { kind: "fixed" as const, weights: [-1, 2] } }],
    ["weights whose sum is infinite", { allocation: { kind: "fixed" as const, weights: [1e308, 1e308] } }],
    [
      "a weight beside which another is nothing",
      { allocation: { kind: "fixed" as const, weights: [1e308, 1] } },
    ],
    ["too few weights", { allocation: { kind: "fixed" as const, weights: [1] } }],
    ["a share that is no number", { allocation: { kind: "thompson" as const, minimumShare: Number.NaN } }],
    ["a share that is too large", { allocation: { kind: "thompson" as const, minimumShare: 0.6 } }],
    ["two variants of one name", { variants: ["1", "2"].map((version) => ({ name: "a", version })) }],
    ["one variant", { variants: [{ name: "a", version: "1" }] }],
    [
      "a thousand variants",
      { variants: Array.from({ length: 1000 }, (_, index) => ({ name: `v${index}`, version: "1" })) },
    ],
    ["a hostile variant", { variants: ["a/b", "c\n"].map((name) => ({ name, version: "1" })) }],
    ["an empty metric", metric({ name: "" })],
    ["an unknown finish reason", metric({ name: "finish:__proto__" })],
    ["a finish reason of another kind", metric({ name: "finish:stop", kind: "number" })],
    ["a cost that is true or false", metric({ name: "cost" })],
    ["failures that are numbers", metric({ name: "failure", kind: "number" })],
    ["bounds in the wrong order", metric({ kind: "bounded", min: 5, max: 1 })],
    ["bounds that are infinitely apart", metric({ kind: "bounded", min: -1e308, max: 1e308 })],
    ["a guardrail without a limit", guardrail("cost", "number", Number.NaN)],
    ["a guardrail on what cannot be", guardrail("latency", "boolean", 1)],
    ["an error rate of one", { errorRate: 1 }],
    ["a tolerance below zero", { tolerance: -1 }],
    ["everything outside", { outside: 1 }],
    ["a hostile id", { id: "a/../b" }],
    ["a hostile template", { template: "__proto__" }],
    ["a label that moves by itself", { label: "latest" }],
    ["a unit that is none", { unit: "planet" as "run" }],
    ["a variable without a name", { unit: "variable:" as const }],
    ["a context of nothing", { contexts: { agents: [] } }],
    ["a long description", { description: "x".repeat(2001) }],
    [
      "a model and a route at once",
      { variants: ["a", "b"].map((name) => ({ name, version: "1", model: "m", route: "r" })) },
    ],
    [
      "parameters that are no parameters",
      { variants: ["a", "b"].map((name) => ({ name, version: "1", parameters: { messages: [] } })) },
    ],
  ])("%s", async (_, change) => {
    const refused = await refusal(made(change as Partial<NewExperiment>, false));
    expect(refused.kind).toBe("invalid");
    expect(refused.message.length).toBeLessThan(2000);
    expect(await desk.list()).toEqual([]);
  });

  test("and what can run is taken, however large", async () => {
    const variants = Array.from({ length: 20 }, (_, index) => ({
      name: `v${index}`,
      version: "1",
      model: "demo/echo",
      parameters: { temperature: 0.5 },
    }));
    await made({
      variants,
      allocation: { kind: "fixed", weights: variants.map((_, index) => 1e300 + index) },
      unit: "variable:user_id",
      contexts: { agents: ["coder*"], tags: ["env=production"] },
      metric: { name: "finish:length", kind: "boolean" },
      direction: "minimize",
    });
    expect((await shares("greeting-1"))?.every((share) => share > 0.04)).toBe(true);
  });
});

test("a report is made of an experiment that nothing came to, and of one that was ended", async () => {
  const { id } = await made({}, false);
  expect((await desk.show(id)).report).toMatchObject({ requests: 0, judged: 0, epoch: null, epochs: 0 });
  await desk.start(id, null);
  await arrive(storage, id, { first: 0, count: 10 }, () => ({ helpful: true }));
  await desk.end(id, null);
  const { report } = await desk.show(id);
  expect([report.requests, report.judged, report.verdict.status]).toEqual([10, 10, "gathering"]);
});
