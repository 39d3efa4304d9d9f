/** Before what it holds: its length (4 bytes, little-endian) and its CRC-32 (4 bytes). */
const HEAD = 8;
/** Longer than any record with its bodies: a length beyond it is damage. */
const MAX_LENGTH = 512 * 1024 * 1024;

/** What stands in a file for one item that waits for the storage, made of its pieces. */
export function frame(pieces: readonly Uint8Array[]): Buffer {
  const framed = Buffer.concat([EMPTY_HEAD, ...pieces]);
  framed.writeUInt32LE(framed.length - HEAD, 0);
  framed.writeUInt32LE(Bun.hash.crc32(framed.subarray(HEAD)), 4);
  return framed;
}

const EMPTY_HEAD = new Uint8Array(HEAD);

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
