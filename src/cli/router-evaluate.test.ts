import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runRouterEvaluate } from "./router-evaluate.ts";

const folder = mkdtempSync(join(tmpdir(), "router-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const code = await runRouterEvaluate(argv, { stdout, stderr, cwd: folder });
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

test("each set has a line for the router, for the heuristic, for length and for random, and the curve follows", async () => {
  const { code, out, err } = await run("--data", "own.jsonl");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const lines = out.trim().split("\n");
  const cells = (line: number) => lines[line]!.split(/\s+/).filter(Boolean);
  expect(cells(3)).toEqual("s 11 length 18.2 29.1 0.818 0.636 1.000".split(" "));
  expect(lines.slice(1, 5).map((line) => line.split(/\s+/)[2])).toEqual([
    "learned",
    "heuristic",
    "length",
    "random",
  ]);
  expect(lines.length).toBe(5 + 2 + 1 + 11);
  expect(cells(7)).toEqual(["strong", "learned", "heuristic", "length", "random"]);
  // The longest ones are those that the weak model fails at; each is an eleventh.
  expect(cells(9).slice(0, 2)).toEqual(["18.2", "%"]);
  expect(cells(9)[4]).toBe("0.8182");
  expect(cells(18)).toEqual(["100", "%", "1.0000", "1.0000", "1.0000", "1.0000"]);
});

test("JSON has the curves", async () => {
  const lines = JSON.parse((await run("--data", "own.jsonl", "--json")).out);
  expect(lines.map(({ router }: { router: string }) => router)).toEqual([
    "learned",
    "heuristic",
    "length",
    "random",
  ]);
  expect(lines[2].metrics.curve.length).toBe(11);
  expect(lines[2].metrics.apgr).toBeCloseTo(9 / 11, 12);
});

test("several sets are also judged together, and training data is warned of", async () => {
  const { code, out, err } = await run("--data", join(import.meta.dir, "../../training/outcomes.jsonl.gz"));
  expect(code).toBe(0);
  expect(out.split("\n\n")[0]!.trim().split("\n").length).toBe(1 + 4 * 6);
  expect(out).toContain("all");
  expect(err).toContain("trained on these very prompts");
});

test("wrong usage and files that cannot be used are told apart", async () => {
  expect((await run("--help")).out).toContain("Usage:");
  expect(await run("--model", "own.model")).toMatchObject({ code: 2, out: "" });
  expect(await run("--data", "own.jsonl", "--what")).toMatchObject({ code: 2, out: "" });
  expect(await run("--data", "missing")).toMatchObject({ code: 1, out: "" });
  expect((await run("--data", "own.jsonl", "--model", "own.jsonl")).err).toContain("not a router's");
  writeFileSync(join(folder, "empty.jsonl"), "\n");
  expect((await run("--data", "empty.jsonl")).err).toContain("no outcomes");
});

test("without data each prompt of the router's own data is scored without having been seen", async () => {
  const { code, out, err } = await run("--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const lines: { set: string; router: string; metrics: { apgr: number } }[] = JSON.parse(out);
  const of = (set: string, router: string) =>
    lines.find((line) => line.set === set && line.router === router)!.metrics.apgr;
  // What docs/routing.md says.
  for (const [set, apgr] of Object.entries({
    ulab: 0.769,
    mmlu: 0.659,
    gsm8k: 0.6,
    crux: 0.546,
    "math-l5": 0.516,
  })) {
    expect(of(set, "learned")).toBeCloseTo(apgr, 2);
    expect(of(set, "learned")).toBeGreaterThan(of(set, "length"));
  }
});

test("the picture is SVG with a line for each router, whatever the set is called", async () => {
  const set = '<b> & "\u0000';
  const named = LINES.map((line) => JSON.stringify({ ...JSON.parse(line), set }));
  writeFileSync(join(folder, "named.jsonl"), named.join("\n"));
  expect(await run("--data", "named.jsonl", "--picture", "curve.svg")).toMatchObject({ code: 0, err: "" });
  const svg = readFileSync(join(folder, "curve.svg"), "utf8");
  expect(svg.match(/<polyline /g)?.length).toBe(4);
  expect(svg).toContain("length, APGR 0.818");
  expect(svg).toContain("(&#60;b&#62; &#38; &#34;\ufffd)");
  const seen: string[] = [];
  new HTMLRewriter().on("*", { element: ({ tagName }) => void seen.push(tagName) }).transform(svg);
  expect([...new Set(seen)].toSorted()).toEqual(["line", "polyline", "rect", "svg", "text", "title"]);
  expect(await run("--data", "own.jsonl", "--picture", "no/such/folder.svg")).toMatchObject({
    code: 1,
    out: "",
  });
});
