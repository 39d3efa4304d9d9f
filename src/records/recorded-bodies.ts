import type { Capture } from "./capture.ts";
import type { RecordedBodies } from "./record.ts";
import type { Redaction } from "./redaction.ts";

/** What is stored of the two bodies, each no longer than `maxBytes`; null where they are not to be stored. */
export function recordedBodies(
  capture: Capture,
  response: Uint8Array | null,
  maxBytes: number,
  redaction: Redaction,
): RecordedBodies | null {
  const { request } = capture;
  if (!capture.storesBodies || (request === null && response === null)) return null;
  const isCut =
    capture.cut || (request?.length ?? 0) > maxBytes || (response?.length ?? 0) > maxBytes;
  return { request: kept(request, maxBytes, redaction), response: kept(response, maxBytes, redaction), cut: isCut };
}

/** Redacted before it is cut: half of a match would be found by no pattern. */
function kept(body: Uint8Array | null, maxBytes: number, redaction: Redaction): Uint8Array | null {
  if (body === null) return null;
  const clean = redaction.apply(body);
  return clean.length <= maxBytes ? clean : clean.subarray(0, maxBytes);
}
