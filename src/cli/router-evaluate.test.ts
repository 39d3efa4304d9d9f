import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runRouterEvaluate } from "./router-evaluate.ts";

const folder = mkdtempSync(join(tmpdir(), "router-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...argv: string[]): { code: number; out: string; err: string } {
  const said = { out: "", err: "" };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const code = runRouterEvaluate(argv, { stdout, stderr, cwd: folder });
  return { code, ...said };
}

/** Eleven prompts of rising length, of which the strong model wins the four longest. */
const LINES = Array.from({ length: 11 }, (_, at) => {
  return JSON.stringify({
    id: `${at}`,
    set: "s",
    prompt: "w".repeat(at + 1),
    strong: 1,
    weak: at > 6 ? 0 : 1,
  });
});
writeFileSync(join(folder, "own.jsonl"), LINES.join("\n"));

test("each set has a line for the router, for length and for random", () => {
  const { code, out, err } = run("--data", "own.jsonl");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const lines = out.trim().split("\n");
  expect(lines.length).toBe(4);
  expect(lines[2]!.split(/\s+/).filter(Boolean)).toEqual(
    "s 11 length 18.2 29.1 0.818 0.636 1.000".split(" "),
  );
});

test("JSON has the curves", () => {
  const lines = JSON.parse(run("--data", "own.jsonl", "--json").out);
  expect(lines.map(({ router }: { router: string }) => router)).toEqual(["learned", "length", "random"]);
  expect(lines[1].metrics.curve.length).toBe(11);
  expect(lines[1].metrics.apgr).toBeCloseTo(9 / 11, 12);
});

test("several sets are also judged together, and training data is warned of", () => {
  const { code, out, err } = run("--data", join(import.meta.dir, "../../training/outcomes.jsonl.gz"));
  expect(code).toBe(0);
  expect(out.trim().split("\n").length).toBe(1 + 3 * 6);
  expect(out).toContain("all");
  expect(err).toContain("trained on these very prompts");
});

test("wrong usage and files that cannot be used are told apart", () => {
  expect(run("--help").out).toContain("Usage:");
  expect(run()).toMatchObject({ code: 2, out: "" });
  expect(run("--data", "own.jsonl", "--what")).toMatchObject({ code: 2, out: "" });
  expect(run("--data", "missing")).toMatchObject({ code: 1, out: "" });
  expect(run("--data", "own.jsonl", "--model", "own.jsonl").err).toContain("not a router's");
  writeFileSync(join(folder, "empty.jsonl"), "\n");
  expect(run("--data", "empty.jsonl").err).toContain("no outcomes");
});
