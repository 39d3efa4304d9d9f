import type { Format } from "../exchange/formats.ts";
import type { Medium } from "./abilities.ts";
import { findValue, hasKey, hasPair, MOST_PLACES, needle, OPEN_BRACE, QUOTE } from "./needles.ts";

const TYPE = needle("type");

/** The `type` that each format's parts have. */
const PART_TYPES: Readonly<Record<Exclude<Format, "gemini">, ReadonlyMap<Buffer, Medium>>> = {
  "openai-chat": new Map([
    [needle("image_url"), "image"],
    [needle("input_audio"), "audio"],
    [needle("video_url"), "video"],
    [needle("file"), "file"],
  ]),
  "openai-responses": new Map([
    [needle("input_image"), "image"],
    [needle("input_audio"), "audio"],
    [needle("input_file"), "file"],
  ]),
  "anthropic-messages": new Map([
    [needle("image"), "image"],
    [needle("document"), "file"],
  ]),
};

/** What a request's body holds beside text, by the names that its format has for it. */
export function mediaOf(body: Buffer, format: Format): Medium[] {
  if (format === "gemini") return geminiMedia(body);
  const found: Medium[] = [];
  for (const [type, medium] of PART_TYPES[format])
    if (hasPair(body, TYPE, type) && !(medium === "file" && isTextAlone(body))) found.push(medium);
  return found;
}

const MEDIA_TYPE = needle("media_type");
const PLAIN = needle("text/plain");
const PDF = needle("application/pdf");

/** Anthropic's documents may be plain text. */
function isTextAlone(body: Buffer): boolean {
  return hasPair(body, MEDIA_TYPE, PLAIN) && !hasPair(body, MEDIA_TYPE, PDF);
}

const GEMINI_DATA = ["inlineData", "inline_data", "fileData", "file_data"].map(needle);
const MIME_TYPES = ["mimeType", "mime_type"].map(needle);
const LONGEST_TYPE = 16;

function geminiMedia(body: Buffer): Medium[] {
  if (!hasKey(body, GEMINI_DATA, (first) => first === OPEN_BRACE)) return [];
  const found = new Set<Medium>();
  for (const key of MIME_TYPES) {
    findValue(body, key, (_, at) => {
      const medium = mediumOf(body.toString("latin1", at + 1, at + 1 + LONGEST_TYPE));
      if (medium !== null) found.add(medium);
      return false;
    });
  }
  return [...found];
}

function mediumOf(mimeType: string): Medium | null {
  if (mimeType.startsWith("image/")) return "image";
  if (mimeType.startsWith("audio/")) return "audio";
  if (mimeType.startsWith("video/")) return "video";
  return mimeType.startsWith("application/pdf") ? "file" : null;
}

/** What a picture of middle size costs, and a page of a document, as the counting of tokens has it. */
const IMAGE_TOKENS = 1_000;
const PAGE_TOKENS = 1_500;
const PAGE_BYTES = 50_000;
/** Shorter data is no picture. */
const LEAST_DATA = 256;
const DATA_URL = Buffer.from(";base64,");
const DATA = needle("data");

/**
 * How many bytes of a body are media written as text, and what they cost a model in tokens, about. `media` is what it holds.
 */
export function encodedMedia(body: Buffer, media: readonly Medium[]): { bytes: number; tokens: number } {
  const sizes: number[] = [];
  const measure = (start: number) => {
    const end = body.indexOf(QUOTE, start);
    const size = (end < 0 ? body.length : end) - start;
    if (size >= LEAST_DATA) sizes.push(size);
  };
  let at = body.indexOf(DATA_URL);
  for (let places = 0; at >= 0 && places < MOST_PLACES; places++) {
    measure(at + DATA_URL.length);
    at = body.indexOf(DATA_URL, at + DATA_URL.length);
  }
  findValue(body, DATA, (first, start) => {
    // A data URL was measured already.
    if (first === QUOTE && body.toString("latin1", start + 1, start + 6) !== "data:") measure(start + 1);
    return false;
  });
  const hasPages = media.includes("file");
  let [bytes, tokens] = [0, 0];
  for (const size of sizes) {
    bytes += size;
    tokens += hasPages ? Math.max(IMAGE_TOKENS, (size / PAGE_BYTES) * PAGE_TOKENS) : IMAGE_TOKENS;
  }
  return { bytes, tokens: Math.round(tokens) };
}
