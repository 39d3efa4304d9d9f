import { describe, expect, test } from "bun:test";
import type { Part } from "../exchange/parts.ts";
import type { GenerateRequest, Message } from "../exchange/request.ts";
import { withoutRepeatedResults } from "./repeated-results.ts";

const call = (id: string): Message => ({
  role: "assistant",
  parts: [{ kind: "tool-call", id, name: "f", arguments: "{}" }],
});
const result = (callId: string, text: string): Part => ({
  kind: "tool-result",
  callId,
  parts: [{ kind: "text", text }],
});
const results = (...parts: Part[]): Message => ({ role: "tool", parts });

function left(...messages: Message[]): readonly Message[] {
  const request: GenerateRequest = { model: "m", stream: false, streamUsage: true, messages, tools: [] };
  return withoutRepeatedResults(request).messages;
}

describe("a tool's result", () => {
  test("that is sent twice is there once, and a message of nothing else is gone", () => {
    const once = [call("a"), results(result("a", "x"))];
    expect(left(call("a"), results(result("a", "x"), result("a", "x")))).toEqual(once);
    expect(left(call("a"), results(result("a", "x")), results(result("a", "x")))).toEqual(once);
  });

  test.each([
    ["of each of two calls with one id", [call("a"), call("a"), results(result("a", "x"), result("a", "x"))]],
    [
      "of a later call with the same id",
      [call("a"), results(result("a", "x")), call("a"), results(result("a", "x"))],
    ],
    ["that says something else", [call("a"), results(result("a", "x"), result("a", "y"))]],
    ["without a call", [results(result("a", "x"), result("a", "x"))]],
  ])("%s stays", (_which, messages) => {
    expect(left(...messages)).toEqual(messages);
  });
});
