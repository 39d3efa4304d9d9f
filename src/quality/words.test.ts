import { expect, test } from "bun:test";
import { BUCKETS, bucketOf, hashOfText, visitGrams, visitWords } from "./words.ts";

function wordsOf(text: string): { word: number; pair: number; length: number }[] {
  const found: { word: number; pair: number; length: number }[] = [];
  visitWords(text, (word, pair, length) => found.push({ word, pair, length }));
  return found;
}
const lengths = (text: string) => wordsOf(text).map(({ length }) => length);

test("hashes are FNV-1a's", () => {
  // Published values of the 32-bit form.
  expect(hashOfText("")).toBe(0x811c9dc5);
  expect(hashOfText("a")).toBe(0xe40c292c);
  expect(hashOfText("foobar")).toBe(0xbf9cf968);
  expect(wordsOf("a foobar").map(({ word }) => word)).toEqual([0xe40c292c, 0xbf9cf968]);
  expect(wordsOf("a foobar")[1]!.pair).toBe(hashOfText("a foobar"));
});

test("every number is the same word, with its stops and commas", () => {
  const [first, second, third] = ["7", "1984", "3,141.59"].map((text) => wordsOf(text)[0]!.word);
  expect(second).toBe(first!);
  expect(third).toBe(first!);
  expect(lengths("3,141.59. 2")).toEqual([8, 1]);
});

test("letters of other scripts are words, ideographs one by one", () => {
  expect(lengths("größe значение")).toEqual([5, 8]);
  expect(lengths("证明 π")).toEqual([1, 1, 1]);
  expect(wordsOf("证明")[1]!.pair).not.toBe(wordsOf("明")[0]!.pair);
});

test("signs, emoji and control characters are no words", () => {
  expect(lengths("{}[] — … 🙂 \u0000 ×")).toEqual([]);
});

test("a run without an end is cut into words", () => {
  expect(lengths("a".repeat(70))).toEqual([32, 32, 6]);
  expect(lengths("9".repeat(5_000))).toEqual([5_000]);
});

test("buckets are within their number", () => {
  for (const hash of [0, 1, 0xffff_ffff, 0x8000_0000]) {
    expect(bucketOf(hash)).toBeGreaterThanOrEqual(0);
    expect(bucketOf(hash)).toBeLessThan(BUCKETS);
  }
});

test("groups of four characters are visited one by one, and are no words", () => {
  const grams: number[] = [];
  visitGrams("{x} {x}", (gram) => grams.push(gram));
  expect(grams.length).toBe(4);
  expect(new Set(grams).size).toBe(4);
  const same: number[] = [];
  visitGrams("word word", (gram) => same.push(gram));
  expect(same[5]).toBe(same[0]!);
  expect(same[0]).not.toBe(wordsOf("word")[0]!.word);
  visitGrams("abc", () => expect.unreachable());
});
