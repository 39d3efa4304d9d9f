import { describe, expect, test } from "bun:test";
import { ERRORS, type ErrorCode } from "../exchange/errors.ts";
import type { Trace } from "../records/trace.ts";
import { requestJson, requestLevel, requestPretty } from "./request-log.ts";
import { testTrace } from "./test-trace.ts";

const parse = (trace: Trace) => JSON.parse(requestJson(trace, requestLevel(trace)));

describe("the line of a request", () => {
  test("holds the facts of the trace and nothing more", () => {
    const trace = testTrace({ path: "/v1/chat/completions?key=verysecret" });
    expect(parse(trace)).toEqual({
      time: "2026-11-18T11:06:41.123Z",
      level: "info",
      msg: "request",
      request_id: "req-1",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      method: "POST",
      path: "/v1/chat/completions",
      door: "/v1/chat/completions",
      key: "key_1",
      provider: "openai",
      model: "gpt-4o",
      status: 200,
      duration_ms: 1000.5,
      first_byte_ms: 123.5,
      bytes_in: 1000,
      bytes_out: 20_000,
      attempts: 1,
      run_id: "run-1",
      agent_id: "agent-1",
      thread_id: "T-1",
    });
  });

  test("leaves out what never came to be", () => {
    const line = parse(
      testTrace({
        keyId: null,
        provider: null,
        model: null,
        requestedModel: null,
        tracking: null,
        attempts: [],
        firstByteAt: null,
      }),
    );
    for (const name of [
      "key",
      "provider",
      "model",
      "first_byte_ms",
      "run_id",
      "error",
      "cause",
      "attempt_details",
    ]) {
      expect(line).not.toHaveProperty(name);
    }
    expect(line.attempts).toBe(0);
  });

  test("lists the attempts when one failed, with the upstream's words masked", () => {
    const trace = testTrace({
      status: 502,
      error: "upstream_error",
      errorCategory: "upstream-failed",
      cause: "connection to https://user:verysecret@host failed",
      attempts: [
        {
          target: "openai/gpt-4o",
          startedAt: 1,
          endedAt: 51.26,
          status: 401,
          error: "upstream_refused",
          message: "Incorrect API key: sk-verysecret1",
          reason: "error",
        },
        {
          target: "xai/grok",
          startedAt: 60,
          endedAt: null,
          status: null,
          error: "upstream_unreachable",
          message: null,
        },
      ],
    });
    const line = parse(trace);
    expect(line).toMatchObject({ level: "warn", status: 502, error: "upstream_error", attempts: 2 });
    expect(line.attempt_details).toEqual([
      {
        target: "openai/gpt-4o",
        started_ms: 1,
        duration_ms: 50.3,
        status: 401,
        error: "upstream_refused",
        reason: "error",
        message: "Incorrect API key: [redacted]",
      },
      { target: "xai/grok", started_ms: 60, error: "upstream_unreachable" },
    ]);
    expect(JSON.stringify(line)).not.toContain("verysecret");
  });

  test("hostile names of a client neither break the line nor grow it without bound", () => {
    const hostile = `x"\n{"level":"error"}\u2028\x1b[2J${"y".repeat(10_000)}`;
    const trace = testTrace({
      path: `/v1/${hostile}`,
      model: hostile,
      door: hostile,
      tracking: { run_id: hostile, agent_id: hostile, thread_id: "Bearer verysecret" },
    });
    for (const line of [requestJson(trace, "info"), requestPretty(trace, "info", false)]) {
      expect(line.slice(0, -1)).toMatch(/^[^\x00-\x1f\x7f-\x9f\u2028]*$/);
      expect(line.length).toBeLessThan(4000);
      expect(line).not.toContain("verysecret");
    }
    expect(parse(trace).model).toStartWith('x"\n{"level":"error"}');
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])("%s has the level of who has to act", (code) => {
    const { category, status } = ERRORS[code];
    const forTheOperator = !["client", "authentication", "limit"].includes(category);
    const trace = testTrace({ error: code, errorCategory: category, status });
    expect(requestLevel(trace)).toBe(forTheOperator ? "warn" : "info");
  });

  test("a terminal gets it short, with the cause where it failed", () => {
    expect(requestPretty(testTrace({}), "info", false)).toMatch(
      /^\d\d:\d\d:\d\d\.123 INFO {2}POST \/v1\/chat\/completions 200 openai\/gpt-4o 1000\.5ms \(first byte 123\.5ms\)\n$/,
    );
    const failed = testTrace({
      status: 504,
      error: "connect_timeout",
      errorCategory: "timeout",
      cause: "no answer",
    });
    expect(requestPretty(failed, "warn", false)).toContain("WARN  POST");
    expect(requestPretty(failed, "warn", false)).toContain("connect_timeout: no answer [req-1]");
  });
});

test("a conversion is told with what it lost, and a client's own id of the request", () => {
  const line = JSON.parse(
    requestJson(
      testTrace({
        targetFormat: "gemini",
        losses: ["seed", 'tools[2]: "x"'],
        tracking: { request_id: "T-1:4" },
      }),
      "info",
    ),
  );
  expect(line).toMatchObject({
    converted_to: "gemini",
    losses: ["seed", 'tools[2]: "x"'],
    own_request_id: "T-1:4",
  });
  expect(JSON.parse(requestJson(testTrace({}), "info"))).not.toHaveProperty("converted_to");
});
