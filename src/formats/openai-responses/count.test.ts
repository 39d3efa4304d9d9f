import { expect, test } from "bun:test";
import type OpenAI from "openai";
import { openaiResponsesCount as count } from "./count.ts";
import { requestContext } from "./testing.ts";

test("a request's tokens are asked for with what counts, and nothing that only an answer needs", () => {
  const body = {
    model: "m",
    input: "Hi",
    instructions: "Be brief.",
    temperature: 1,
    max_output_tokens: 9,
    stream: true,
  };
  const request = count.readRequest(body, { model: null, stream: false });
  expect(count.writeRequest(request, requestContext())).toEqual({
    model: "model-1",
    instructions: "Be brief.",
    input: [{ type: "message", role: "user", content: "Hi" }],
  } satisfies OpenAI.Responses.InputTokenCountParams);
});

test("their number is read and told", () => {
  const answer = {
    object: "response.input_tokens",
    input_tokens: 7,
  } satisfies OpenAI.Responses.InputTokenCountResponse;
  expect(count.readResponse(answer)).toBe(7);
  expect(count.writeResponse(7)).toEqual(answer);
  for (const body of [null, {}, { input_tokens: "7" }])
    expect(() => count.readResponse(body)).toThrow("does not tell the input's tokens");
});
