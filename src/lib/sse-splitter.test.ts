import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type SseEvent, SseSplitter } from "./sse.ts";

function split(pieces: readonly Uint8Array[]): SseEvent[] {
  const splitter = new SseSplitter();
  const events: SseEvent[] = [];
  for (const piece of pieces) splitter.push(piece, (event) => events.push(event));
  splitter.end((event) => events.push(event));
  return events;
}

const whole = (text: string) => split([Buffer.from(text)]);

describe("a body's events", () => {
  test.each([
    [
      "data: a\n\ndata: b\n\n",
      [
        [null, "a"],
        [null, "b"],
      ],
    ],
    ["event: x\ndata: a\n\n", [["x", "a"]]],
    [
      "event:x\r\ndata:a\r\n\r\ndata: b\r\n\r\n",
      [
        ["x", "a"],
        [null, "b"],
      ],
    ],
    [
      "data: a\r\rdata: b\r\r",
      [
        [null, "a"],
        [null, "b"],
      ],
    ],
    ["\ufeffdata: a\n\n", [[null, "a"]]],
    [": ping\n\ndata: a\n\n: ping\n\n", [[null, "a"]]],
    ["id: 7\nretry: 10\ndata: a\n\n", [[null, "a"]]],
    ["data: a\ndata: b\n\n", [[null, "a\nb"]]],
    ["event: lonely\n\ndata: a\n\n", [[null, "a"]]],
    [
      "data: a\n\ndata: unended",
      [
        [null, "a"],
        [null, "unended"],
      ],
    ],
    ["data:\n\ndata: a\n\n", [[null, "a"]]],
    ["data: 漢字 🐱\n\n", [[null, "漢字 🐱"]]],
    ["", []],
  ] as [string, [string | null, string][]][])("%j are %j", (text, expected) => {
    expect(whole(text).map(({ event, data }) => [event, data])).toEqual(expected);
  });

  test("are the same however the bytes are cut", () => {
    const line = fc.constantFrom("data: é漢🐱", "data: x", "event: y", ": c", "id: 1", "data:", "odd");
    const end = fc.constantFrom("\n", "\r\n", "\n\n", "\r\n\r\n");
    const body = fc.array(fc.tuple(line, end), { maxLength: 12 }).map((lines) => lines.flat().join(""));
    fc.assert(
      fc.property(body, fc.array(fc.nat(40), { maxLength: 30 }), (text, lengths) => {
        const bytes = Buffer.from(text);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const length of lengths) {
          pieces.push(bytes.subarray(at, at + length));
          at += length;
        }
        pieces.push(bytes.subarray(at));
        expect(split(pieces)).toEqual(split([bytes]));
        expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual(split([bytes]));
      }),
    );
  });

  test("that never end are given up before they fill the memory", () => {
    const splitter = new SseSplitter();
    const piece = Buffer.alloc(8 * 1024 * 1024, "a");
    expect(() => {
      for (let i = 0; i < 10; i++) splitter.push(piece, () => {});
    }).toThrow(RangeError);
  });
});
