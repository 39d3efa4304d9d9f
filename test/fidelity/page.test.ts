import { expect, test } from "bun:test";
import { EXCEPTIONS } from "./exceptions.ts";
import type { Format } from "./formats.ts";
import type { Finding, Outcome } from "./measure.ts";
import { faultLines, page } from "./page.ts";
import type { Recording } from "./recordings.ts";

const recording = (id: string, format: Format, stream: boolean): Recording => ({
  id,
  format,
  stream,
  url: "",
  request: {},
  status: 200,
  content_type: "application/json",
  features: ["toolcall"],
  body: "",
  model: "m",
  choices: 1,
});
const finding = (exception: Finding["exception"], mutation = "whole"): Finding => ({
  difference: { aspect: "text", expected: "a", actual: "b" },
  mutation,
  exception,
});
const outcome = (client: Format, one: Recording, ...findings: Finding[]): Outcome => ({
  client,
  recording: one,
  findings,
});

test("the page counts what came through by pair and by feature, and names each exception with its reason", () => {
  const [first, second] = [recording("x-1", "gemini", false), recording("x-2", "gemini", false)];
  const exception = EXCEPTIONS[0]!;
  const text = page([
    outcome("openai-chat", first),
    outcome("openai-chat", second, finding(exception), finding(exception, "in single bytes")),
    outcome("gemini", first),
  ]);
  expect(text).toContain("| Chat | Gemini | 1 / 2 |  |");
  expect(text).toContain("| Gemini | Gemini | 1 / 1 |  |");
  expect(text).toContain("| `toolcall` | 1 / 2 |");
  expect(text).toContain(`### ${exception.name}\n\n${exception.reason}\n\n- Gemini to Chat, 1: \`x-2\``);
});

test("a difference without a reason is told, once unless all are asked for", () => {
  const faulty = outcome(
    "gemini",
    recording("x-1", "openai-chat", true),
    finding(null),
    finding(null, "with CRLF"),
  );
  expect(faultLines([faulty])).toEqual(['Chat to Gemini, x-1 whole: text: "a" became "b"']);
  expect(faultLines([faulty], true)).toHaveLength(2);
  expect(faultLines([outcome("gemini", recording("x-2", "gemini", true), finding(EXCEPTIONS[0]!))])).toEqual(
    [],
  );
});
