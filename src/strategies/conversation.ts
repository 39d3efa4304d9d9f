import type { Format } from "../exchange/formats.ts";
import { isArray, isObject, JsonSyntaxError, skipSpace, skipValue } from "../lib/json-scan.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { findValue, hasKey, hasPair, needle, OPEN_BRACE, QUOTE } from "./needles.ts";

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

const MESSAGES: Readonly<Record<Format, string>> = {
  "openai-chat": "messages",
  "openai-responses": "input",
  "anthropic-messages": "messages",
  gemini: "contents",
};
const INSTRUCTIONS: ReadonlySet<string> = new Set([
  "system",
  "instructions",
  "systemInstruction",
  "system_instruction",
]);
const KEPT_ELSEWHERE = ["previous_response_id", "conversation"].map(needle);
const MOST_MEMBERS = 200;

/** What came before is with the provider, so that the first user message is that of this turn. */
function isContinued(body: Buffer): boolean {
  return hasKey(body, KEPT_ELSEWHERE, (first) => first === QUOTE || first === OPEN_BRACE);
}

/** Walks the body's members as far as its messages and these as far as the first user's. */
function prefixHash(body: Buffer, messages: string): bigint | null {
  let at = skipSpace(body, 0);
  if (!isObject(body, at)) return null;
  let hash = 0n;
  for (let members = 0; members < MOST_MEMBERS; members++) {
    const keyStart = skipSpace(body, at + 1);
    if (body[keyStart] !== QUOTE) return null;
    const keyEnd = skipValue(body, keyStart);
    const start = skipSpace(body, skipSpace(body, keyEnd) + 1);
    const key = body.toString("latin1", keyStart + 1, keyEnd - 1);
    if (key === messages) return firstUserHash(body, start, hash);
    const end = skipValue(body, start);
    if (INSTRUCTIONS.has(key)) hash = textHash(body, start, end, TEXTS, hash);
    else if (key === "tools") hash = textHash(body, start, end, NAMES, hash);
    at = skipSpace(body, end);
  }
  return null;
}

const ROLE = needle("role");
const USER = needle("user");
/** Instructions and examples that stand before the first user message. */
const MOST_BEFORE = 16;

function firstUserHash(body: Buffer, start: number, before: bigint): bigint | null {
  if (body[start] === QUOTE) return stringHash(body, start, before);
  if (!isArray(body, start)) return null;
  let hash = before;
  let at = start;
  for (let count = 0; count < MOST_BEFORE; count++) {
    const element = skipSpace(body, at + 1);
    if (!isObject(body, element)) return null;
    const end = skipValue(body, element);
    hash = textHash(body, element, end, TEXTS, hash);
    const message = body.subarray(element, end);
    // Gemini's messages without a role are the user's.
    if (hasPair(message, ROLE, USER) || message.indexOf(ROLE) < 0) return hash;
    at = skipSpace(body, end);
  }
  return null;
}

const TEXTS = ["content", "text", "url", "data", "image_url", "file_id"].map(needle);
const NAMES = [needle("name")];

/**
 * The strings of some keys, or the string itself. Not the bytes as they are: a mark for the cache wanders from turn to turn,
 * and with it a text may be written as a string or as a list of one part.
 */
function textHash(body: Buffer, start: number, end: number, keys: readonly Buffer[], before: bigint): bigint {
  if (body[start] === QUOTE) return stringHash(body, start, before);
  const part = body.subarray(start, end);
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
