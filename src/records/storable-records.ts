import type { RequestRecord, WrittenRecord } from "./record.ts";
import type { Storable } from "./storable.ts";

/** What a record takes without its bodies, roughly. */
const RECORD_BYTES = 2_000;
const HAS_BODIES = 1;
const HAS_REQUEST = 2;
const HAS_RESPONSE = 4;
const IS_CUT = 8;
/** Before the JSON, and behind it. */
const HEAD_BYTES = 4;
const FLAGS_BYTES = 5;

/** In a file: length of the record's JSON (4 bytes, little-endian), the JSON, flags, length of the request's body, both bodies. */
export const STORABLE_RECORDS: Storable<WrittenRecord> = {
  name: "records",
  batch: { items: 256, bytes: 4 * 1024 * 1024 },
  idOf: ({ record }) => record.id,
  sizeOf: ({ bodies }) => RECORD_BYTES + (bodies?.request?.length ?? 0) + (bodies?.response?.length ?? 0),
  lighten: (written) => (written.bodies === null ? written : { record: written.record, bodies: null }),
  encode({ record, bodies }) {
    const json = Buffer.from(JSON.stringify(record));
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt32LE(json.length);
    const flags = Buffer.allocUnsafe(FLAGS_BYTES);
    flags.writeUInt8(flagsOf(bodies));
    flags.writeUInt32LE(bodies?.request?.length ?? 0, 1);
    const { request, response } = bodies ?? { request: null, response: null };
    return [head, json, flags, request, response].filter((piece) => piece !== null);
  },
  decode(bytes) {
    const jsonEnd = HEAD_BYTES + bytes.readUInt32LE(0);
    const kept = JSON.parse(bytes.toString("utf8", HEAD_BYTES, jsonEnd)) as RequestRecord;
    // A file of an earlier version has none.
    const record = { ...kept, decisions: kept.decisions ?? [] };
    const flags = bytes.readUInt8(jsonEnd);
    if ((flags & HAS_BODIES) === 0) return { record, bodies: null };
    const requestStart = jsonEnd + FLAGS_BYTES;
    const requestEnd = requestStart + bytes.readUInt32LE(jsonEnd + 1);
    const request = (flags & HAS_REQUEST) === 0 ? null : bytes.subarray(requestStart, requestEnd);
    const response = (flags & HAS_RESPONSE) === 0 ? null : bytes.subarray(requestEnd);
    return { record, bodies: { request, response, cut: (flags & IS_CUT) !== 0 } };
  },
};

function flagsOf(bodies: WrittenRecord["bodies"]): number {
  if (bodies === null) return 0;
  const { request, response, cut } = bodies;
  return (
    HAS_BODIES |
    (request === null ? 0 : HAS_REQUEST) |
    (response === null ? 0 : HAS_RESPONSE) |
    (cut ? IS_CUT : 0)
  );
}
