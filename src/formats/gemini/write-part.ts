import type { Losses } from "../../exchange/losses.ts";
import type { Part, Seal, ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import { marksOf, restored } from "./extensions.ts";
import { writeMedia } from "./media.ts";
import { NO_SIGNATURE, writeSignature } from "./signature.ts";
import type { WirePart } from "./wire.ts";

/**
 * Writes a part of a turn; none where Gemini's format has no place for it, which is noted under the name `where`, and
 * two where its signature stood on a part of its own.
 */
export function writePart(
  part: Exclude<Part, ToolCallPart | ToolResultPart>,
  where: string,
  losses: Losses,
): readonly WirePart[] {
  switch (part.kind) {
    case "text":
      if (part.text === "" && part.seal === undefined) return [];
      return signed({ text: part.text }, part);
    case "reasoning":
      if (part.text === "" && part.seal === undefined) return [];
      return signed({ text: part.text, thought: true }, part, part.redacted);
    case "refusal":
      losses.add(`${where}: refusal, sent as text`);
      return part.text === "" ? [] : [{ text: part.text }];
    case "media":
      return signed(writeMedia(part, where, losses), part);
    case "native":
      // What is read as native in this format is an object; a part of another API is not sent to this one.
      if (part.format === "gemini" && isRecord(part.value)) return [part.value];
      losses.add(`${where}: ${part.type}`);
      return [];
  }
}

/** Writes a call; `args` are its arguments, parsed. */
export function writeCall(part: ToolCallPart, args: JsonObject): WirePart {
  const functionCall = {
    ...(marksOf(part.extensions).noId ? {} : { id: part.id }),
    name: part.name,
    args,
  };
  const signature = part.seal === undefined ? {} : { thoughtSignature: writeSignature(part.seal) };
  return overlaid({ functionCall, ...signature }, restored(part.extensions));
}

/**
 * A call of another API's model as a client gets it; the `first` of an answer. Google asks its own model's clients for a
 * signature on each first call, so that one without would be refused when the conversation goes on at Google's. Calls
 * that Google's models made themselves without one keep as they are.
 */
export function writeToldCall(part: ToolCallPart, args: JsonObject, first: boolean): WirePart {
  const written = writeCall(part, args);
  const isOwn = part.seal !== undefined || part.extensions?.gemini !== undefined;
  return first && !isOwn ? { ...written, thoughtSignature: NO_SIGNATURE } : written;
}

/** The object that a call's arguments are in JSON; null where they are none. */
export function parseArguments(text: string): JsonObject | null {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return {};
    return isRecord(value) ? value : null;
  } catch {
    // Models and clients do write broken JSON; the caller knows what to tell of it.
    return null;
  }
}

function signed(
  base: WirePart,
  part: Extract<Part, { kind: "text" | "reasoning" | "media" }>,
  redacted = false,
): readonly WirePart[] {
  const written = overlaid(base, restored(part.extensions));
  if (part.seal === undefined) return [written];
  const signature = signatureOf(part.seal, redacted);
  switch (marksOf(part.extensions).signedAfter) {
    case "text":
      return [written, { text: "", ...signature }];
    case "reasoning":
      return [written, { text: "", thought: true, ...signature }];
    default:
      return [{ ...written, ...signature }];
  }
}

function signatureOf(seal: Seal, redacted: boolean) {
  return { thoughtSignature: writeSignature(seal, redacted) };
}

/** `base` with the members that were read beside it; those of an object that both have are put together. */
function overlaid(base: WirePart, rest: JsonObject | undefined): WirePart {
  if (rest === undefined) return base;
  const written: Record<string, unknown> = { ...rest, ...base };
  for (const [key, value] of Object.entries(rest)) {
    const own = base[key];
    if (isRecord(own) && isRecord(value)) written[key] = { ...value, ...own };
  }
  return written;
}
