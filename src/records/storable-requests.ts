import { Capture, CaptureBudget } from "./capture.ts";
import type { Finished } from "./recorder.ts";
import type { Storable } from "./storable.ts";
import type { Trace } from "./trace.ts";

/** A finished request whose record is made later: all that it is made of. */
export interface DeferredRequest {
  /** Its record's id, so that one that is made twice is stored once. */
  readonly id: string;
  /** Without its capture. */
  readonly trace: Trace;
  /** The bodies, whole: the response is JSON. */
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

/** What a trace takes, roughly. */
const TRACE_BYTES = 2_000;
const JSON_TYPE = "application/json";
/** Lengths of the two bodies. */
const HEAD_BYTES = 8;

/** In a file: lengths of the request's body and of the response's (4 bytes each, little-endian), both, JSON of id and trace. */
export const STORABLE_REQUESTS: Storable<DeferredRequest> = {
  name: "requests",
  batch: { items: 256, bytes: 4 * 1024 * 1024 },
  idOf: ({ id }) => id,
  sizeOf: ({ request, response }) => TRACE_BYTES + request.length + response.length,
  // What it used stands in its response.
  lighten: (deferred) => deferred,
  encode({ id, trace, request, response }) {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt32LE(request.length, 0);
    head.writeUInt32LE(response.length, 4);
    return [head, request, response, JSON.stringify({ id, trace })];
  },
  decode(bytes) {
    const requestEnd = HEAD_BYTES + bytes.readUInt32LE(0);
    const responseEnd = requestEnd + bytes.readUInt32LE(4);
    const { id, trace: kept } = JSON.parse(bytes.toString("utf8", responseEnd)) as Pick<
      DeferredRequest,
      "id" | "trace"
    >;
    // A file of an earlier version has neither.
    const trace = { ...kept, templates: kept.templates ?? [], decisions: kept.decisions ?? [] };
    const request = bytes.subarray(HEAD_BYTES, requestEnd);
    return { id, trace, request, response: bytes.subarray(requestEnd, responseEnd) };
  },
};

/** The bodies of a request that can wait as it is, or null: nothing but what stands in a `DeferredRequest` makes its record. */
export function deferrable(
  { tracking }: Trace,
  capture: Capture,
): Pick<DeferredRequest, "request" | "response"> | null {
  const { request, chunks, tail, times } = capture;
  const response = chunks[0];
  if (request === null || response === undefined || chunks.length > 1 || tail.length > 0) return null;
  // Streams, and what another API said or an event that was kept from the client tells.
  if (times.length > 0 || capture.converted !== null || capture.hidden !== null) return null;
  if (!capture.storesBodies || capture.cut || capture.contentEncoding !== null) return null;
  if (capture.contentType?.startsWith(JSON_TYPE) !== true) return null;
  // Its run is looked for among the requests of the moment.
  if (tracking?.request_parent_id !== undefined && tracking.run_id === undefined) return null;
  return { request, response };
}

/** The request as it was when it ended, as far as its record is made of it. */
export function finishedOf({ id, trace, request, response }: DeferredRequest): Finished {
  const capture = new Capture(true, Infinity, new CaptureBudget(Infinity));
  capture.asked(request);
  capture.answered(response);
  capture.contentType = JSON_TYPE;
  return { id, trace, capture, at: performance.now() };
}
