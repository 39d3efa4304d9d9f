import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { DemoError } from "./errors.ts";
import { type JsonObject, objectOf } from "./json.ts";

/** Bodies may grow to this many bytes when they are decompressed. */
const MOST_BYTES = 64 * 1024 * 1024;

const DECODERS: Record<string, (data: Uint8Array) => Promise<Uint8Array>> = {
  gzip: (data) => promisify(gunzip)(data, { maxOutputLength: MOST_BYTES }),
  deflate: (data) => promisify(inflate)(data, { maxOutputLength: MOST_BYTES }),
  br: (data) => promisify(brotliDecompress)(data, { maxOutputLength: MOST_BYTES }),
  zstd: (data) => promisify(zstdDecompress)(data, { maxOutputLength: MOST_BYTES }),
};

/** The body's bytes after any content encoding is undone. @throws DemoError 400 or 415 when that is impossible. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return bytes;
  const decode = DECODERS[encoding];
  if (!decode) throw new DemoError(415, `Content encoding '${encoding}' is not supported.`);
  try {
    return await decode(bytes);
  } catch (error) {
    throw new DemoError(400, `The body could not be decoded as ${encoding}: ${(error as Error).message}`);
  }
}

/** Parses a request's body. @throws DemoError 400 when it is no JSON object. */
export function parseBody(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new DemoError(400, `The body is not valid JSON: ${(error as Error).message}`);
  }
  const body = objectOf(value);
  if (!body) throw new DemoError(400, "The body must be a JSON object.");
  return body;
}
