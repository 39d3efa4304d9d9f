import { describe, expect, test } from "bun:test";
import { Capture, CaptureBudget } from "./capture.ts";

const KB = 1024;
const bytes = (length: number, value = 1) => new Uint8Array(length).fill(value);

test("what passed is kept by reference", () => {
  const capture = new Capture(true, 10 * KB, new CaptureBudget(Infinity));
  const [request, one, two] = [bytes(100), bytes(10), bytes(20)];
  capture.asked(request);
  capture.add(one, 1, false);
  capture.add(two, 2, false);
  expect(capture.request).toBe(request);
  expect(capture.chunks).toEqual([one, two]);
  expect(capture.chunks[0]).toBe(one);
  expect(capture.times).toEqual([1, 2]);
  expect(capture.cut).toBeFalse();
});

test("of a long stream the beginning is kept, and the last 64 KB", () => {
  const capture = new Capture(true, 10 * KB, new CaptureBudget(Infinity));
  for (let i = 0; i < 200; i++) capture.add(bytes(KB, i), i, false);
  expect(capture.chunks).toHaveLength(10);
  expect(capture.tail.map((chunk) => chunk[0]!)).toEqual(Array.from({ length: 64 }, (_, i) => 136 + i));
  expect([capture.cut, capture.gap]).toEqual([true, true]);
});

test("of a stream that is a little too long nothing is missing", () => {
  const capture = new Capture(true, 10 * KB, new CaptureBudget(Infinity));
  for (let i = 0; i < 20; i++) capture.add(bytes(KB, i), i, false);
  expect([...capture.chunks, ...capture.tail].map((chunk) => chunk[0]!)).toEqual(
    Array.from({ length: 20 }, (_, i) => i),
  );
  expect([capture.cut, capture.gap]).toEqual([true, false]);
});

test("a long whole answer is kept as a stream is", () => {
  const capture = new Capture(true, 10 * KB, new CaptureBudget(Infinity));
  capture.answered(bytes(100 * KB));
  expect(capture.chunks[0]).toHaveLength(10 * KB);
  expect(capture.tail[0]).toHaveLength(64 * KB);
  expect([capture.cut, capture.gap]).toEqual([true, true]);
});

test("the longest gap is between pieces of the model's, not what the gateway sends into a silence", () => {
  const capture = new Capture(true, KB, new CaptureBudget(Infinity));
  capture.add(bytes(1), 1_000, false);
  capture.add(bytes(1), 1_030, false);
  capture.add(bytes(1), 16_030, true);
  capture.add(bytes(1), 21_030, false);
  capture.add(bytes(1), 21_031, false);
  expect(capture.longestGap).toBe(20_000);
});

describe("the memory of all captures", () => {
  test("is bounded: beyond it only ends are kept, and it is given back", () => {
    const budget = new CaptureBudget(100 * KB);
    const captures = Array.from({ length: 4 }, () => new Capture(true, 1024 * KB, budget));
    for (let i = 0; i < 1_000; i++) for (const capture of captures) capture.add(bytes(KB), i, false);
    // Each keeps its last 64 KB whatever else there is, for usage stands there.
    expect(budget.used).toBeLessThan(100 * KB + 4 * 90 * KB);
    for (const capture of captures) {
      expect(capture.cut).toBeTrue();
      capture.release();
      capture.release();
    }
    expect(budget.used).toBe(0);
  });

  test("counts what tiny pieces cost beside their bytes", () => {
    const budget = new CaptureBudget(1024 * KB);
    const capture = new Capture(true, 1024 * KB, budget);
    for (let i = 0; i < 100_000; i++) capture.add(bytes(1), i, false);
    expect(capture.chunks.length).toBeLessThan(5_000);
  });
});
