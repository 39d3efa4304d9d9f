import { describe, expect, test } from "bun:test";
import { continueTrace, formatTraceparent, requestId } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("traceparent", () => {
  test("a valid header is continued under a new span", () => {
    const context = continueTrace(`00-${TRACE}-${SPAN}-01`);
    expect(context).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, flags: 1 });
    expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(context.spanId).not.toBe(SPAN);
  });

  test.each([
    ["a later version of the same length", `01-${TRACE}-${SPAN}-00`, 0],
    ["a later version with more fields", `cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1],
    ["a later version with an empty further field", `01-${TRACE}-${SPAN}-01-`, 1],
    ["flags nobody knows yet", `00-${TRACE}-${SPAN}-ff`, 255],
  ])("%s is read by its first four fields", (_, header, flags) => {
    expect(continueTrace(header)).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, flags });
  });

  test.each([
    ["no header", null],
    ["an empty header", ""],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["upper-case hex", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["an upper-case version", `0A-${TRACE}-${SPAN}-01`],
    ["version 00 with a fifth field", `00-${TRACE}-${SPAN}-01-more`],
    ["version 00 with something behind", `00-${TRACE}-${SPAN}-01 `],
    ["a later version without the dash", `01-${TRACE}-${SPAN}-01x`],
    ["a short trace id", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a letter that is not hex", `00-${TRACE.slice(1)}g-${SPAN}-01`],
    ["flags that are not hex", `00-${TRACE}-${SPAN}-0x`],
    ["wrong separators", `00_${TRACE}_${SPAN}_01`],
    ["a cut header", `00-${TRACE}-${SPAN}-0`],
  ])("%s begins a new, sampled trace", (_, header) => {
    const context = continueTrace(header);
    expect(context.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(context.traceId).not.toBe(TRACE);
    expect(context).toMatchObject({ parentSpanId: null, flags: 1 });
  });

  test("what is sent on names this span as the parent and clears unknown flags", () => {
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, flags: 0xff })).toBe(`00-${TRACE}-${SPAN}-03`);
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, flags: 0 })).toBe(`00-${TRACE}-${SPAN}-00`);
    const context = continueTrace(null);
    expect(continueTrace(formatTraceparent(context))).toMatchObject({
      traceId: context.traceId,
      parentSpanId: context.spanId,
    });
  });

  test("ids do not repeat, also where the random pool is filled anew", () => {
    const ids = new Set<string>();
    for (let index = 0; index < 20_000; index++) {
      const { traceId, spanId } = continueTrace(null);
      ids.add(traceId).add(spanId);
    }
    expect(ids.size).toBe(40_000);
  });
});

describe("x-request-id", () => {
  test.each(["a", "req-1_~!", "x".repeat(128)])("%s is kept", (id) => {
    expect(requestId(id)).toBe(id);
  });

  test.each([
    ["none", null],
    ["an empty one", ""],
    ["one of 129 characters", "x".repeat(129)],
    ["one with a space", "a b"],
    ["one with a line break", "a\nb"],
    ["one with a control character", "a\x7f"],
    ["one beyond ASCII", "é"],
  ])("%s is replaced by a new UUID", (_, header) => {
    expect(requestId(header)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
