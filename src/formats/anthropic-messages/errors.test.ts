import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import { anthropicCount } from "./count.ts";
import { readError, writeError } from "./errors.ts";
import { anthropicMessages } from "./index.ts";

describe("the body of an error is read", () => {
  test.each([
    [
      { type: "error", error: { type: "not_found_error", message: "model: x" } },
      { message: "model: x", code: "not_found_error" },
    ],
    [{ error: { message: "m" } }, { message: "m" }],
    [{ error: "denied" }, { message: "denied" }],
    [{ type: "error", message: "m" }, { message: "m" }],
    [
      { message: "m", type: "throttled" },
      { message: "m", code: "throttled" },
    ],
    ["Bad Gateway", { message: "The provider answered with status 418." }],
    [null, { message: "The provider answered with status 418." }],
    [{ error: { message: { a: 1 }, type: 7 } }, { message: "The provider answered with status 418." }],
  ])("%j", (body, told) => {
    expect(readError(body, 418)).toEqual({ status: 418, ...told });
  });
});

describe("an error is written with a type that clients know", () => {
  test.each([
    [{ status: 400, message: "m" }, "invalid_request_error"],
    [{ status: 402, message: "m" }, "billing_error"],
    [{ status: 422, message: "m" }, "invalid_request_error"],
    [{ status: 502, message: "m", code: "constructor" }, "api_error"],
    [{ status: 503, message: "m" }, "overloaded_error"],
    [{ status: 400, message: "m", code: "context_length_exceeded" }, "invalid_request_error"],
  ])("%j", (error, type) => {
    expect(writeError(error)).toMatchObject({ type: "error", error: { type, message: "m" } });
  });
});

test("a thread that is refused is told as the SDK's tool runner understands it", () => {
  const error = new GatewayError("conversion_refused", "No", { param: "thread" });
  expect(JSON.parse(anthropicMessages.renderError(error, "r"))).toEqual({
    type: "error",
    error: {
      type: "invalid_request_error",
      message: "No",
      details: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
    },
    request_id: "r",
  });
});

test("a count is read and written", () => {
  expect(anthropicCount.readResponse(anthropicCount.writeResponse(42))).toBe(42);
  expect(() => anthropicCount.readResponse({ total: 42 })).toThrow(
    expect.objectContaining({ code: "upstream_invalid" }),
  );
});
