import { describe, expect, test } from "bun:test";
import { ERRORS, type ErrorCode, GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { ErrorShape, Format } from "../exchange/formats.ts";
import { parseEvent } from "../lib/sse.ts";
import { FORMAT_MODULES, renderError, streamErrorIn } from "./registry.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];
const FORMATS = Object.keys(FORMAT_MODULES) as Format[];
const error = (code: ErrorCode, status?: number) =>
  new GatewayError(code, 'It says "no".\n', { param: "model", ...(status === undefined ? {} : { status }) });

const bodyOf = (shape: ErrorShape, what: GatewayError) => JSON.parse(renderError(shape, what, "req_1"));

describe("an error response", () => {
  test("holds the message in every shape, and the code where the shape has a place for it", () => {
    for (const code of CODES) {
      const what = error(code);
      expect(bodyOf("openai", what).error).toMatchObject({ message: what.message, param: "model", code });
      expect(bodyOf("anthropic", what)).toMatchObject({
        type: "error",
        error: { message: what.message },
        request_id: "req_1",
      });
      expect(bodyOf("gemini", what).error).toMatchObject({ code: what.status, message: what.message });
      expect(bodyOf("gemini", what).error.details[0].reason).toBe(code.toUpperCase());
      expect(bodyOf("plain", what)).toEqual({ error: { code, message: what.message, request_id: "req_1" } });
    }
  });

  test.each([
    [400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"],
    [401, "authentication_error", "authentication_error", "UNAUTHENTICATED"],
    [403, "permission_error", "permission_error", "PERMISSION_DENIED"],
    [404, "invalid_request_error", "not_found_error", "NOT_FOUND"],
    [408, "invalid_request_error", "timeout_error", "DEADLINE_EXCEEDED"],
    [413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"],
    [429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"],
    [500, "server_error", "api_error", "INTERNAL"],
    [502, "server_error", "api_error", "UNAVAILABLE"],
    [503, "server_error", "overloaded_error", "UNAVAILABLE"],
    [504, "server_error", "timeout_error", "DEADLINE_EXCEEDED"],
    [529, "server_error", "overloaded_error", "INTERNAL"],
  ])("of status %i has the type that each API gives it", (status, openai, anthropic, gemini) => {
    const what = error("upstream_error", status);
    expect(bodyOf("openai", what).error.type).toBe(openai);
    expect(bodyOf("anthropic", what).error.type).toBe(anthropic);
    expect(bodyOf("gemini", what).error.status).toBe(gemini);
  });
});

describe("an error in a stream", () => {
  test("is one whole event that its own format reads as an error", () => {
    for (const format of FORMATS) {
      const text = FORMAT_MODULES[format].renderStreamError(error("silence_timeout"), "req_1");
      expect(text).toEndWith("\n\n");
      expect(text.trimEnd()).not.toContain("\n\n");
      expect(streamErrorIn(format, parseEvent(text))?.message).toBe('It says "no".\n');
    }
  });

  test.each([
    ["openai-chat", { error: { message: "m", code: 503 } }, 503],
    ["openai-chat", { error: { message: "m", code: "429" } }, 429],
    ["openai-chat", { error: { message: "m", type: "rate_limit_error" } }, 429],
    ["openai-chat", { error: { message: "m", type: "overloaded" } }, 503],
    ["openai-chat", { error: { message: "m", code: "context_length_exceeded" } }, 400],
    ["openai-chat", { error: { message: "m", code: 200 } }, 502],
    ["openai-chat", { error: "m" }, 502],
    ["openai-responses", { type: "error", message: "m", code: "rate_limit_exceeded" }, 429],
    ["openai-responses", { type: "error", error: { message: "m", type: "server_error" } }, 502],
    ["openai-responses", { type: "response.failed", response: { error: { message: "m", code: "x" } } }, 502],
    ["anthropic-messages", { type: "error", error: { type: "overloaded_error", message: "m" } }, 529],
    ["anthropic-messages", { type: "error", error: { type: "constructor", message: "m" } }, 502],
    ["gemini", { error: { code: 429, message: "m", status: "RESOURCE_EXHAUSTED" } }, 429],
    ["gemini", { error: { code: "x", message: "m" } }, 502],
  ] as [Format, object, number][])("of %s, %j, stands for %i", (format, data, status) => {
    expect(streamErrorIn(format, { event: null, data: JSON.stringify(data) })).toEqual({
      status,
      message: "m",
    });
  });

  test.each([
    ["openai-responses", { type: "response.failed", response: { error: null } }],
    ["openai-responses", { type: "error" }],
    ["openai-chat", { error: {} }],
    ["anthropic-messages", { type: "error" }],
    ["gemini", { error: {} }],
  ] as [Format, object][])("of %s that says nothing, %j, still has a message in words", (format, data) => {
    const told = streamErrorIn(format, { event: null, data: `{"error":0,${JSON.stringify(data).slice(1)}` });
    expect(told?.message).toBe("error in the stream");
  });

  test("is not seen where there is none", () => {
    const data = [
      { choices: [], error: null },
      { type: "response.created", response: { error: null } },
      { type: "message_start", text: '"error"' },
      { candidates: [{ text: '"error"' }] },
    ].map((value) => JSON.stringify(value));
    for (const format of FORMATS)
      for (const text of [...data, "[DONE]", "", '{"error', '"error"', '["error"]'])
        expect(streamErrorIn(format, { event: null, data: text })).toBeNull();
    expect(streamErrorIn(null, { event: null, data: '{"error":{"message":"m"}}' })).toBeNull();
  });
});

test("whatever was thrown becomes an error of the table, and keeps its cause", () => {
  const own = error("not_found");
  expect(toGatewayError(own)).toBe(own);
  const cause = new TypeError("x");
  expect(toGatewayError(cause)).toMatchObject({ code: "gateway_error", status: 500, cause });
  expect(toGatewayError(cause).message).not.toContain("x");
});
