import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { readOutcomes } from "./outcomes.ts";
import { DEFAULT_OPTIONS, prepare } from "./train.ts";
import { validate, validationTable } from "./validation.ts";

const ROWS = readOutcomes(
  gunzipSync(readFileSync(new URL("../../training/outcomes.jsonl.gz", import.meta.url))).toString(),
);

test("on prompts kept apart the router is ahead of length, of the heuristic and of random", () => {
  const validations = validate(prepare(ROWS), DEFAULT_OPTIONS);
  expect(validations.map(({ set }) => set).sort()).toEqual([
    "all",
    "crux",
    "gsm8k",
    "math-l5",
    "mmlu",
    "ulab",
  ]);
  const all = validations.find(({ set }) => set === "all")!.metrics;
  const apgr = (router: keyof typeof all) => all[router]!.apgr!;
  expect(apgr("cross-validated")).toBeGreaterThan(0.7);
  expect(apgr("set left out")).toBeGreaterThan(0.65);
  for (const other of ["heuristic", "length", "random"] as const) {
    expect(apgr("cross-validated")).toBeGreaterThan(apgr(other));
    expect(apgr("set left out")).toBeGreaterThan(apgr(other));
  }
});

test("of a single set none is left out, and the table says so", () => {
  const rows = ROWS.filter(({ set }) => set === "gsm8k");
  const validations = validate(prepare(rows), DEFAULT_OPTIONS);
  expect(validations.length).toBe(1);
  expect(validations[0]!.metrics["set left out"]).toBeNull();
  const lines = validationTable(validations).trim().split("\n");
  expect(lines.length).toBe(3);
  expect(lines[0]).toBe("| set | prompts | cross-validated | set left out | heuristic | length | random |");
  expect(lines[2]).toMatch(/^\| gsm8k \| 300 \| [\d. /*]+ \| – \| [\d. /*]+ \| [\d. /*]+ \| [\d. /*]+ \|$/);
});
