import type { Format } from "./formats.ts";
import type { Seal } from "./parts.ts";

/**
 * How a seal of one API travels through another API's place for its own (Gemini's signature as an Anthropic thinking
 * signature, and so on): marked with where it came from, so that it is never shown to an API that did not make it.
 */
const MARK = "amsterdam.seal.";

const CODES: Readonly<Record<Format, string>> = {
  "openai-chat": "c",
  "openai-responses": "r",
  "anthropic-messages": "a",
  gemini: "g",
};
const ORIGINS = new Map(Object.entries(CODES).map(([format, code]) => [code, format as Format]));

/** The text to put into the place that `format` has for its own seals. */
export function writeSeal(seal: Seal, format: Format): string {
  return seal.origin === format ? seal.value : `${MARK}${CODES[seal.origin]}.${seal.value}`;
}

/** Reads what a client sent in the place that `format` has for its own seals. */
export function readSeal(text: string, format: Format): Seal {
  if (!text.startsWith(MARK)) return { origin: format, value: text };
  const origin = ORIGINS.get(text[MARK.length] ?? "");
  return origin === undefined || text[MARK.length + 1] !== "."
    ? { origin: format, value: text }
    : { origin, value: text.slice(MARK.length + 2) };
}

/** Found in a body, it tells that a foreign seal is in it, which the provider would refuse. */
export const SEAL_MARK = MARK;

/**
 * The same where a format's place for seals takes base64 alone (Gemini). The mark's length is a multiple of three, so
 * that it is written the same whatever follows, in both of base64's alphabets.
 */
export const SEAL_MARK_BASE64 = Buffer.from(MARK).toString("base64");
