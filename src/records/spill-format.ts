import type { RecordedBodies, RequestRecord, WrittenRecord } from "./record.ts";

/**
 * How records stand in a file while they wait for the storage. Each is: length of what follows (4 bytes, little-endian),
 * its CRC-32 (4 bytes), then length of the record's JSON (4 bytes), the JSON, flags (1 byte), and where flags say so the
 * length of the request's body (4 bytes), that body, and the response's body up to the end.
 */
const HEAD = 8;
const HAS_BODIES = 1;
const HAS_REQUEST = 2;
const HAS_RESPONSE = 4;
const IS_CUT = 8;
/** Longer than any record with its bodies: a length beyond it is damage. */
const MAX_LENGTH = 512 * 1024 * 1024;

/** One record as it stands in a file. */
export function encodeRecord({ record, bodies }: WrittenRecord): Buffer {
  const json = Buffer.from(JSON.stringify(record));
  const request = bodies?.request ?? null;
  const response = bodies?.response ?? null;
  const length = 4 + json.length + 1 + 4 + (request?.length ?? 0) + (response?.length ?? 0);
  const entry = Buffer.allocUnsafe(HEAD + length);
  let at = entry.writeUInt32LE(json.length, HEAD);
  at += json.copy(entry, at);
  at = entry.writeUInt8(flagsOf(bodies), at);
  at = entry.writeUInt32LE(request?.length ?? 0, at);
  if (request !== null) entry.set(request, at);
  if (response !== null) entry.set(response, at + (request?.length ?? 0));
  entry.writeUInt32LE(length, 0);
  entry.writeUInt32LE(Bun.hash.crc32(entry.subarray(HEAD)), 4);
  return entry;
}

function flagsOf(bodies: RecordedBodies | null): number {
  if (bodies === null) return 0;
  const { request, response, cut } = bodies;
  return (
    HAS_BODIES |
    (request === null ? 0 : HAS_REQUEST) |
    (response === null ? 0 : HAS_RESPONSE) |
    (cut ? IS_CUT : 0)
  );
}

export type Decoded =
  | { readonly kind: "record"; readonly written: WrittenRecord; readonly end: number }
  /** The entry's end is not in these bytes: at least so many are needed from its beginning on. */
  | { readonly kind: "more"; readonly needed: number }
  | { readonly kind: "damaged" };

/** Reads the entry that begins at `at`. */
export function decodeRecord(bytes: Buffer, at: number): Decoded {
  if (bytes.length - at < HEAD) return { kind: "more", needed: HEAD };
  const length = bytes.readUInt32LE(at);
  if (length < 9 || length > MAX_LENGTH) return { kind: "damaged" };
  if (bytes.length - at < HEAD + length) return { kind: "more", needed: HEAD + length };
  const end = at + HEAD + length;
  const payload = bytes.subarray(at + HEAD, end);
  if (Bun.hash.crc32(payload) !== bytes.readUInt32LE(at + 4)) return { kind: "damaged" };
  return { kind: "record", written: readPayload(payload), end };
}

function readPayload(payload: Buffer): WrittenRecord {
  const jsonEnd = 4 + payload.readUInt32LE(0);
  const record = JSON.parse(payload.toString("utf8", 4, jsonEnd)) as RequestRecord;
  const flags = payload[jsonEnd]!;
  if ((flags & HAS_BODIES) === 0) return { record, bodies: null };
  const requestStart = jsonEnd + 5;
  const requestEnd = requestStart + payload.readUInt32LE(jsonEnd + 1);
  return {
    record,
    bodies: {
      request: (flags & HAS_REQUEST) === 0 ? null : payload.subarray(requestStart, requestEnd),
      response: (flags & HAS_RESPONSE) === 0 ? null : payload.subarray(requestEnd),
      cut: (flags & IS_CUT) !== 0,
    },
  };
}
