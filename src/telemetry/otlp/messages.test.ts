import { expect, test } from "bun:test";
import { requestRecord } from "../../../test/support/records.ts";
import { messagesOf } from "./messages.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

function said(request: unknown, response: unknown) {
  return messagesOf(requestRecord(), { request: bytes(request), response: bytes(response), cut: false });
}

test("messages have the conventions' shape: text, reasoning, tool calls and their results", () => {
  const call = { id: "c1", type: "function", function: { name: "look", arguments: '{"at":"sky"}' } };
  const messages = [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Look!" },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "c1", content: "blue" },
  ];
  const answer = {
    choices: [{ index: 0, message: { role: "assistant", content: "Blue." }, finish_reason: "stop" }],
  };
  const { input, output } = said({ model: "m", messages }, { id: "r", model: "m", ...answer })!;
  expect(JSON.parse(input!)).toEqual([
    { role: "system", parts: [{ type: "text", content: "Be kind." }] },
    { role: "user", parts: [{ type: "text", content: "Look!" }] },
    { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "look", arguments: '{"at":"sky"}' }] },
    { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "blue" }] },
  ]);
  expect(JSON.parse(output!)).toEqual([
    { role: "assistant", parts: [{ type: "text", content: "Blue." }], finish_reason: "stop" },
  ]);
});

test("what is longer than collectors take is left out, and so is what cannot be read", () => {
  const messages = [{ role: "user", content: "x".repeat(200_000) }];
  expect(said({ model: "m", messages }, "no JSON")).toEqual({ input: null, output: null });
  expect(said('{"model":"m","mess', "{}")).toBeNull();
});
