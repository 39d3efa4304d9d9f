import { promisify } from "node:util";
import { brotliDecompress, constants, gunzip, inflate, zstdDecompress } from "node:zlib";

type Unpack = (bytes: Uint8Array, options: object) => Promise<Buffer>;

/** What came of a body that broke off is unpacked too. */
const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

const UNPACKERS: Readonly<Record<string, readonly [Unpack, object]>> = {
  gzip: [promisify(gunzip) as Unpack, ZLIB],
  "x-gzip": [promisify(gunzip) as Unpack, ZLIB],
  deflate: [promisify(inflate) as Unpack, ZLIB],
  br: [promisify(brotliDecompress) as Unpack, BROTLI],
  zstd: [promisify(zstdDecompress) as Unpack, {}],
};

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
