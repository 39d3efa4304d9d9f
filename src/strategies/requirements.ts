import type { Format } from "../exchange/formats.ts";
import type { Requirements } from "./abilities.ts";
import { encodedMedia, mediaOf } from "./media.ts";
import { findValue, hasKey, hasPair, needle, OPEN_BRACE, OPEN_BRACKET, pastSpace, QUOTE } from "./needles.ts";
import { promptLength } from "./prompt-length.ts";

/**
 * What a request needs, from the bytes of its body in its format. It looks for the names and values that the format's API
 * has for these things and reads nothing else, so that 10 KB cost a few microseconds. A body that is no JSON, or another
 * format's, needs nothing but its length.
 */
export function requirementsOf(body: Buffer, format: Format): Requirements {
  const media = mediaOf(body, format);
  const encoded = media.length === 0 ? NOTHING : encodedMedia(body, media);
  const length = promptLength(body, encoded.bytes);
  return {
    inputTokens: length.about + encoded.tokens,
    leastInputTokens: length.least,
    outputTokens: greatestNumber(body, OUTPUT[format]),
    media,
    tools: hasKey(body, TOOLS[format], (first, at) => isObjectList(body, first, at)),
    structured: isStructured(body, format),
    reasoning: REASONING[format](body),
  };
}

const NOTHING = { bytes: 0, tokens: 0 };

const OUTPUT: Readonly<Record<Format, readonly Buffer[]>> = {
  "openai-chat": ["max_tokens", "max_completion_tokens"].map(needle),
  "openai-responses": [needle("max_output_tokens")],
  "anthropic-messages": [needle("max_tokens")],
  gemini: ["maxOutputTokens", "max_output_tokens"].map(needle),
};

const LIST_OF_TOOLS = [needle("tools")];
const TOOLS: Readonly<Record<Format, readonly Buffer[]>> = {
  "openai-chat": [...LIST_OF_TOOLS, needle("functions")],
  "openai-responses": LIST_OF_TOOLS,
  "anthropic-messages": LIST_OF_TOOLS,
  gemini: LIST_OF_TOOLS,
};

const TYPE = needle("type");
const SCHEMA = needle("json_schema");
const GEMINI_SCHEMAS = [
  "responseSchema",
  "response_schema",
  "responseJsonSchema",
  "response_json_schema",
].map(needle);

function isStructured(body: Buffer, format: Format): boolean {
  if (format === "gemini") return hasKey(body, GEMINI_SCHEMAS, (first) => first === OPEN_BRACE);
  return hasPair(body, TYPE, SCHEMA);
}

const CHAT_EFFORT = [needle("reasoning_effort")];
const RESPONSES_REASONING = [needle("reasoning")];
const EFFORT = [needle("effort")];
const ANTHROPIC_THINKING = [needle("thinking")];
const ENABLED = needle("enabled");
const ADAPTIVE = needle("adaptive");
const GEMINI_THINKING = ["thinkingBudget", "thinking_budget", "thinkingLevel", "thinking_level"].map(needle);

/** Whether the request asks for reasoning; one that says how little of it is wanted does not. */
const REASONING: Readonly<Record<Format, (body: Buffer) => boolean>> = {
  "openai-chat": (body) => asksForEffort(body, CHAT_EFFORT),
  "openai-responses": (body) =>
    hasKey(body, RESPONSES_REASONING, (first) => first === OPEN_BRACE) && asksForEffort(body, EFFORT),
  "anthropic-messages": (body) =>
    hasKey(body, ANTHROPIC_THINKING, (first) => first === OPEN_BRACE) &&
    (hasPair(body, TYPE, ENABLED) || hasPair(body, TYPE, ADAPTIVE)),
  gemini: (body) => hasKey(body, GEMINI_THINKING, (first, at) => first === QUOTE || numberAt(body, at) > 0),
};

const NO_EFFORT = '"none"';

function asksForEffort(body: Buffer, keys: readonly Buffer[]): boolean {
  return hasKey(
    body,
    keys,
    (first, at) => first === QUOTE && body.toString("latin1", at, at + NO_EFFORT.length) !== NO_EFFORT,
  );
}

function isObjectList(body: Buffer, first: number, at: number): boolean {
  return first === OPEN_BRACKET && body[pastSpace(body, at + 1)] === OPEN_BRACE;
}

/** The greatest number that one of the keys has; null where none has one. */
function greatestNumber(body: Buffer, keys: readonly Buffer[]): number | null {
  let greatest: number | null = null;
  for (const key of keys) {
    findValue(body, key, (_, at) => {
      const number = numberAt(body, at);
      if (number > (greatest ?? 0)) greatest = number;
      return false;
    });
  }
  return greatest;
}

const ZERO = 0x30;
const MOST_DIGITS = 9;

/** The whole number that begins there; NaN where there is none, or one with more digits than a limit has. */
function numberAt(body: Buffer, at: number): number {
  let number = 0;
  let digits = 0;
  for (; digits <= MOST_DIGITS; digits++) {
    const digit = (body[at + digits] ?? 0) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    number = number * 10 + digit;
  }
  return digits === 0 || digits > MOST_DIGITS ? Number.NaN : number;
}
