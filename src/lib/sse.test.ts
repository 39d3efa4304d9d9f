import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { firstEventEnd, lastEventEnd, parseEvent } from "./sse.ts";

/** `before`: what came before the chunk. */
const lastAfter = (chunk: Uint8Array, before: string) =>
  lastEventEnd(chunk, before.at(-1)?.charCodeAt(0) ?? -1, before.at(-2)?.charCodeAt(0) ?? -1);

const bytes = (text: string) => Buffer.from(text);

test.each([
  ["", -1],
  ["data: a\n", -1],
  ["data: a\n\n", 9],
  ["data: a\r\n\r\n", 11],
  ["data: a\n\r\n", 10],
  ["data: a\ndata: b\n\ndata: c\n\n", 17],
  [": comment\n\ndata: a\n\n", 11],
  ["data: a\n\r\r\n", -1],
])("the first event of %j ends at %i", (text, end) => {
  expect(firstEventEnd(bytes(text))).toBe(end);
});

describe("the last event's end", () => {
  test.each([
    ["data: a\n\nda", "\n\n", 9],
    ["data: a", "\n\n", -1],
    ["\n", "a\n", 1],
    ["\ndata", "a\n", 1],
    ["\n", "\n\r", 1],
    ["\r\n", "x\n", 2],
    ["\n", "xa", -1],
    ["\n", "x\r", -1],
    ["", "\n\n", -1],
  ])("of %j after %j is %i", (text, before, end) => {
    expect(lastAfter(bytes(text), before)).toBe(end);
  });

  test("is found in any two pieces of a stream where it is in the whole", () => {
    const text = fc
      .array(fc.constantFrom("data: x", "\n", "\r\n", "\n\n", "\r\n\r\n", "é"), { maxLength: 12 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.nat(), (stream, point) => {
        const whole = bytes(stream);
        const at = point % (whole.length + 1);
        const expected = lastAfter(whole, "ab");
        const before = `ab${whole.toString("latin1", 0, at)}`.slice(-2);
        const second = lastAfter(whole.subarray(at), before);
        expect(second < 0 ? lastAfter(whole.subarray(0, at), "ab") : at + second).toBe(expected);
      }),
    );
  });
});

test.each([
  ["data: a\n\n", null, "a"],
  ["data:a\n\n", null, "a"],
  ["data:  a \n\n", null, " a "],
  ["event: error\ndata: {}\n\n", "error", "{}"],
  ["event:error\r\ndata: a\r\ndata: b\r\n\r\n", "error", "a\nb"],
  [": comment\n\n", null, ""],
  ["\ufeffdata: a\n\n", null, "a"],
  ["id: 7\nretry: 10\ndata: a", null, "a"],
  ["data\n\n", null, ""],
])("%j is read", (text, event, data) => {
  expect(parseEvent(text)).toEqual({ event, data });
});

test("a chunk full of line feeds that end no event is looked through in linear time", () => {
  const chunk = bytes("a\n".repeat(4 * 1024 * 1024));
  const started = performance.now();
  expect([firstEventEnd(chunk), lastAfter(chunk, "\n\n")]).toEqual([-1, -1]);
  expect(performance.now() - started).toBeLessThan(5000);
});
