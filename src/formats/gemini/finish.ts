import type { FinishReason } from "../../exchange/response.ts";

/** ai.google.dev/api/generate-content#FinishReason; those that are not listed are `other`. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "content-filter",
  RECITATION: "content-filter",
  BLOCKLIST: "content-filter",
  PROHIBITED_CONTENT: "content-filter",
  SPII: "content-filter",
  IMAGE_SAFETY: "content-filter",
  IMAGE_PROHIBITED_CONTENT: "content-filter",
  IMAGE_RECITATION: "content-filter",
  CONTINUATION: "pause",
};

const NAMES: Readonly<Record<FinishReason, string>> = {
  stop: "STOP",
  "stop-sequence": "STOP",
  "tool-calls": "STOP",
  length: "MAX_TOKENS",
  context: "MAX_TOKENS",
  "content-filter": "SAFETY",
  refusal: "SAFETY",
  pause: "OTHER",
  other: "OTHER",
};

/** Gemini ends a turn of calls as any other, with STOP; some answers do not say how they ended. */
export function readFinish(reason: string | undefined, hasCalls: boolean): FinishReason {
  if (hasCalls && (reason === undefined || reason === "STOP")) return "tool-calls";
  if (reason === undefined) return "other";
  return Object.hasOwn(REASONS, reason) ? REASONS[reason]! : "other";
}

export function writeFinish(reason: FinishReason): string {
  return NAMES[reason];
}
