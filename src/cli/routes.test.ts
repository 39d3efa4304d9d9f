import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configIn } from "../config/testing.ts";
import { openStorage } from "../storage/open.ts";
import { runRoutes } from "./routes.ts";
import type { RoutesIo } from "./routes-parts.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-routes-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CONFIG = configIn(`
routes:
  fast: {targets: [demo/echo, openai/gpt-4.1-mini], conditions: {demo/echo: {agents: [coder]}}}
  tiers: {targets: [openai/gpt-4.1, demo/echo], strategy: quality, strong_share: 0.5}
aliases: {"claude-3-5-haiku*": fast}
`);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(root, "case-"));
});

async function run(argv: readonly string[], change: Partial<RoutesIo> = {}) {
  let stdout = "";
  let stderr = "";
  const io: RoutesIo = {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: { OPENAI_API_KEY: "sk-test" },
    cwd,
    storageUrl: "sqlite:routes.db",
    openStorage,
    stdin: () => Promise.reject(new Error("Nothing is to be read.")),
    ...change,
  };
  const code = await runRoutes(argv, io, CONFIG);
  return { code, stdout, stderr };
}

/** What it says, having gone well. */
async function said(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  expect([stderr, code]).toEqual(["", 0]);
  return stdout;
}

async function refused(...argv: string[]): Promise<[number, string]> {
  const { code, stdout, stderr } = await run(argv);
  expect(stdout).toBe("");
  return [code, stderr];
}

const json = async (...argv: string[]) => JSON.parse(await said(...argv, "--json"));
const put = (name: string, content: string) => writeFileSync(join(cwd, name), content);

describe("routes set", () => {
  test("makes a route of options, changes and deletes it", async () => {
    const text = await said(
      ...["set", "mine", "--target", "openai/gpt-4.1", "--target", "fast", "--strategy", "weighted"],
      ...["--weights", "openai/gpt-4.1=2, fast=0", "--deadline", "30", "--fallback-on", "error,timeout"],
      ...["--mirror", "demo/echo", "--mirror-share", "0.1"],
    );
    expect(text).toBe("The route mine is made. Running gateways follow within a second.\n");
    expect((await json("show", "mine")).definition).toEqual({
      targets: ["openai/gpt-4.1", "fast"],
      strategy: "weighted",
      weights: { "openai/gpt-4.1": 2, fast: 0 },
      parameters: {},
      conditions: {},
      fallback_on: ["error", "timeout"],
      deadline: 30,
      mirror: { target: "demo/echo", share: 0.1 },
    });
    expect(await said("set", "mine", "--target", "demo/echo")).toStartWith("The route mine is changed.");
    expect(await said("list")).toContain("mine   first     demo/echo ");
    expect(await said("delete", "mine")).toBe("The route mine is deleted.\n");
    expect(await refused("show", "mine")).toEqual([1, 'There is no route "mine".\n']);
  });

  test("makes a quality route by a share or by thresholds", async () => {
    const tiers = ["--target", "openai/gpt-4.1", "--target", "demo/echo", "--strategy", "quality"];
    await said("set", "a", ...tiers, "--strong-share", "0.3");
    await said("set", "b", ...tiers, "--thresholds", "0.4");
    expect((await json("show", "b")).definition.thresholds).toEqual([0.4]);
    expect(await refused("set", "c", ...tiers)).toEqual([
      1,
      "strategy: The strategy quality needs thresholds or a strong share.\n",
    ]);
  });

  test("takes a file in YAML or JSON, or standard input; options go before what it says", async () => {
    put(
      "r.yaml",
      "targets: [demo/echo]\nparameters: {demo/echo: {temperature: 0}}\nconditions:\n  demo/echo: {tags: [a]}\n",
    );
    await said("set", "r", "--file", "r.yaml", "--deadline", "5");
    const { definition } = await json("show", "r");
    expect(definition).toMatchObject({ parameters: { "demo/echo": { temperature: 0 } }, deadline: 5 });
    const piped = { stdin: async () => '{"targets": ["r"]}' };
    expect((await run(["set", "s", "--file", "-"], piped)).code).toBe(0);
    expect(await said("show", "s")).toContain("(a route)");
    put("bad.yaml", "targets: [demo/echo]\nstrateggy: cost\nweights: {demo/echo: -1}\n");
    expect(await refused("set", "t", "--file", "bad.yaml")).toEqual([
      1,
      expect.stringMatching(/^weights\.demo\/echo: .*\nThere is no strateggy\.\n$/),
    ]);
    put("list.json", "[1]");
    expect((await refused("set", "t", "--file", "list.json"))[1]).toContain("expected a route's settings");
    put("broken.yaml", "targets: [");
    expect((await refused("set", "t", "--file", "broken.yaml"))[1]).toStartWith("broken.yaml: ");
    expect((await refused("set", "t", "--file", "none.yaml"))[1]).toContain("cannot be read");
    put("long.yaml", `targets: [demo/echo]\n# ${"x".repeat(600_000)}`);
    expect((await refused("set", "t", "--file", "long.yaml"))[1]).toContain("it is no route");
  });

  test("is refused as the configuration's would be", async () => {
    expect(await refused("set", "x", "--target", "opnai/gpt")).toEqual([
      1,
      expect.stringContaining('(did you mean "openai/gpt"?)'),
    ]);
    expect(await refused("set", "fast", "--target", "demo/echo")).toEqual([
      1,
      'The route "fast" is one of the configuration, and is changed there.\n',
    ]);
    expect((await run(["set", "w", "--target", "demo/echo", "--weights", "demo/echo=2"])).stderr).toBe(
      "warning: weights: weights act with the strategies weighted and sticky, not with first.\n",
    );
  });

  test.each([
    [["set"], "takes one name"],
    [["set", "a", "b", "--target", "x"], "takes one name"],
    [["set", "a"], "--target or --file"],
    [["set", "a", "--target", "demo/echo", "--weights", "x"], "--weights x: expected such as"],
    [["set", "a", "--target", "demo/echo", "--weights", "x=many"], "expected a number"],
    [["set", "a", "--target", "demo/echo", "--deadline", ""], "expected a number"],
    [["set", "a", "--target", "demo/echo", "--mirror-share", "1"], "needs --mirror"],
    [["set", "a", "--targets", "x"], "--targets"],
    [["list", "a"], "takes no name"],
    [["show"], "takes one name"],
    [["explain"], "takes a name and a prompt"],
    [["explain", "fast", "a", "b"], "One prompt at a time"],
    [["explain", "fast", "a", "--format", "xml"], "is not one of"],
    [["constructor"], "Unknown"],
    [[], "Say what to do"],
  ])("%j is wrong usage", async (argv, message) => {
    const [code, stderr] = await refused(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toEndWith("See: amsterdam routes --help\n");
  });
});

describe("routes list and show", () => {
  test("tell of those of the configuration, of aliases, and of what is known of targets", async () => {
    const text = await said("list");
    expect(text).toMatch(/^ROUTE +STRATEGY +TARGETS +FROM +ACTS +CHANGED\nfast +first +demo\/echo, openai/);
    expect(text).toContain("claude-3-5-haiku*  fast\n");
    const { routes, aliases } = await json("list");
    expect([routes.length, aliases]).toEqual([2, [{ name: "claude-3-5-haiku*", target: "fast" }]]);
    const shown = await said("show", "tiers");
    expect(shown).toStartWith("tiers, of the configuration\n  strategy: quality\n  strong_share: 0.5\n");
    expect(shown).toMatch(/openai\/gpt-4\.1 +1 +1\.0M +\S.* +2 +0\.5 +8\n/);
  });

  test("say what does not act, and why", async () => {
    const storage = await openStorage("sqlite:routes.db", cwd);
    const at = { updatedAt: 0, updatedBy: null };
    await storage.routes.put({ name: "fast", definition: CONFIG.routes.tiers!, ...at });
    await storage.routes.put({ name: "odd\u001b[2J", definition: {} as never, ...at });
    await storage.close();
    const text = await said("list");
    expect(text).toContain("fast does not act: The configuration has a route of this name.\n");
    expect(text).toContain("odd�[2J does not act: It is no route as this gateway knows them");
    expect(text).not.toContain("\u001b");
    expect(await said("show", "odd\u001b[2J")).toContain("It does not act");
    const { code, stderr } = await run(["show", "fast"], { env: {} });
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("say of a route none of whose targets has a key that it does not act", async () => {
    const NO_KEY = expect.stringContaining('"openai/gpt-4.1" cannot be called: The provider "openai" has no');
    await said("set", "paid", "--target", "openai/gpt-4.1", "--target", "mistral/large");
    await said("set", "outer", "--target", "paid");
    const { stdout } = await run(["list", "--json"], { env: {} });
    const problems = JSON.parse(stdout).routes.map(({ name, problem }: never) => [name, problem]);
    expect(problems).toEqual([
      ["fast", null],
      ["outer", NO_KEY],
      ["paid", NO_KEY],
      ["tiers", null],
    ]);
    const { stdout: text } = await run(["list"], { env: {} });
    expect(text).toMatch(/paid +first .* no /);
    expect(text).toContain('paid does not act: "openai/gpt-4.1" cannot be called:');
    // With a key of one of them it does.
    expect((await json("list")).routes.every(({ problem }: never) => problem === null)).toBeTrue();
  });

  test("say which targets are never tried", async () => {
    const { stdout } = await run(["show", "tiers"], { env: {} });
    expect(stdout).toContain(
      'openai/gpt-4.1 is never tried: The provider "openai" has no API key. Set OPENAI_API_KEY',
    );
  });
});

describe("routes explain", () => {
  test("tells where a prompt would go and why", async () => {
    const text = await said("explain", "tiers:0", "Hello");
    expect(text).toStartWith(
      "It would go to demo/echo, then openai/gpt-4.1.\n\nroute tiers by quality, score 0.",
    );
    expect(text).toContain("  openai/gpt-4.1: ");
    expect((await json("explain", "tiers:1", "Hello")).targets[0]).toBe("openai/gpt-4.1");
    expect((await run(["explain", "tiers"], { stdin: async () => "Hello" })).code).toBe(0);
  });

  test("takes an alias, and what conditions go by", async () => {
    expect(await said("explain", "claude-3-5-haiku-latest", "x", "--agent-id", "coder")).toStartWith(
      "claude-3-5-haiku-latest stands for fast.\nIt would go to demo/echo, then openai/gpt-4.1-mini.\n",
    );
    expect(await said("explain", "fast", "x")).toContain("demo/echo: its conditions keep this request out");
  });

  test("tells what a route within a route decides", async () => {
    await said("set", "outer", "--target", "tiers", "--target", "fast");
    const text = await said("explain", "outer", "Hello");
    expect(text).toMatch(
      /^It would go to .*\n\nroute outer by first\n {2}tiers: .*\n {2}fast: .*\n\nroute tiers by quality, score 0\.\d+, threshold/,
    );
  });

  test("takes a request in a file", async () => {
    put(
      "r.json",
      JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hi" }] }], agent_id: "coder" }),
    );
    expect((await json("explain", "fast", "--request", "r.json")).targets[0]).toBe("demo/echo");
    put("other.json", '{"a": 1}');
    expect((await refused("explain", "fast", "--request", "other.json"))[1]).toContain("name its --format");
    put("list.json", "[]");
    expect((await refused("explain", "fast", "--request", "list.json"))[1]).toContain("is no request");
    put("text.json", "Hello");
    expect((await refused("explain", "fast", "--request", "text.json"))[1]).toBe("text.json is not JSON.\n");
  });

  test("tells of what is no route", async () => {
    expect(await refused("explain", "none", "x")).toEqual([1, 'There is no route "none".\n']);
  });

  test("refuses an empty prompt", async () => {
    const [code, stderr] = await refused("explain", "fast", "");
    expect([code, stderr]).toEqual([1, "The prompt is empty.\n"]);
  });
});

test("stored routes of a database in memory are the running gateway's alone", async () => {
  const { code, stderr } = await run(["list"], { storageUrl: "sqlite::memory:" });
  expect([code, stderr]).toEqual([1, expect.stringContaining("stored routes live in the running gateway")]);
});

test.each([[["--help"]], [["list", "--help"]], [["set", "-h"]], [["explain", "--help"]]])(
  "%j tells how it is used",
  async (argv) => expect(await said(...argv)).toContain("Usage:\n  amsterdam routes list"),
);
