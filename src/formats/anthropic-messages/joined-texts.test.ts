import { expect, test } from "bun:test";
import { validateStream } from "../../../test/support/anthropic-stream.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import { parseEvent } from "../../lib/sse.ts";
import { anthropicCodec } from "./codec.ts";

const context = () => ({
  request: anthropicCodec.readRequest(
    { model: "m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] },
    { model: null, stream: false },
  ),
  model: "m",
  losses: new Losses(),
  newId: () => "0".repeat(24),
  now: () => 0,
});
const signed: Part = { kind: "text", text: "This", seal: { origin: "gemini", value: "c2ln" } };
const words = (text: string): Part => ({ kind: "text", text });
const answer = (...parts: Part[]): GenerateResponse => ({
  id: "",
  model: "m",
  choices: [{ index: 0, parts, finish: "stop" }],
});

/** The texts of an answer's blocks, whole and streamed. */
function textsOf(response: GenerateResponse): { whole: string[]; streamed: string[] } {
  const whole = anthropicCodec.writeResponse(response, context()) as { content: { text: string }[] };
  const writer = anthropicCodec.createStreamWriter(context());
  const text = [...eventsOf(response)].map((event) => writer.write(event)).join("");
  const events = text.trim().split("\n\n").map(parseEvent);
  expect(validateStream(events)).toEqual([]);
  const streamed: string[] = [];
  for (const { event, data } of events) {
    const { index, delta } = JSON.parse(data) as { index: number; delta?: { text: string } };
    if (event === "content_block_delta") streamed[index] = (streamed[index] ?? "") + (delta?.text ?? "");
  }
  return { whole: whole.content.map((block) => block.text), streamed };
}

test("words after signed ones are in one block with them", () => {
  const texts = ["This is it."];
  expect(textsOf(answer(signed, words(" is it.")))).toEqual({ whole: texts, streamed: texts });
});

test("words after others are in a block of their own", () => {
  const texts = ["This", " is", " it."];
  expect(textsOf(answer(words("This"), words(" is"), words(" it.")))).toEqual({
    whole: texts,
    streamed: texts,
  });
});

test("signed words at the end are a whole block", () => {
  expect(textsOf(answer(signed))).toEqual({ whole: ["This"], streamed: ["This"] });
});
