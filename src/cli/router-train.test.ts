import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModelFile } from "../quality/model-file.ts";
import { runRouterTrain } from "./router-train.ts";

const ROOT = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "router-train-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const code = await runRouterTrain(argv, { stdout, stderr, cwd: folder });
  return { code, ...said };
}

test("the model in the repository is what its data gives, byte for byte", async () => {
  const wanted = readFileSync(join(ROOT, "src/quality/default.model"));
  const data = join(ROOT, "training/outcomes.jsonl.gz");
  const { code, out } = await run(
    "--data",
    data,
    "--out",
    "again.model",
    "--note",
    readModelFile(wanted).note.data,
  );
  expect(code).toBe(0);
  expect(out).toBe(`again.model: ${wanted.length} bytes, from 7823 outcomes.\n`);
  expect(readFileSync(join(folder, "again.model"))).toEqual(wanted);
});

test("data without compression is taken, and validated if asked", async () => {
  const lines = Array.from({ length: 120 }, (_, at) => {
    const prompt =
      at % 2 ? `Prove lemma ${at} by induction over all the integers` : `greeting ${"abcdefgh"[at % 8]}`;
    return JSON.stringify({ id: `${at}`, set: "own", prompt, strong: 1, weak: at % 4 === 1 ? 0 : 1 });
  });
  writeFileSync(join(folder, "own.jsonl"), lines.join("\n"));
  const { code, out } = await run(
    "--data",
    "own.jsonl",
    "--out",
    "own.model",
    "--margin",
    "0.5",
    "--validate",
  );
  expect(code).toBe(0);
  expect(out).toContain("| own | 120 |");
  const { note } = readModelFile(readFileSync(join(folder, "own.model")));
  expect(note.sets).toEqual({ own: 120 });
  expect(note.options.margin).toBe(0.5);
});

test("wrong usage and bad data are told apart, and no file is written", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, err: "" });
  expect(await run("--data", "x")).toMatchObject({ code: 2, out: "" });
  expect((await run("--data", "x", "--out", "y", "--margin", "much")).err).toContain(
    "--margin much is not a number",
  );
  expect(await run("--unknown")).toMatchObject({ code: 2 });
  expect(await run("--data", "missing.jsonl", "--out", "none.model")).toMatchObject({ code: 1, out: "" });
  writeFileSync(join(folder, "bad.jsonl"), "{}\n");
  expect((await run("--data", "bad.jsonl", "--out", "none.model")).err).toContain(
    "Line 1: id is not a string",
  );
  expect(() => readFileSync(join(folder, "none.model"))).toThrow("ENOENT");
});
