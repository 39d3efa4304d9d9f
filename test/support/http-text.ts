/** Just enough of HTTP/1.1 to look at messages byte by byte, for both ends of the tests' raw sockets. */

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface MessageHead {
  /** The first line: a request line or a status line. */
  readonly start: string;
  readonly headers: HeaderList;
  /** The head as it was on the wire, its empty line included, as Latin-1. */
  readonly raw: string;
  /** Bytes that the head takes. */
  readonly length: number;
}

export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

/** The head at the start of `bytes`, or null while its empty line has not arrived. */
export function readHead(bytes: Uint8Array): MessageHead | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const raw = buffer.toString("latin1", 0, end + 4);
  const [start = "", ...lines] = raw.slice(0, -4).split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { start, headers, raw, length: end + 4 };
}

/** All values of a header, in order. `name` is lower case. */
export function headerValues(headers: HeaderList, name: string): string[] {
  return headers.filter(([key]) => key === name).map(([, value]) => value);
}

interface BodyRead {
  readonly body: Uint8Array;
  /** Bytes on the wire that the body took, framing included. */
  readonly length: number;
}

/** A chunked body at the start of `bytes`, or null while its last chunk has not arrived. */
export function readChunked(bytes: Uint8Array): BodyRead | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = buffer.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(buffer.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error("Not a chunk size: " + buffer.toString("latin1", at, lineEnd));
    at = lineEnd + 2;
    if (buffer.length < at + size + 2) return null;
    parts.push(buffer.subarray(at, at + size));
    at += size + 2;
    if (size === 0) return { body: Buffer.concat(parts), length: at };
  }
}

/** `bytes` as one chunk of a chunked body. Empty bytes would end the body, so they give nothing. */
export function chunk(data: string | Uint8Array): Uint8Array {
  const bytes = bytesOf(data);
  if (bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const LAST_CHUNK = "0\r\n\r\n";
