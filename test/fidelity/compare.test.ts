import { expect, test } from "bun:test";
import { type Aspect, differences } from "./compare.ts";
import type { Reading } from "./reading.ts";

const answer: Reading = {
  text: "Sunny.",
  reasoning: "The tool said so.",
  calls: [{ name: "weather", args: { city: "Alkmaar", days: 2 } }],
  callIds: ["call_1"],
  finish: "tool-calls",
  usage: { input: 10, output: 5, cached: 4, reasoning: 2 },
  error: null,
};
const failed: Reading = { ...answer, finish: null, usage: {}, error: { status: 429, message: "Slow down" } };

const aspects = (expected: Reading, actual: Reading) =>
  differences(expected, actual).map(({ aspect }): Aspect => aspect);

test("the same readings do not differ", () => {
  expect(differences(answer, structuredClone(answer))).toEqual([]);
  expect(differences(failed, structuredClone(failed))).toEqual([]);
});

test.each<[Aspect, Partial<Reading>]>([
  ["text", { text: "Sunny" }],
  ["reasoning", { reasoning: "The tool said no." }],
  ["calls", { calls: [{ name: "weather", args: { city: "Alkmaar", days: "2" } }] }],
  ["calls", { calls: [...answer.calls, ...answer.calls] }],
  ["call ids", { callIds: ["call_1", "call_1"] }],
  ["finish", { finish: "length" }],
  ["input tokens", { usage: { ...answer.usage, input: 14 } }],
  ["output tokens", { usage: { input: 10, cached: 4, reasoning: 2 } }],
  ["cached tokens", { usage: { ...answer.usage, cached: 0 } }],
  ["reasoning tokens", { usage: { ...answer.usage, reasoning: 0 } }],
])("a difference in %s is found", (aspect, change) => {
  expect(aspects(answer, { ...answer, ...change })).toEqual([aspect]);
});

test("an error that is lost, has another status or other words is found", () => {
  expect(aspects(failed, { ...failed, error: null })).toContain("error");
  expect(aspects(answer, { ...answer, error: { status: null, message: "broken" } })).toContain("error");
  expect(aspects(failed, { ...failed, error: { status: 502, message: "Slow down" } })).toEqual(["error"]);
  expect(aspects(failed, { ...failed, error: { status: 429, message: "Refused" } })).toEqual(["error"]);
});

test("more words around a provider's own are no difference", () => {
  expect(differences(failed, { ...failed, error: { status: 429, message: "[429] Slow down" } })).toEqual([]);
});
