import type { Seal } from "../../exchange/parts.ts";
import { isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { writeSeal } from "../../exchange/seals.ts";
import { FORMAT } from "./own.ts";
import type { SealReader } from "./thoughts.ts";

const SIGNATURE = new Set(["thought_signature"]);
const GOOGLE = new Set(["google"]);
const EXTRA = new Set(["extra_content"]);

/**
 * The seal of a tool call or of a message's text, where Gemini's own OpenAI compatibility has it:
 * `extra_content.google.thought_signature` (ai.google.dev, "Thought signatures").
 */
export function readSignature(object: JsonObject, sealOf: SealReader): Seal | undefined {
  const extra = object.extra_content;
  const google = isRecord(extra) && isRecord(extra.google) ? extra.google : undefined;
  const value = stringOf(google?.thought_signature);
  return value === undefined || value === "" ? undefined : sealOf(value);
}

/** `rest` of an object, without the signature in it. */
export function withoutSignature(rest: JsonObject | undefined): JsonObject | undefined {
  const extra = rest?.extra_content;
  if (rest === undefined || !isRecord(extra) || !isRecord(extra.google)) return rest;
  const google = restOf(extra.google, SIGNATURE);
  const others = restOf(extra, GOOGLE);
  const kept = google === undefined ? others : { ...others, google };
  return kept === undefined ? restOf(rest, EXTRA) : { ...rest, extra_content: kept };
}

/** `own` members with the signature put in. */
export function withSignature(own: JsonObject | undefined, seal: Seal | undefined): JsonObject | undefined {
  if (seal === undefined) return own;
  const extra = own?.extra_content;
  const google = isRecord(extra) ? extra.google : undefined;
  const signed = { ...(isRecord(google) ? google : {}), thought_signature: writeSeal(seal, FORMAT) };
  return { ...own, extra_content: { ...(isRecord(extra) ? extra : {}), google: signed } };
}
