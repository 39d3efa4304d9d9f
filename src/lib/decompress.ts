import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";
import { endsWithZstdFrame } from "./zstd-frames.ts";

/** The decompressed text would be longer than allowed. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/** The coding is unknown, or the bytes are not of it. */
export class EncodingError extends Error {
  override readonly name = "EncodingError";
}

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Record<string, Decoder> = {
  gzip: promisify(gunzip) as Decoder,
  "x-gzip": promisify(gunzip) as Decoder,
  br: promisify(brotliDecompress) as Decoder,
  zstd: unzstd,
  deflate: inflateEither,
};

/** "deflate" is the zlib format by the standard, and raw deflate by some senders' mistake. */
async function inflateEither(bytes: Uint8Array, options: { maxOutputLength: number }): Promise<Buffer> {
  const isZlib = (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
  return await (promisify(isZlib ? inflate : inflateRaw) as Decoder)(bytes, options);
}

/** The runtime takes frames that break off for whole ones, and passes over what follows them. */
async function unzstd(bytes: Uint8Array, options: { maxOutputLength: number }): Promise<Buffer> {
  if (!endsWithZstdFrame(bytes)) throw new EncodingError("not valid zstd");
  return await (promisify(zstdDecompress) as Decoder)(bytes, options);
}

/** The codings of a content-encoding header, in the order they were applied; none for "identity". */
export function codingsOf(contentEncoding: string | null): string[] {
  if (contentEncoding === null) return [];
  return contentEncoding
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
}

/** Undoes the codings off the main thread. Never makes more than `limit` bytes: a small body may unfold to gigabytes. */
export async function decompress(
  bytes: Uint8Array,
  codings: readonly string[],
  limit: number,
): Promise<Uint8Array> {
  if (codings.length > 2) throw new EncodingError("more than two content codings");
  let plain = bytes;
  for (const coding of codings.toReversed()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]! : null;
    if (decoder === null) throw new EncodingError(`unknown content coding "${coding.slice(0, 40)}"`);
    try {
      plain = await decoder(plain, { maxOutputLength: limit });
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE")
        throw new TooLargeError("too large when decompressed");
      throw new EncodingError(`not valid ${coding}`);
    }
  }
  return plain;
}
