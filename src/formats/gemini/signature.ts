import type { Seal } from "../../exchange/parts.ts";
import { readSeal, SEAL_MARK_BASE64, writeSeal } from "../../exchange/seals.ts";

/** Told after the seal where the thought that it belongs to was hidden; no seal has this character. */
const REDACTED = "#redacted";

/** Taken by Google's API in place of a signature that somebody else's model could not make ("Thought signatures"). */
export const NO_SIGNATURE = "skip_thought_signature_validator";

/** A seal as a thoughtSignature, which Google's SDKs decode from base64: so that is what another API's is written in. */
export function writeSignature(seal: Seal, redacted = false): string {
  if (seal.origin === "gemini") return seal.value;
  return Buffer.from(writeSeal(seal, "gemini") + (redacted ? REDACTED : "")).toString("base64");
}

export function readSignature(signature: string): { readonly seal: Seal; readonly redacted: boolean } {
  if (!signature.startsWith(SEAL_MARK_BASE64)) {
    return { seal: readSeal(signature, "gemini"), redacted: false };
  }
  const text = Buffer.from(signature, "base64").toString();
  const redacted = text.endsWith(REDACTED);
  return { seal: readSeal(redacted ? text.slice(0, -REDACTED.length) : text, "gemini"), redacted };
}
