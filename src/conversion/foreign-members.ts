import type { Format } from "../exchange/formats.ts";
import type { Losses } from "../exchange/losses.ts";
import { arrayOf, isRecord, type JsonObject } from "../exchange/read.ts";
import type { GenerateRequest } from "../exchange/request.ts";

/** Without these the answer would be another one: what they refer to lies at the provider, or only it can do it. */
const DECISIVE: Readonly<Record<Format, Readonly<Record<string, string>>>> = {
  "openai-chat": { audio: "the target's API gives no spoken answers." },
  "openai-responses": {
    previous_response_id: "the earlier response is not known here.",
    conversation: "the conversation is not known here.",
    prompt: "the stored prompt is not known here.",
  },
  "anthropic-messages": {
    container: "the container is the provider's own.",
    mcp_servers: "the target does not call MCP servers.",
    thread: "the target keeps no conversations; send all of it.",
  },
  gemini: { cachedContent: "the cached content lies at the provider that made it." },
};

/** These say how an answer is delivered, billed or kept, and change nothing of it. */
const WITHOUT_MEANING: Readonly<Record<Format, ReadonlySet<string>>> = {
  "openai-chat": new Set([
    // Told by `audio` where it asks for sound.
    "modalities",
    "prompt_cache_options",
    "prompt_cache_retention",
    "stream_options",
    "usage",
  ]),
  "openai-responses": new Set([
    "background",
    "client_metadata",
    "include",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "stream",
    "stream_options",
    "user",
  ]),
  "anthropic-messages": new Set(["betas", "inference_geo"]),
  gemini: new Set(["labels", "model"]),
};

/**
 * Members of these that the neutral form says too, though a codec keeps them whole: what was asked for by them is written,
 * or named as lost, by the target's codec.
 */
const SAID_TOO: Readonly<Record<Format, Readonly<Record<string, ReadonlySet<string>>>>> = {
  "openai-chat": {},
  "openai-responses": { text: new Set(), reasoning: new Set() },
  "anthropic-messages": {
    thinking: new Set(["type", "budget_tokens", "display"]),
    output_config: new Set(["effort", "format"]),
    output_format: new Set(["type", "schema"]),
  },
  gemini: { generationConfig: new Set(["thinkingConfig", "responseSchema"]) },
};

/** Values that ask for what is done anyway. */
const IDLE: Readonly<Record<Format, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  "openai-chat": {},
  "openai-responses": {
    "text.format": (format) => isRecord(format) && format.type === "text",
    truncation: (value) => value === "disabled",
  },
  "anthropic-messages": {
    // The thoughts of an earlier turn that Claude is not to see again are no other model's anyway.
    context_management: (value) =>
      isRecord(value) &&
      arrayOf(value.edits).every((edit) => isRecord(edit) && edit.type === "clear_thinking_20251015"),
  },
  gemini: {
    "generationConfig.responseMimeType": (value) => value === "text/plain",
    "generationConfig.responseModalities": (value) =>
      arrayOf(value).every((each) => String(each).toUpperCase() === "TEXT"),
  },
};

/**
 * Members of a request that only its own API has: named as lost where the target speaks another, or refused where they
 * refer to what the answer is to be made of.
 */
export function tellForeignMembers(request: GenerateRequest, target: Format, losses: Losses): void {
  for (const [format, members] of Object.entries(request.extensions ?? {}) as [Format, JsonObject][]) {
    if (format === target) continue;
    for (const [name, value] of Object.entries(members).flatMap((member) => unsaid(format, member))) {
      if (saysNothing(value) || WITHOUT_MEANING[format].has(name)) continue;
      if (Object.hasOwn(IDLE[format], name) && IDLE[format][name]?.(value)) continue;
      const reason = Object.hasOwn(DECISIVE[format], name) ? DECISIVE[format][name] : undefined;
      if (reason !== undefined) losses.refuse(name, reason, name);
      losses.add(name);
    }
  }
}

/** A member, or of one that is said in part its members that are not. */
function unsaid(format: Format, [name, value]: [string, unknown]): [string, unknown][] {
  if (!Object.hasOwn(SAID_TOO[format], name) || !isRecord(value)) return [[name, value]];
  return Object.entries(value)
    .filter(([member]) => !SAID_TOO[format][name]?.has(member))
    .map(([member, inner]) => [`${name}.${member}`, inner]);
}

/** The empty value, which every API takes for the member's absence. */
function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  return typeof value === "object" && Object.values(value).every(saysNothing);
}
