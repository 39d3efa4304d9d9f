import { expect, test } from "bun:test";
import { readOutcomes } from "./outcomes.ts";

const LINE = '{"id":"a","set":"s","task":"t","prompt":"p","strong":1,"weak":0.5,"more":true}';

test("lines become outcomes; empty lines and unknown members are passed over", () => {
  const row = { id: "a", set: "s", task: "t", prompt: "p", strong: 1, weak: 0.5 };
  expect(readOutcomes(`${LINE}\n\n${LINE}\r\n`)).toEqual([row, row]);
  expect(readOutcomes("")).toEqual([]);
});

test("a task that is missing is the set", () => {
  expect(readOutcomes(LINE.replace('"task":"t",', ""))[0]!.task).toBe("s");
});

test("what is wrong is told with its line", () => {
  const wrong: [line: string, message: string][] = [
    ["{", "Line 2 is not JSON"],
    ["null", "Line 2 is not a JSON object"],
    [LINE.replace('"p"', "7"), "Line 2: prompt is not a string"],
    [LINE.replace('"id":"a",', ""), "Line 2: id is not a string"],
    [LINE.replace('"strong":1', '"strong":"1"'), "Line 2: strong is not a number"],
    [LINE.replace('"weak":0.5', '"weak":1e999'), "Line 2: weak is not a number"],
    ['{"__proto__":{"id":"a"}}', "Line 2: id is not a string"],
  ];
  for (const [line, message] of wrong) expect(() => readOutcomes(`${LINE}\n${line}`)).toThrow(message);
});
