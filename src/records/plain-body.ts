import { promisify } from "node:util";
import { brotliDecompress, constants, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";

type Unpack = (bytes: Uint8Array, options: object) => Promise<Buffer>;

/** What came of a body that broke off is unpacked too. */
const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

const UNPACKERS: Readonly<Record<string, readonly [Unpack, object]>> = {
  gzip: [promisify(gunzip) as Unpack, ZLIB],
  "x-gzip": [promisify(gunzip) as Unpack, ZLIB],
  deflate: [inflateEither, ZLIB],
  br: [promisify(brotliDecompress) as Unpack, BROTLI],
  zstd: [promisify(zstdDecompress) as Unpack, {}],
};

/** "deflate" is the zlib format by the standard, and raw deflate by some senders' mistake. */
async function inflateEither(bytes: Uint8Array, options: object): Promise<Buffer> {
  const isZlib = (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
  return await (promisify(isZlib ? inflate : inflateRaw) as Unpack)(bytes, options);
}

/**
 * A body without its content coding, unpacked off the main thread, whole or as much as there is of it. Null where the
 * coding is unknown, there are several, the bytes are not of it, or it unfolds to more than `limit` bytes.
 */
export async function plainBody(bytes: Uint8Array, coding: string, limit: number): Promise<Buffer | null> {
  const name = coding.trim().toLowerCase();
  const found = Object.hasOwn(UNPACKERS, name) ? UNPACKERS[name] : undefined;
  if (found === undefined) return null;
  const [unpack, options] = found;
  try {
    return await unpack(bytes, { ...options, maxOutputLength: limit });
  } catch {
    // Whatever is wrong with an upstream's bytes, the client has got them as they are; nothing can be read of them here.
    return null;
  }
}
