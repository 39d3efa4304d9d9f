import type { Format } from "../exchange/formats.ts";
import { isObject, JsonSyntaxError, skipSpace, skipValue } from "../lib/json-scan.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { findValue, hasKey, hasPair, needle, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./needles.ts";

/** What says by itself to which conversation a request belongs. */
export interface ConversationIds {
  readonly threadId: string | null;
  readonly runId: string | null;
}

/**
 * What a request's conversation is known by: its thread, else its run, else the beginning of its prompt, which each turn
 * repeats. Null where nothing tells: a body that is no JSON, one without a user's words, and one that refers to what the
 * provider keeps. Short, whatever the request's size.
 *
 * Of the prompt, instructions and tools' names count where they stand before the messages, and the first user message does.
 * What follows it is not read: it is what grows.
 */
export function conversationKey(body: Buffer, format: Format, ids: ConversationIds): string | null {
  if (ids.threadId !== null) return `thread ${hashOf(ids.threadId)}`;
  if (ids.runId !== null) return `run ${hashOf(ids.runId)}`;
  try {
    const hash =
      format === "openai-responses" && isContinued(body) ? null : prefixHash(body, MESSAGES[format]);
    return hash === null ? null : `prompt ${hash.toString(36)}`;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

const RESULTS: Readonly<
  Record<Exclude<Format, "gemini">, readonly (readonly [key: Buffer, value: Buffer])[]>
> = {
  "openai-chat": [
    [needle("role"), needle("tool")],
    [needle("role"), needle("function")],
  ],
  "openai-responses": [
    [needle("type"), needle("function_call_output")],
    [needle("type"), needle("custom_tool_call_output")],
  ],
  "anthropic-messages": [[needle("type"), needle("tool_result")]],
};
const GEMINI_RESULTS = ["functionResponse", "function_response"].map(needle);

/** Whether the conversation has used tools: its calls, and what models have signed, should not go to another model. */
export function usesTools(body: Buffer, format: Format): boolean {
  if (format === "gemini") return hasKey(body, GEMINI_RESULTS, (first) => first === OPEN_BRACE);
  return RESULTS[format].some(([key, value]) => hasPair(body, key, value));
}

const MOST_CONVERSATIONS = 100_000;
const LIFETIME_MS = 86_400_000;

/** Which target served each conversation last: the last 100,000 of them, for a day. */
export class Conversations {
  readonly #targets: BoundedMemory<string>;

  constructor(most = MOST_CONVERSATIONS) {
    this.#targets = new BoundedMemory(most, LIFETIME_MS);
  }

  get size(): number {
    return this.#targets.size;
  }

  /** `now` is of `performance.now()`, here and below. */
  targetOf(key: string, now: number): string | null {
    return this.#targets.get(key, now);
  }

  served(key: string, target: string, now: number): void {
    this.#targets.set(key, target, now);
  }
}

const MESSAGES: Readonly<Record<Format, Buffer>> = {
  "openai-chat": needle("messages"),
  "openai-responses": needle("input"),
  "anthropic-messages": needle("messages"),
  gemini: needle("contents"),
};
const KEPT_ELSEWHERE = ["previous_response_id", "conversation"].map(needle);

/** What came before is with the provider, so that the first user message is that of this turn. */
function isContinued(body: Buffer): boolean {
  return hasKey(body, KEPT_ELSEWHERE, (first) => first === QUOTE || first === OPEN_BRACE);
}

/** Of instructions and tools' names before the messages, and of these as far as the first user's. */
function prefixHash(body: Buffer, messages: Buffer): bigint | null {
  if (!isObject(body, skipSpace(body, 0))) return null;
  const start = findValue(body, messages, (first) => first === OPEN_BRACKET || first === QUOTE);
  if (start < 0) return null;
  return firstUserHash(body, start, textHash(body.subarray(0, start), HEAD, 0n));
}

const ROLE = needle("role");
const USER = needle("user");
/** Instructions and examples that stand before the first user message. */
const MOST_BEFORE = 16;

function firstUserHash(body: Buffer, start: number, before: bigint): bigint | null {
  if (body[start] === QUOTE) return stringHash(body, start, before);
  let hash = before;
  let at = start;
  for (let count = 0; count < MOST_BEFORE; count++) {
    const element = skipSpace(body, at + 1);
    if (!isObject(body, element)) return null;
    const end = skipValue(body, element);
    const message = body.subarray(element, end);
    hash = textHash(message, TEXTS, hash);
    // Gemini's messages without a role are the user's.
    if (hasPair(message, ROLE, USER) || message.indexOf(ROLE) < 0) return hash;
    at = skipSpace(body, end);
  }
  return null;
}

const TEXTS = ["content", "text", "url", "data", "image_url", "file_id"].map(needle);
/** Instructions as a string or as parts, and names of tools. */
const HEAD = ["system", "instructions", "text", "name"].map(needle);

/**
 * The strings of some keys. Not the bytes as they are: a mark for the cache wanders from turn to turn, and with it a text may
 * be written as a string or as a list of one part.
 */
function textHash(part: Buffer, keys: readonly Buffer[], before: bigint): bigint {
  let hash = before;
  for (const key of keys) {
    findValue(part, key, (first, at) => {
      if (first === QUOTE) hash = stringHash(part, at, hash);
      return false;
    });
  }
  return hash;
}

/** Of a longer text the beginning tells enough. */
const MOST_BYTES = 16_384;

function stringHash(body: Buffer, at: number, before: bigint): bigint {
  const end = skipValue(body, at);
  return Bun.hash.xxHash64(body.subarray(at + 1, Math.min(end - 1, at + 1 + MOST_BYTES)), before);
}

function hashOf(id: string): string {
  return Bun.hash.xxHash64(id).toString(36);
}
