import { describe, expect, test } from "bun:test";
import { startTrace } from "./trace.ts";
import { readTracking } from "./tracking.ts";

const read = (fields: Record<string, unknown> | null, headers: Record<string, string> = {}) =>
  readTracking(fields, headers);

describe("tracking", () => {
  test("is nothing where nothing is said", () => {
    expect(read(null)).toBeNull();
    expect(read({}, { "user-agent": "x" })).toBeNull();
    expect(read({ run_id: "", tags: null, agent_id: {}, thread_id: [], request_id: true })).toBeNull();
    expect(read(null, { "x-amsterdam-run-id": "" })).toBeNull();
  });

  test("is read from the body, numbers as ids", () => {
    const fields = {
      agent_id: "a",
      run_id: 7,
      request_parent_id: "p",
      request_id: "r",
      thread_id: 0,
      tags: ["x", 2, { y: 1 }],
    };
    expect(read(fields)).toEqual({ ...fields, run_id: "7", thread_id: "0", tags: ["x", "2"] });
  });

  test("keeps tags flat and bounded, whatever was sent", () => {
    const deep = JSON.parse(`${"[".repeat(10_000)}${"]".repeat(10_000)}`) as unknown;
    expect(read({ tags: [deep, "a"] })).toEqual({ tags: ["a"] });
    expect(read({ tags: { team: "x", deep, on: true } })).toEqual({ tags: { team: "x", on: "true" } });
    expect(read({ tags: "one" })).toEqual({ tags: ["one"] });
    expect((read({ tags: Array(1000).fill("x".repeat(1000)) })!.tags as string[]).join("").length).toBe(
      64 * 256,
    );
    const header = `${"x".repeat(1000)},`.repeat(1000);
    expect((read(null, { "x-amsterdam-tags": header })!.tags as string[]).join("").length).toBe(64 * 256);
  });

  test("is read from headers where the body is silent", () => {
    const headers = {
      "x-amsterdam-agent-id": "a",
      "x-amsterdam-run-id": "r",
      "x-amsterdam-request-parent-id": "p",
      "x-amsterdam-request-id": "q",
      "x-amsterdam-thread-id": "t",
      "x-amsterdam-tags": "one, two ,three",
    };
    const told = {
      agent_id: "a",
      run_id: "r",
      request_parent_id: "p",
      request_id: "q",
      thread_id: "t",
      tags: ["one", "two", "three"],
    };
    expect(read(null, headers)).toEqual(told);
    expect(read({ run_id: "body", tags: { own: true } }, headers)).toEqual({
      ...told,
      run_id: "body",
      tags: { own: "true" },
    });
  });

  test("is read from what the Amp client tells of itself; its messages are counted in each thread anew", () => {
    const amp = { "x-amp-thread-id": "T-1", "x-amp-message-id": "0", "x-amp-feature": "amp.chat" };
    expect(read(null, amp)).toEqual({ thread_id: "T-1", request_id: "T-1:0", agent_id: "amp.chat" });
    expect(read(null, { "x-amp-message-id": "M-5" })).toEqual({ request_id: "M-5" });
    expect(read(null, { ...amp, "x-amsterdam-request-id": "own" })?.request_id).toBe("own");
    expect(read({ request_id: "body", thread_id: "T-2" }, amp)).toMatchObject({
      request_id: "body",
      thread_id: "T-2",
    });
    expect(read(null, { "x-amp-message-id": "", "x-amp-thread-id": "" })).toBeNull();
    expect(read(null, { ...amp, "x-amp-message-id": "9".repeat(1000) })?.request_id).toHaveLength(256);
  });

  test("takes Amp's headers, unless the gateway's own say something else", () => {
    const amp = { "x-amp-thread-id": "T-1", "x-amp-feature": "chat" };
    expect(read(null, amp)).toEqual({ thread_id: "T-1", agent_id: "chat" });
    expect(read(null, { ...amp, "x-amsterdam-thread-id": "own" })).toEqual({
      thread_id: "own",
      agent_id: "chat",
    });
  });

  test("keeps ids to a length", () => {
    const told = read({ run_id: "x".repeat(10_000) }, { "x-amsterdam-thread-id": "y".repeat(1000) });
    expect([told?.run_id?.length, told?.thread_id?.length]).toEqual([256, 256]);
  });
});

test("a trace begins with what came on the first line, and nothing that it does not know yet", () => {
  const ids = { requestId: "r", traceId: "t", spanId: "s", parentSpanId: null };
  const trace = startTrace(ids, "POST", "/v1/x");
  expect(trace).toMatchObject({
    ...ids,
    method: "POST",
    path: "/v1/x",
    status: 0,
    error: null,
    endedAt: null,
    attempts: [],
  });
  expect(Math.abs(Date.now() - trace.startedAt)).toBeLessThan(1000);
  expect(startTrace(ids, "GET", "/").attempts).not.toBe(trace.attempts);
});
