import { describe, expect, test } from "bun:test";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { CAN_READ_PROC, residentBytes } from "../../test/support/process-facts.ts";
import { codingsOf, decompress, EncodingError, TooLargeError } from "./decompress.ts";

const CODINGS: [name: string, coding: string, pack: (bytes: Buffer) => Buffer][] = [
  ["gzip", "gzip", gzipSync],
  ["x-gzip", "x-gzip", gzipSync],
  ["br", "br", (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ["zstd", "zstd", zstdCompressSync],
  ["deflate", "deflate", deflateSync],
  ["raw deflate", "deflate", deflateRawSync],
];

/** Text that does not compress to nothing. */
const TEXT = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919).toString(36)).join(""));

describe.each(CODINGS)("%s", (_, coding, pack) => {
  test("is undone, up to its limit", async () => {
    expect(Buffer.from(await decompress(pack(TEXT), [coding], TEXT.length)).equals(TEXT)).toBeTrue();
    await expect(decompress(pack(TEXT), [coding], TEXT.length - 1)).rejects.toThrow(TooLargeError);
    expect((await decompress(pack(Buffer.alloc(0)), [coding], 10)).length).toBe(0);
  });

  test("that breaks off anywhere is refused", async () => {
    const packed = pack(TEXT);
    for (const length of [0, 1, 5, packed.length >> 1, packed.length - 5, packed.length - 1]) {
      await expect(decompress(packed.subarray(0, length), [coding], 1e6)).rejects.toThrow(EncodingError);
    }
  });

  test("that is something else is refused", async () => {
    for (const text of ["garbage that is no such thing", '{"model":"m"}', "\0\0\0\0\0\0\0\0"])
      await expect(decompress(Buffer.from(text), [coding], 1e6)).rejects.toThrow(EncodingError);
  });

  test("that unfolds to far more than the limit is refused, and takes no memory for it", async () => {
    const bomb = pack(Buffer.alloc(64 * 1024 * 1024));
    const before = CAN_READ_PROC ? residentBytes(process.pid) : 0;
    await expect(decompress(bomb, [coding], 1024 * 1024)).rejects.toThrow(TooLargeError);
    if (CAN_READ_PROC) expect(residentBytes(process.pid) - before).toBeLessThan(32 * 1024 * 1024);
  });
});

test("two codings are undone in the order opposite to the one they were applied in", async () => {
  const packed = brotliCompressSync(gzipSync(TEXT));
  expect(Buffer.from(await decompress(packed, ["gzip", "br"], 1e6)).equals(TEXT)).toBeTrue();
  await expect(decompress(packed, ["br", "gzip"], 1e6)).rejects.toThrow(EncodingError);
});

test.each([[["rot13"]], [["constructor"]], [["gzip", "gzip", "gzip"]]])("%j is refused", async (codings) => {
  await expect(decompress(TEXT, codings, 1e6)).rejects.toThrow(EncodingError);
});

test("without a coding the bytes are what they were", async () => {
  expect(await decompress(TEXT, [], 1)).toBe(TEXT);
});

test.each([
  [null, []],
  ["", []],
  ["identity", []],
  ["gzip", ["gzip"]],
  [" GZip , identity,, br ", ["gzip", "br"]],
])("the codings of %j", (header, codings) => {
  expect(codingsOf(header)).toEqual(codings);
});
