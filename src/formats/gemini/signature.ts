import type { Seal } from "../../exchange/parts.ts";
import { readSeal, SEAL_MARK, writeSeal } from "../../exchange/seals.ts";

/**
 * How every signature begins that carries another API's seal: the mark of `exchange/seals.ts` in base64, which a
 * thoughtSignature must be, since Google's SDKs decode it. The mark's length is a multiple of three, so it always is
 * written the same, in both of base64's alphabets.
 */
export const FOREIGN_SIGNATURE = Buffer.from(SEAL_MARK).toString("base64");

/** Told after the seal where the thought that it belongs to was hidden; no seal has this character. */
const REDACTED = "#redacted";

/** Taken by Google's API in place of a signature that somebody else's model could not make ("Thought signatures"). */
export const NO_SIGNATURE = "skip_thought_signature_validator";

export function writeSignature(seal: Seal, redacted = false): string {
  if (seal.origin === "gemini") return seal.value;
  return Buffer.from(writeSeal(seal, "gemini") + (redacted ? REDACTED : "")).toString("base64");
}

export function readSignature(signature: string): { readonly seal: Seal; readonly redacted: boolean } {
  if (!signature.startsWith(FOREIGN_SIGNATURE)) {
    return { seal: readSeal(signature, "gemini"), redacted: false };
  }
  const text = Buffer.from(signature, "base64").toString();
  const redacted = text.endsWith(REDACTED);
  return { seal: readSeal(redacted ? text.slice(0, -REDACTED.length) : text, "gemini"), redacted };
}
