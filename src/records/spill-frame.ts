import type { Piece } from "./storable.ts";

/** Before what it holds: its length (4 bytes, little-endian) and its CRC-32 (4 bytes). */
const HEAD = 8;
/** Longer than any record with its bodies: a length beyond it is damage. */
const MAX_LENGTH = 512 * 1024 * 1024;

/** What stands in a file for items that wait for the storage, each made of its pieces. */
export function frames(items: readonly (readonly Piece[])[]): Buffer {
  const out = Buffer.allocUnsafe(items.reduce((length, pieces) => length + mostBytes(pieces), 0));
  let at = 0;
  for (const pieces of items) at = writeFrame(out, at, pieces);
  return out.subarray(0, at);
}

/** No frame of these pieces is longer. */
export function mostBytes(pieces: readonly Piece[]): number {
  let length = HEAD;
  // No character takes more than three bytes for each of its units.
  for (const piece of pieces) length += typeof piece === "string" ? piece.length * 3 : piece.length;
  return length;
}

/** Returns where the frame ends. */
export function writeFrame(out: Buffer, start: number, pieces: readonly Piece[]): number {
  let at = start + HEAD;
  for (const piece of pieces) {
    if (typeof piece === "string") {
      at += out.write(piece, at);
    } else {
      out.set(piece, at);
      at += piece.length;
    }
  }
  out.writeUInt32LE(at - start - HEAD, start);
  out.writeUInt32LE(Bun.hash.crc32(out.subarray(start + HEAD, at)), start + 4);
  return at;
}

/** What each of these whole frames holds. */
export function* framesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const framed = readFrame(bytes, at);
    if (framed.kind !== "whole") return;
    yield framed.bytes;
    at = framed.end;
  }
}

export type Framed =
  | { readonly kind: "whole"; readonly bytes: Buffer; readonly end: number }
  /** The end is not in these bytes: at least so many are needed from the frame's beginning on. */
  | { readonly kind: "more"; readonly needed: number }
  | { readonly kind: "damaged" };

/** Reads the frame that begins at `at`. */
export function readFrame(bytes: Buffer, at: number): Framed {
  if (bytes.length - at < HEAD) return { kind: "more", needed: HEAD };
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length > MAX_LENGTH) return { kind: "damaged" };
  const end = at + HEAD + length;
  if (bytes.length < end) return { kind: "more", needed: HEAD + length };
  const held = bytes.subarray(at + HEAD, end);
  if (Bun.hash.crc32(held) !== bytes.readUInt32LE(at + 4)) return { kind: "damaged" };
  return { kind: "whole", bytes: held, end };
}
