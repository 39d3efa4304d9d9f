import { expect, test } from "bun:test";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { endsWithZstdFrame } from "./zstd-frames.ts";

const FLAGS = [constants.ZSTD_c_checksumFlag, constants.ZSTD_c_contentSizeFlag, constants.ZSTD_c_dictIDFlag];
const frame = fc
  .tuple(fc.uint8Array({ maxLength: 2000 }), fc.nat(300), fc.integer({ min: 1, max: 19 }), fc.nat(7))
  .map(([noise, repeats, level, flags]) => {
    const text = Buffer.concat([noise, Buffer.alloc(repeats * 1000, "a"), noise]);
    const params: Record<number, number> = { [constants.ZSTD_c_compressionLevel]: level };
    for (const [bit, flag] of FLAGS.entries()) params[flag] = (flags >> bit) & 1;
    return zstdCompressSync(text, { params });
  });

test("whole frames, one or several, are whole", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), (frames) => {
      expect(endsWithZstdFrame(Buffer.concat(frames))).toBeTrue();
    }),
    { numRuns: 50 },
  );
});

test("frames without a stated size, as a stream makes them, and skippable ones are whole", () => {
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const stream = Buffer.from("KLUv/QRYIQAAYWJjZMySXdI=", "base64");
  expect(zstdDecompressSync(stream).toString()).toBe("abcd");
  expect(endsWithZstdFrame(stream)).toBeTrue();
  expect(endsWithZstdFrame(Buffer.concat([skippable, stream, skippable]))).toBeTrue();
});

test("a frame that breaks off at any byte, or that something else follows, is not whole", () => {
  fc.assert(
    fc.property(frame, fc.nat(), (bytes, point) => {
      expect(endsWithZstdFrame(bytes.subarray(0, point % bytes.length))).toBeFalse();
      expect(endsWithZstdFrame(Buffer.concat([bytes, Buffer.from("more")]))).toBeFalse();
    }),
    { numRuns: 50 },
  );
});

test("any other bytes are not whole, and harm nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(endsWithZstdFrame(bytes)).toBeFalse();
      const framed = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), bytes]);
      expect(endsWithZstdFrame(framed)).toBeBoolean();
    }),
  );
});
