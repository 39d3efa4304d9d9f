import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrive, keepVersions } from "../../test/support/experiments.ts";
import { configIn } from "../config/testing.ts";
import { openStorage } from "../storage/open.ts";
import { runExperiments } from "./experiments.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-experiments-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let cwd: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(root, "case-"));
  const storage = await openStorage("sqlite:x.db", cwd);
  await keepVersions(storage, ["1", "2", "3"]);
  await storage.close();
});

const CONFIG = configIn(`
routes:
  off: {targets: [openai/gpt-4.1, demo/echo]}
  lost: {targets: [openai/gpt-4.1, openai/gpt-4.1-mini]}
`);

async function run(...argv: string[]) {
  return await runIn({}, ...argv);
}

async function runIn(env: Record<string, string>, ...argv: string[]) {
  let stdout = "";
  let stderr = "";
  const io = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env,
    cwd,
    storageUrl: "sqlite:x.db",
    openStorage,
  };
  const code = await runExperiments(argv, io, CONFIG);
  return { code, stdout, stderr };
}

const GREETING = [
  "--template",
  "greeting",
  "--variant",
  "plain=1",
  "--variant",
  "warm=2",
  "--metric",
  "helpful",
];
const create = (...more: string[]) => run("create", ...GREETING, ...more);
const parsed = async (...argv: string[]) => JSON.parse((await run(...argv, "--json")).stdout);

async function units(count: number, ...shares: number[]): Promise<void> {
  const storage = await openStorage("sqlite:x.db", cwd);
  await arrive(storage, "greeting-1", { first: 0, count }, (variant, chance) => ({
    helpful: chance < shares[variant]!,
  }));
  await storage.close();
}

describe("an experiment whose models cannot be called", () => {
  const variants = ["--template", "greeting", "--variant", "plain=1", "--variant", "big=2@openai/gpt-5.2"];
  const make = (...more: string[]) => run("create", ...variants, "--metric", "helpful", ...more);

  test("does not start here without the provider's key, and does with it", async () => {
    expect(await make("--start")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        'The variant big asks for openai/gpt-5.2, which cannot be called. The provider "openai" has no API key. Set OPENAI_API_KEY, or providers.openai.api_key.\n',
    });
    expect((await make()).code).toBe(0);
    expect((await run("start", "greeting-1")).stderr).toContain("OPENAI_API_KEY");
    expect((await runIn({ OPENAI_API_KEY: "sk-1" }, "start", "greeting-1")).stdout).toBe(
      "The experiment greeting-1 runs.\n",
    );
  });

  test("does not start with a route none of whose targets can be called, or that is not there", async () => {
    const wish = (route: string) => ({
      template: "greeting",
      variants: [
        { name: "plain", version: "1" },
        { name: "big", version: "2", route },
      ],
      metric: { name: "helpful" },
      start: true,
    });
    const start = async (route: string) => {
      writeFileSync(join(cwd, "wish.json"), JSON.stringify(wish(route)));
      return await run("create", "--file", "wish.json");
    };
    expect((await start("lost")).stderr).toContain(
      'The variant big asks for lost, which cannot be called. No target of the route "lost" can be called now. "openai/gpt-4.1" cannot be called:',
    );
    expect((await start("autoo")).stderr).toContain('The model "autoo" is not known.');
    expect((await start("off")).code).toBe(0);
  });
});

describe("experiments create", () => {
  test("makes a draft and says how to go on", async () => {
    const { code, stdout } = await create();
    expect([code, stdout]).toEqual([
      0,
      "The experiment greeting-1 is made. It is a draft: amsterdam experiments start greeting-1\n",
    ]);
  });

  test("takes every setting as an option", async () => {
    const { stdout } = await run(
      ...["create", "--id", "mine", "--description", "Warmer?", "--template", "greeting"],
      ...["--variant", "plain=1", "--variant", "warm=2@demo/echo", "--weights", "plain=3,warm=1"],
      ...["--metric", "rating:1..5", "--minimize", "--unit", "thread", "--outside", "0.1"],
      ...[
        "--guardrail",
        "failure<=0.05",
        "--guardrail",
        "speed:0..10 >= 2",
        "--agent",
        "coder*",
        "--tag",
        "env=production",
      ],
      ...[
        "--error-rate",
        "0.1",
        "--tolerance",
        "0.2",
        "--when-decided",
        "promote",
        "--label",
        "staging",
        "--start",
        "--json",
      ],
    );
    expect(JSON.parse(stdout)).toMatchObject({
      id: "mine",
      status: "running",
      variants: [
        { name: "plain", weight: 3, model: null },
        { name: "warm", weight: 1, model: "demo/echo" },
      ],
      allocation: "fixed",
      metric: { name: "rating", kind: "bounded", min: 1, max: 5 },
      direction: "minimize",
      guardrails: [
        { metric: { name: "failure" }, at_most: 0.05 },
        { metric: { name: "speed", min: 0, max: 10 }, at_least: 2 },
      ],
      contexts: { agents: ["coder*"], tags: ["env=production"] },
      unit: "thread",
      outside: 0.1,
      error_rate: 0.1,
      tolerance: 0.2,
      when_decided: "promote",
      label: "staging",
    });
  });

  test("reads a file of YAML or JSON, before which options go", async () => {
    const yaml =
      'template: greeting\nvariants: [{name: a, version: "1"}, {name: b, version: "3"}]\nmetric: {name: cost}\n';
    writeFileSync(join(cwd, "x.yaml"), yaml);
    const made = JSON.parse(
      (await run("create", "--file", "x.yaml", "--metric", "helpful", "--json")).stdout,
    );
    expect(made).toMatchObject({ metric: { name: "helpful" }, variants: [{ name: "a" }, { version: "3" }] });
    writeFileSync(
      join(cwd, "x.json"),
      JSON.stringify({ template: "greeting", variants: [], status: "running" }),
    );
    const { code, stderr } = await run("create", "--file", "x.json");
    expect([code, stderr.includes("There is no status") || stderr]).toEqual([2, true]);
  });

  test.each([
    [["--file", "none.yaml"], 1, "cannot be read"],
    [["--file", "list.yaml"], 1, "expected an experiment's settings"],
    [["--file", "wrong.yaml"], 1, "wrong.yaml: "],
    [["--file", "number.yaml"], 2, "variants.0.version: expected a text"],
    [[...GREETING, "--variant", "x"], 2, "expected a name and a version"],
    [[...GREETING, "--weights", "x=1"], 2, "there is no variant x"],
    [[...GREETING, "--weights", "plain=NaN"], 2, "expected a number"],
    [[...GREETING, "--weights", "plain=-1"], 1, "Fixed weights are one number above 0"],
    [[...GREETING, "--guardrail", "failure=1"], 2, "expected such as"],
    [[...GREETING, "--outside", "Infinity"], 2, "expected a number"],
    [[...GREETING, "--maximize", "--minimize"], 2, "Either --maximize or --minimize"],
    [[...GREETING, "--metric", "cost:boolean"], 1, "kind number"],
    [[...GREETING, "--template", "none"], 1, "no template none"],
    [[...GREETING, "--colour", "red"], 2, "colour"],
    [["--template", "greeting"], 2, "variants: "],
    [[...GREETING, "extra"], 2, "Too much: extra"],
  ])("is refused with %j", async (argv, code, message) => {
    writeFileSync(join(cwd, "list.yaml"), "- 1\n");
    writeFileSync(join(cwd, "wrong.yaml"), "a: [1\n");
    writeFileSync(
      join(cwd, "number.yaml"),
      'template: greeting\nvariants: [{name: a, version: 1}, {name: b, version: "2"}]\nmetric: {name: x}\n',
    );
    const result = await run("create", ...argv);
    expect([result.code, result.stderr.includes(message) || result.stderr]).toEqual([code, true]);
  });
});

describe("experiments show", () => {
  test("tells of each variant all that is known, then the verdict as a sentence", async () => {
    await create(
      "--allocation",
      "fixed",
      "--guardrail",
      "failure<=0.5",
      "--description",
      "Warm \u001b[2J or not?",
    );
    await run("start", "greeting-1");
    await units(300, 0.3, 0.9);
    const { code, stdout } = await run("show", "greeting-1");
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    expect(lines[0]).toStartWith("greeting-1  running since ");
    const head = lines.find((line) => line.startsWith("VARIANT"))?.split(/ {2,}/);
    expect(head).toEqual(
      "VARIANT UNITS JUDGED MEAN SPREAD INTERVAL CORRECTED BEST LOSS SHARE STATE".split(" "),
    );
    expect(stdout).toMatch(
      /\nwarm +\d+ +\d+ +0\.\d+ +0\.\d+ +0\.\d+ to 0\.\d+ +0\.\d+ +100 % +\S+ +50 % +on\n/,
    );
    expect(stdout).toContain("warm is the best: its mean of helpful is higher than that of plain by 0.");
    expect(stdout).toMatch(/failure <= 0\.5 +plain +\d+ +0/);
    expect(stdout).toContain("It was started. (command line)");
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
  });

  test("gives the same as JSON", async () => {
    await create("--start");
    expect(await parsed("show", "greeting-1")).toMatchObject({
      experiment: { id: "greeting-1" },
      report: { status: "gathering", winner: null },
      events: [{ kind: "created" }],
    });
  });
});

describe("experiments", () => {
  test("are listed, or said to be none", async () => {
    expect((await run("list")).stdout).toContain("There is no experiment in sqlite:x.db");
    await create();
    expect((await run("list")).stdout).toMatch(
      /greeting-1 +greeting +draft +plain=1, warm=2 +helpful +- +-\n/,
    );
    expect(await parsed("list")).toMatchObject([{ id: "greeting-1" }]);
  });

  test("go through their life from the command line", async () => {
    await create();
    const said: string[] = [];
    for (const line of [
      "start greeting-1",
      "switch-off greeting-1 plain --reason rude",
      "switch-on greeting-1 plain",
      "pause greeting-1",
      "resume greeting-1",
      "promote greeting-1 --variant warm",
      "revert greeting-1",
    ]) {
      const { code, stdout, stderr } = await run(...line.split(" "));
      said.push(`${code} ${stdout}${stderr}`);
    }
    expect(said).toEqual([
      "0 The experiment greeting-1 runs.\n",
      "0 plain of greeting-1 is switched off.\n",
      "0 plain of greeting-1 is switched on.\n",
      "0 The experiment greeting-1 is paused.\n",
      "0 The experiment greeting-1 runs again.\n",
      "0 The experiment greeting-1 has ended with a promotion. The label production points to version 2.\n",
      "0 The promotion of greeting-1 is reverted.\n",
    ]);
    expect(await run("end", "greeting-1")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is ended"),
    });
  });

  test("that lose their last variant are said to be paused", async () => {
    await create("--start");
    await run("switch-off", "greeting-1", "plain");
    expect((await run("switch-off", "greeting-1", "warm")).stdout).toContain("all of its variants are off");
  });

  test("tell what another allocation would have earned, or why that cannot be told", async () => {
    await create("--allocation", "fixed", "--start");
    await units(400, 0.3, 0.9);
    const { stdout } = await run("evaluate", "greeting-1", "--weights", "plain=1,warm=3");
    expect(stdout).toMatch(/^ALLOCATION +UNITS +WORTH +HELPFUL +INTERVAL +SNIPS +IPS\n/);
    expect(stdout).toMatch(
      /With plain 25 %, warm 75 %, the mean of helpful would have been 0\.7\d*, surely /,
    );
    expect((await run("evaluate", "greeting-1", "--new-version", "3")).stdout).toContain(
      "No request of greeting-1 had version 3",
    );
    expect((await parsed("evaluate", "greeting-1", "--variant", "warm")).policies).toHaveLength(1);
    expect((await run("evaluate", "greeting-1", "--weights", "x")).code).toBe(2);
  });

  test.each([
    [[], 2, "Say what to do"],
    [["stop", "x"], 2, "Unknown: experiments stop"],
    [["__proto__"], 2, "Unknown"],
    [["show"], 2, "takes one id"],
    [["switch-off", "x"], 2, "takes an id and a variant"],
    [["show", "none"], 1, "There is no experiment"],
    [["show", "none", "--weights", "a=1"], 2, "weights"],
  ])("called wrongly say so: %j", async (argv, code, message) => {
    const result = await run(...argv);
    expect([result.code, result.stderr.includes(message) || result.stderr]).toEqual([code, true]);
  });

  test("have help", async () => {
    for (const argv of [["--help"], ["create", "--help"], ["show", "-h"]])
      expect((await run(...argv)).stdout).toContain("amsterdam experiments evaluate <id>");
  });
});
