import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { recordId, requestRecord } from "../../test/support/records.ts";
import { newVersion } from "../prompts/new-version.ts";
import { Renderer } from "../prompts/render.ts";
import { readModelFile } from "../quality/model-file.ts";
import { isKeptApart } from "../quality/observation.ts";
import { readOutcomes } from "../quality/outcomes.ts";
import { strongProbability } from "../quality/score.ts";
import { seededRandom } from "../quality/seeded.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { runRouterCalibrate } from "./router-calibrate.ts";
import { runRouterLearn } from "./router-learn.ts";
import type { StoredIo } from "./stored.ts";

const DAY = 86_400_000;
const T = Date.now() - DAY;
const MODELS = ["--from-log", "--strong", "big/pro", "--weak", "small/mini", "--feedback", "helpful"];

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-router-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd: string;
let storage: Storage;
beforeEach(async () => {
  cwd = mkdtempSync(join(root, "case-"));
  storage = await openStorage("sqlite:router.db", cwd);
});
afterEach(() => storage.close());

async function run(command: (argv: readonly string[], io: StoredIo) => Promise<number>, ...argv: string[]) {
  const said = { out: "", err: "" };
  const code = await command(argv, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {},
    cwd,
    storageUrl: "sqlite:router.db",
    openStorage,
  });
  return { code, ...said };
}

const learn = (...more: string[]) => run(runRouterLearn, ...MODELS, ...more);
const made = (name: string) => readModelFile(readFileSync(join(cwd, name)));

interface Said {
  readonly prompt: string;
  readonly tier: "strong" | "weak";
  readonly change?: Partial<RequestRecord>;
  /** Feedback on the request. */
  readonly value?: Feedback["value"];
  /** In the place of the prompt as content. */
  readonly fields?: object;
}

/** Records requests in their order, with their bodies and the feedback on them. */
async function record(said: readonly Said[]): Promise<void> {
  const written = said.map(({ prompt, tier, change, fields }, at) => {
    const id = recordId(T + at, "r");
    const model =
      tier === "strong" ? { provider: "big", model: "pro" } : { provider: "small", model: "mini" };
    const messages = [{ role: "user", ...(fields ?? { content: prompt }) }];
    return {
      record: requestRecord({ id, startedAt: T + at, ...model, ...change }),
      bodies: {
        request: Buffer.from(JSON.stringify({ model: "auto", messages })),
        response: null,
        cut: false,
      },
    };
  });
  await storage.records.write(written);
  const items = said.flatMap(({ value }, at) =>
    value === undefined ? [] : [feedback({ targetId: written[at]!.record.requestId, value })],
  );
  await storage.feedback.add(items);
}

/** Keeps a version of `question` that says its variable, and returns what records say of its use. */
async function keptVersion(): Promise<ReturnType<typeof usedTemplate>> {
  const messages = [{ role: null, text: "{{ text }}" }];
  const draft = { template: "question", version: "2", messages, model: null, parameters: {} };
  const made = newVersion(new Renderer(), draft, "api", 1);
  if (made instanceof Error) throw made;
  await storage.prompts.add(made);
  return usedTemplate({ templateId: "question", version: "2", revision: made.revision, source: "label" });
}

/** The same requests, whose prompts are in variables. */
function templated(said: readonly Said[], used: ReturnType<typeof usedTemplate>): Said[] {
  return said.map((each) => ({
    ...each,
    change: { ...each.change, templates: [used] },
    fields: { template: "Another text", template_id: "question", variables: { text: each.prompt } },
  }));
}

let count = 0;
function feedback(change: Partial<Feedback> & Pick<Feedback, "targetId" | "value">): Feedback {
  const common = { name: "helpful", comment: null, source: null, keyId: null, receivedAt: T + DAY / 2 };
  return { id: `f${count++}`, target: "request", ...common, ...change };
}

const NOUNS = "house river garden letter window music winter table story bridge lamp road".split(" ");

/** Half of the prompts have a word that the weak model fails at; either model answers by chance. */
function traffic(requests: number, seed: number, isBad = (_prompt: string) => false): Said[] {
  const random = seededRandom(seed);
  // Words of three nouns, so that few prompts come twice.
  const noun = () => NOUNS[Math.floor(random() * NOUNS.length)]!;
  return Array.from({ length: requests }, (_, at) => {
    const hard = random() < 0.5;
    const prompt = `${noun()} ${noun()} ${hard ? "quaternion" : noun()} ${NOUNS[at % 12]}${noun()}${noun()} ${noun()}`;
    const tier = random() < 0.5 ? "strong" : "weak";
    const fails = isBad(prompt) ? !hard : hard;
    const good = random() < (tier === "weak" && fails ? 0.1 : 0.9);
    return { prompt, tier, value: good };
  });
}

describe("learning from the log", () => {
  test("finds what the weak model fails at, and gives the same file for the same log, byte for byte", async () => {
    await record(traffic(1_200, 1));
    const first = await learn("--out", "a.model", "--json");
    expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: "" });
    const told = JSON.parse(first.out);
    expect(told).toMatchObject({ written: true, requests: 1_200, known_probability: 0 });
    expect(told.learned.prompts + told.kept_apart.prompts).toBeGreaterThan(1_000);
    expect(told.new.apgr).toBeGreaterThan(told.current.apgr + 0.1);
    expect(told.difference).toBeGreaterThan(2 * told.standard_error);
    const model = made("a.model");
    expect(strongProbability(model, "house quaternion table road")).toBeGreaterThan(
      strongProbability(model, "house winter table road") + 0.05,
    );
    expect(model.note.sets).toEqual({ log: told.learned.prompts });
    const second = await learn("--out", "b.model");
    expect(second.out).toContain("b.model: ");
    expect(readFileSync(join(cwd, "b.model"))).toEqual(readFileSync(join(cwd, "a.model")));
    // Once more over itself: no better and no worse.
    expect(JSON.parse((await learn("--out", "a.model", "--json")).out)).toMatchObject({
      difference: 0,
      written: true,
    });
  });

  test("does not replace a better model, unless it is told to", async () => {
    await record(traffic(1_000, 2));
    expect(await learn()).toMatchObject({ code: 0 });
    const before = readFileSync(join(cwd, "router.model"));
    await storage.close();
    rmSync(join(cwd, "router.db"));
    storage = await openStorage("sqlite:router.db", cwd);
    // What is learned from says the contrary of what is kept apart.
    await record(traffic(1_000, 3, (prompt) => !isKeptApart(prompt)));
    const refused = await learn();
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("the current model is better on the prompts kept apart");
    expect(refused.out).toMatch(/difference {2}-0\.\d+/);
    expect(readFileSync(join(cwd, "router.model"))).toEqual(before);
    expect(await learn("--force")).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(cwd, "router.model"))).not.toEqual(before);
  });

  test("says in numbers when there is too little of a model", async () => {
    expect((await learn()).err).toContain(
      "0 of the strong model (0 of them kept apart) and 0 of the weak one (0)",
    );
    await record(traffic(600, 4).filter(({ tier }, at) => tier === "strong" || at % 10 === 0));
    const { code, out, err } = await learn();
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/\d+ of the strong model \(\d+ of them kept apart\) and \d\d of the weak one/);
    expect(err).toContain("Of each 80 are needed");
    expect(existsSync(join(cwd, "router.model"))).toBeFalse();
  });

  test("says so when the outcomes teach nothing", async () => {
    await record(traffic(800, 5).map((said) => ({ ...said, value: true })));
    expect(await learn()).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("nothing to learn"),
    });
  });

  test("writes over no file that is not a model, and reads none", async () => {
    writeFileSync(join(cwd, "router.model"), "server:\n  port: 1\n".repeat(10));
    const { code, err } = await learn();
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("is not replaced") });
    expect(readFileSync(join(cwd, "router.model"), "utf8")).toStartWith("server:");
    expect(await learn("--model", "router.model", "--out", "other")).toMatchObject({ code: 1 });
    expect((await learn("--model", "router.model", "--out", "other")).err).toContain("not a router's");
  });

  test("wrong usage is told", async () => {
    const usage = async (...argv: string[]) => await run(runRouterLearn, "--from-log", ...argv);
    expect((await usage("--help")).out).toContain("--feedback");
    expect(await usage("--strong", "pro", "--weak", "a/b", "--feedback", "x")).toMatchObject({
      code: 2,
      out: "",
    });
    expect((await usage("--strong", "a/b", "--weak", "c/d,a/b", "--feedback", "x")).err).toContain(
      "cannot be both",
    );
    expect((await usage("--strong", "a/b", "--weak", "c/d")).err).toContain("--feedback is needed");
    expect((await learn("--range", "5")).err).toContain("--range 5");
    expect((await learn("--since", "soon")).err).toContain("--since");
    expect(await learn("more")).toMatchObject({ code: 2 });
  });
});

describe("what is read of the log", () => {
  const counts = async (...more: string[]) => {
    const { out, err } = await learn("--json", ...more);
    if (out === "") throw new Error(err);
    return JSON.parse(out);
  };

  test("ratings within the range, judged for this name, of these models, with a prompt", async () => {
    const said = traffic(700, 6).map((each) => ({ ...each, value: each.value === true ? 5 : 1 }));
    await record([
      ...said,
      { prompt: "no rating", tier: "strong" },
      { prompt: "out of range", tier: "strong", value: 9 },
      { prompt: "a word", tier: "weak", value: "good" },
      { prompt: "another model", tier: "weak", value: 5, change: { model: "other" } },
      { prompt: " ", tier: "weak", value: 5 },
    ]);
    const told = await counts("--range", "1,5");
    expect(told.requests).toBe(700);
    expect(told.passed_over).toEqual({ unread: 1, unfilled: 0, unusable: 2, mixed: 0 });
    expect(told.new.strong).toBeGreaterThan(told.new.weak + 0.2);
    // The other way round the strong model is the worse one.
    expect((await counts("--range", "5,1", "--force")).new.apgr).toBeNull();
  });

  test("of requests with templates the text that went out", async () => {
    const used = await keptVersion();
    const said = traffic(600, 9);
    await record(said);
    const plain = await counts("--out", "plain.model");
    await storage.close();
    rmSync(join(cwd, "router.db"));
    storage = await openStorage("sqlite:router.db", cwd);
    await keptVersion();
    const lost = { ...used, revision: "0".repeat(16) };
    await record([...templated(said, used), ...templated(said.slice(0, 3), lost)]);
    const told = await counts("--out", "filled.model");
    expect(told.passed_over).toEqual({ unread: 0, unfilled: 3, unusable: 0, mixed: 0 });
    expect(told.learned).toEqual(plain.learned);
    expect(readFileSync(join(cwd, "filled.model"))).toEqual(readFileSync(join(cwd, "plain.model")));
  });

  test("both answers to a prompt, as of mirrored requests, are a pair", async () => {
    const said = traffic(500, 7);
    const mirrored = said.flatMap((each): Said[] => [
      { ...each, tier: "strong", value: true },
      { ...each, tier: "weak", value: !each.prompt.includes("quaternion") },
    ]);
    await record(mirrored);
    const told = await counts();
    expect(told.learned.both).toBe(told.learned.prompts);
    expect(told.kept_apart.both).toBe(told.kept_apart.prompts);
    expect(told.new.apgr).toBeGreaterThan(0.6);
  });

  test("what an experiment decided counts by its probability, and by what was said of the run", async () => {
    await storage.experiments.create(experiment(), {
      at: T,
      kind: "created",
      variant: null,
      detail: "",
      by: null,
    });
    await storage.experiments.addEpoch("models-1", {
      number: 1,
      startedAt: T,
      probabilities: [0.2, 0.3, 0.5],
      centre: 0,
    });
    const random = seededRandom(8);
    const said = traffic(900, 8).map(({ prompt }, at): Said => {
      const variant = random() < 0.2 ? 0 : random() < 0.375 ? 1 : 2;
      const decisions = [recordedDecision({ experiment: "models-1", variant, epoch: 1 })];
      const tier = variant === 2 ? "weak" : "strong";
      // Runs of three requests; the first two requests of the log are of a run in which both models were used.
      const runId = at < 2 ? "mixed" : `run-${Math.floor(at / 3)}-${tier}`;
      return { prompt, tier: at === 0 ? "strong" : at === 1 ? "weak" : tier, change: { runId, decisions } };
    });
    said[0] = withVariant(said[0]!, 1);
    said[1] = withVariant(said[1]!, 2);
    await record(said);
    const runs = new Map(said.map((each) => [each.change!.runId!, each]));
    await storage.feedback.add(
      [...runs].map(([targetId, { prompt, tier }]) =>
        feedback({ target: "run", targetId, value: tier === "strong" || !prompt.includes("quaternion") }),
      ),
    );
    const told = await counts();
    expect(told.passed_over.mixed).toBe(2);
    expect(told).toMatchObject({ requests: 898, known_probability: 898 });
    expect(told.new.apgr).toBeGreaterThan(0.5);
  });
});

function withVariant(said: Said, variant: number): Said {
  const decisions = [recordedDecision({ experiment: "models-1", variant, epoch: 1 })];
  return { ...said, change: { ...said.change, decisions } };
}

/** Two variants ask the strong model, one the weak one. */
function experiment(): KeptExperiment {
  const variant = (name: string, model: string) => ({ name, version: "1.0.0", model });
  return {
    id: "models-1",
    template: "greeting",
    variants: [variant("short", "big/pro"), variant("long", "pro"), variant("cheap", "small/mini")],
    unit: "run",
    contexts: {},
    outside: 0,
    allocation: { kind: "fixed", weights: [2, 3, 5] },
    metric: { name: "helpful", kind: "boolean" },
    direction: "maximize",
    guardrails: [],
    errorRate: 0.05,
    tolerance: 0,
    status: "running",
    description: "",
    whenDecided: "propose",
    label: "production",
    createdAt: T,
    startedAt: T,
    endedAt: null,
    promotion: null,
    revision: 1,
  };
}

describe("calibration", () => {
  const PROMPTS = readOutcomes(
    gunzipSync(readFileSync(join(import.meta.dir, "../../training/outcomes.jsonl.gz"))).toString(),
  ).map(({ prompt }) => prompt);
  const calibrate = (...argv: string[]) => run(runRouterCalibrate, ...argv);

  test("at 30 % strong gives 27 to 33 % on unseen requests of the same kind", async () => {
    const [seen, unseen] = [0, 1].map((part) => PROMPTS.filter((_, at) => at % 8 === part));
    await record(seen!.map((prompt) => ({ prompt, tier: "weak" })));
    const { code, out } = await calibrate("--share", "0.3", "--json");
    expect(code).toBe(0);
    const { threshold, reached, requests, shares } = JSON.parse(out);
    expect(requests).toBe(seen!.length);
    expect(reached).toBeCloseTo(0.3, 2);
    const model = readModelFile(readFileSync(join(import.meta.dir, "../quality/default.model")));
    const strong = unseen!.filter((prompt) => strongProbability(model, prompt) >= threshold).length;
    expect(strong / unseen!.length).toBeGreaterThan(0.27);
    expect(strong / unseen!.length).toBeLessThan(0.33);
    expect(shares.map(({ threshold: each }: { threshold: number }) => each)).toEqual(
      shares
        .map(({ threshold: each }: { threshold: number }) => each)
        .toSorted((a: number, b: number) => b - a),
    );
  });

  test("scores of requests with templates the text that went out, and counts those whose text is lost", async () => {
    const used = await keptVersion();
    const said = PROMPTS.slice(0, 40).map((prompt): Said => ({ prompt, tier: "weak" }));
    await record(said);
    const plain = JSON.parse((await calibrate("--json")).out);
    await storage.close();
    rmSync(join(cwd, "router.db"));
    storage = await openStorage("sqlite:router.db", cwd);
    await keptVersion();
    const lost = templated(said.slice(0, 2), { ...used, revision: null });
    await record([...templated(said, used), ...lost]);
    const told = JSON.parse((await calibrate("--json")).out);
    expect(told).toEqual({ ...plain, unfilled: 2 });
    expect((await calibrate()).out).toContain(
      "2 more were passed over: their templates' texts cannot be made again.",
    );
    expect((await calibrate("--limit", "2")).err).toContain("of 2 the templates' texts cannot be made again");
  });

  test("says what was passed over, what has the middle score, and when there is nothing", async () => {
    const none = await calibrate();
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain("records.bodies: full");
    const bodies = (text: string, cut = false) => ({ request: Buffer.from(text), response: null, cut });
    const asked = '{"messages":[{"role":"user","content":"Why?"}]}';
    const kept = [
      null,
      bodies(asked),
      bodies(asked, true),
      bodies("\u0000\u0001"),
      bodies(asked.slice(0, 20), true),
    ];
    await storage.records.write(
      kept.map((each, at) => ({
        record: requestRecord({
          id: recordId(T + at, "k"),
          startedAt: T + at,
          route: at === 1 ? "auto" : null,
        }),
        bodies: each,
      })),
    );
    await storage.records.write([
      {
        record: requestRecord({
          id: recordId(T - 9, "m"),
          requestId: "m",
          startedAt: T - 9,
          parentId: "req",
          tags: ["mirror"],
        }),
        bodies: bodies(asked),
      },
    ]);
    const told = JSON.parse((await calibrate("--json")).out);
    expect(told).toMatchObject({ requests: 3, middle: 1, skipped: 2 });
    expect((await calibrate()).out).toContain("So few requests say little");
    expect(JSON.parse((await calibrate("--json", "--route", "auto")).out).requests).toBe(1);
    expect((await calibrate("--since", "1h")).code).toBe(1);
    expect(JSON.parse((await calibrate("--json", "--limit", "2")).out)).toMatchObject({
      requests: 1,
      skipped: 1,
    });
  });

  test("wrong usage and models are told apart", async () => {
    expect((await calibrate("--help")).out).toContain("Usage:");
    for (const share of ["-0.1", "1.1", "many", " ", "NaN"])
      expect(await calibrate("--share", share)).toMatchObject({ code: 2, out: "" });
    writeFileSync(join(cwd, "bad.model"), "AMSROUT1".padEnd(100));
    expect(await calibrate("--model", "bad.model")).toMatchObject({
      code: 1,
      err: expect.stringContaining("damaged"),
    });
  });
});
