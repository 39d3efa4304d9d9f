import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultModel } from "./default-model.ts";
import { LengthRule } from "./length-rule.ts";
import { QualityModel, RefusedModel, scorerFor } from "./quality-model.ts";
import { strongProbability } from "./score.ts";

const folder = mkdtempSync(join(tmpdir(), "quality-model-"));
afterAll(() => rmSync(folder, { recursive: true }));
const GOOD = readFileSync(join(import.meta.dir, "default.model"));

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

function loaded(path: string | null): QualityModel {
  const model = QualityModel.load(path);
  if (model instanceof RefusedModel) throw new Error(model.reason);
  return model;
}

const body = (content: unknown) => Buffer.from(JSON.stringify({ messages: [{ role: "user", content }] }));
const HARD = "Prove that the sum of the first n odd numbers is a square, and explain each step.";

describe("a model", () => {
  test("scores what the user asked for, the same in every format", () => {
    const model = loaded(null);
    const score = strongProbability(defaultModel(), HARD);
    expect(model.judge(body(HARD), "openai-chat")).toEqual({ score, reason: null });
    expect(model.score(body([{ type: "text", text: HARD }]), "anthropic-messages")).toBe(score);
    expect(model.score(Buffer.from(JSON.stringify({ input: HARD })), "openai-responses")).toBe(score);
    const contents = [{ parts: [{ text: HARD }] }];
    expect(model.score(Buffer.from(JSON.stringify({ contents })), "gemini")).toBe(score);
    expect(score).toBeGreaterThan(model.score(body("hello!"), "openai-chat"));
  });

  test("gives what has no words the middle score, and says why", () => {
    const model = loaded(null);
    const middle = model.thresholdBefore(0.5);
    expect(model.judge(body([{ type: "image_url" }]), "openai-chat")).toEqual({
      score: middle,
      reason: "no turn of the user's has words",
    });
    expect(model.judge(Buffer.from([0, 255, 3]), "gemini")).toEqual({
      score: middle,
      reason: "the body is not JSON",
    });
    expect(middle).toBe(model.model.quantiles[50]!);
  });

  test("a body of one megabyte is scored in bounded time", () => {
    const model = loaded(null);
    const big = "x = [1, 2]\n".repeat(95_000);
    const bodies = [
      body(big),
      body([
        { type: "image_url", image_url: { url: `data:${"A".repeat(1 << 20)}` } },
        { type: "text", text: "?" },
      ]),
      Buffer.from(`{"messages":[${'{"role":"user"},'.repeat(60_000)}{}]}`),
      Buffer.from(`{"messages":${"[".repeat(1 << 20)}`),
    ];
    for (const each of bodies) {
      const start = performance.now();
      expect(model.score(each, "openai-chat")).toBeGreaterThan(0);
      // Some ten times what it takes on a machine that does other things too.
      expect(performance.now() - start).toBeLessThan(1_000);
    }
  });

  test("is read from a file", () => {
    expect(loaded(file("good.model", GOOD)).name).toBe(loaded(null).name);
    expect(loaded(null).name).toMatch(/^learned-[0-9a-f]{12}$/);
  });
});

describe("a file that cannot be used", () => {
  const flipped = Uint8Array.from(GOOD, (byte, at) => (at === 20_000 ? byte ^ 1 : byte));
  const cases: readonly (readonly [string, () => string, string])[] = [
    [
      "foreign",
      () => file("foreign", "PK\u0003\u0004 and then some more bytes to be longer than it"),
      "not a router's",
    ],
    ["empty", () => file("empty", ""), "not a router's"],
    ["cut", () => file("cut", GOOD.subarray(0, 9_000)), "damaged"],
    ["changed", () => file("changed", flipped), "damaged"],
    ["too large", () => file("large", Buffer.alloc((1 << 20) + 1)), "at most 1048576"],
    ["missing", () => join(folder, "nowhere"), "ENOENT"],
    ["a folder", () => folder, "not a file"],
    ["without end", () => "/dev/zero", "not a file"],
  ];
  test.each(cases)("is refused: %s", (_, path, reason) => {
    const refused = QualityModel.load(path());
    expect(refused).toBeInstanceOf(RefusedModel);
    expect((refused as RefusedModel).reason).toContain(reason);
    expect((refused as RefusedModel).path).toBe(path());
  });

  test("leaves the previous model serving, or else the length of prompts", () => {
    const damaged = file("damaged", flipped);
    const first = scorerFor(damaged, null);
    expect(first.scorer).toBeInstanceOf(LengthRule);
    expect(first.refused?.reason).toContain("damaged");
    const before = loaded(null);
    expect(scorerFor(damaged, before).scorer).toBe(before);
    expect(scorerFor(null, null)).toMatchObject({ scorer: { name: before.name }, refused: null });
  });
});

describe("the length rule", () => {
  const rule = new LengthRule();
  test("sends longer prompts to the strong model", () => {
    const scores = [1, 10, 166, 1_000, 100_000].map((count) =>
      rule.score(body("x".repeat(count)), "openai-chat"),
    );
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(scores[2]).toBeCloseTo(0.5, 9);
    for (const score of scores) expect(score > 0 && score < 1).toBeTrue();
    expect(rule.judge(Buffer.from("{"), "openai-chat")).toEqual({
      score: 0.5,
      reason: "the body is not JSON",
    });
    expect(rule.thresholdBefore(0.3)).toBeCloseTo(0.7, 12);
    expect(() => rule.thresholdBefore(1.5)).toThrow(RangeError);
  });
});
