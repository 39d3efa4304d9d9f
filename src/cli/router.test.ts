import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultModel } from "../quality/default-model.ts";
import { strongProbability } from "../quality/score.ts";
import { runRouter } from "./router.ts";

const folder = mkdtempSync(join(tmpdir(), "router-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HARD = "Prove that the sum of the first n odd numbers is a square, and explain each step.";

async function run(argv: readonly string[], stdin = "") {
  const said = { out: "", err: "" };
  const stored: string[][] = [];
  const code = await runRouter(
    argv,
    {
      stdout: { write: (text) => (said.out += text) },
      stderr: { write: (text) => (said.err += text) },
      env: {},
      cwd: folder,
      stdin: () => Promise.resolve(stdin),
    },
    (rest) => Promise.resolve(stored.push(rest) - 1),
  );
  return { code, ...said, stored };
}

const explain = (...argv: string[]) => run(["explain", ...argv]);

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return name;
}

describe("amsterdam router", () => {
  test("has commands, of which two work on the storage", async () => {
    expect(await run(["--help"])).toMatchObject({ code: 0, err: "" });
    expect(await run([])).toMatchObject({ code: 2, out: "" });
    expect((await run(["constructor"])).err).toContain("Unknown: router constructor.");
    expect((await run(["calibrate", "--share", "0.2"])).stored).toEqual([["--share", "0.2"]]);
    expect((await run(["train", "--from-log"])).stored).toEqual([["--from-log"]]);
    expect(await run(["train", "--data", "missing", "--out", "x"])).toMatchObject({ code: 1, stored: [] });
    for (const command of ["train", "evaluate", "explain"])
      expect((await run([command, "--help"])).out).toContain(`amsterdam router ${command}`);
  });

  test("is reached from the command line", async () => {
    const main = join(import.meta.dir, "../main.ts");
    const child = Bun.spawn([process.execPath, main, "router", "explain", "--json"], {
      cwd: folder,
      stdin: Buffer.from(HARD),
      stdout: "pipe",
      stderr: "pipe",
    });
    const told = JSON.parse(await child.stdout.text());
    expect({ code: await child.exited, err: await child.stderr.text() }).toEqual({ code: 0, err: "" });
    expect(told.score).toBe(strongProbability(defaultModel(), HARD));
  });
});

describe("amsterdam router explain", () => {
  test("tells the score, what speaks for it, and which thresholds it passes", async () => {
    const { code, out, err } = await explain(HARD);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const score = strongProbability(defaultModel(), HARD);
    expect(out).toContain(`score  ${score.toFixed(3)}\n`);
    expect(out).toContain(`${HARD.length} characters`);
    const told = JSON.parse((await explain(HARD, "--json", "--threshold", String(score))).out);
    expect(told).toMatchObject({ score, reason: null, threshold: { strong: true } });
    const weights = told.parts.map(({ weight }: { weight: number }) => Math.abs(weight));
    expect(weights).toEqual(weights.toSorted((a: number, b: number) => b - a));
    expect(told.shares.length).toBe(9);
    for (const each of told.shares) expect(each.strong).toBe(score >= each.threshold);
    expect((await explain(HARD, "--threshold", "1")).out).toContain("Below the threshold 1.");
  });

  test("reads a request in any of the four formats", async () => {
    const score = strongProbability(defaultModel(), HARD);
    const requests = {
      chat: {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: HARD },
        ],
      },
      messages: {
        system: "Be brief.",
        messages: [{ role: "user", content: [{ type: "text", text: HARD }] }],
      },
      responses: { input: [{ role: "user", content: [{ type: "input_text", text: HARD }] }] },
      gemini: { contents: [{ parts: [{ text: HARD }] }] },
      completions: { prompt: HARD },
    };
    for (const [name, request] of Object.entries(requests)) {
      const { out } = await explain("--request", file(`${name}.json`, request), "--json");
      expect([name, JSON.parse(out).score]).toEqual([name, score]);
    }
    const both = file("both.json", { input: "hello", contents: [{ parts: { text: HARD } }] });
    expect(
      JSON.parse((await explain("--request", both, "--format", "openai-responses", "--json")).out).characters,
    ).toBe(5);
  });

  test("what has no words has the middle score, with the reason", async () => {
    const image = { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] };
    const { out } = await explain("--request", file("image.json", image));
    expect(out).toContain("the middle one: no turn of the user's has words");
    expect((await run(["explain"], " \n")).out).toContain("the middle one: the prompt has no words");
    const huge = JSON.parse((await run(["explain", "--json"], "證明 ".repeat(400_000))).out);
    expect(huge.characters).toBeLessThan(4_002);
  });

  test("wrong usage and what cannot be read are told apart", async () => {
    for (const argv of [
      ["a", "b"],
      ["a", "--request", "b"],
      ["--format", "xml"],
      ["a", "--threshold", "2"],
      ["--what"],
    ])
      expect(await explain(...argv)).toMatchObject({ code: 2, out: "" });
    expect(await explain("--request", "missing.json")).toMatchObject({ code: 1, out: "" });
    expect((await explain("--request", file("none.json", {}))).err).toContain("name its --format");
    expect((await explain("--request", file("list.json", "[]"))).err).toContain("name its --format");
    expect((await explain("--request", file("bad.json", '{"messages"'))).err).toContain("not JSON");
    expect((await explain("a", "--model", file("foreign", "x".repeat(100)))).err).toContain("not a router's");
  });
});
