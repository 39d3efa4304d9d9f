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
  const isCut = capture.cut || (request?.length ?? 0) > maxBytes || (response?.length ?? 0) > maxBytes;
  const [asked, answered] = [kept(request, maxBytes, redaction), kept(response, maxBytes, redaction)];
  const isMissing = (asked === null && request !== null) || (answered === null && response !== null);
  return { request: asked, response: answered, cut: isCut || isMissing };
}

/** Redacted before it is cut: half of a match would be found by no pattern. Null where it cannot be redacted in time. */
function kept(body: Uint8Array | null, maxBytes: number, redaction: Redaction): Uint8Array | null {
  if (body === null) return null;
  const clean = redaction.apply(body);
  return clean === null || clean.length <= maxBytes ? clean : clean.subarray(0, maxBytes);
}
