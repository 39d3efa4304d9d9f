import type { Reading } from "./reading.ts";

/** The aspects of an answer that must come through. */
export const ASPECTS = [
  "text",
  "reasoning",
  "calls",
  "call ids",
  "finish",
  "input tokens",
  "output tokens",
  "cached tokens",
  "reasoning tokens",
  "error",
  "protocol",
] as const;
export type Aspect = (typeof ASPECTS)[number];

/** One aspect that differs: what the upstream's own reader understood, and what the client's did. */
export interface Difference {
  readonly aspect: Aspect;
  readonly expected: unknown;
  readonly actual: unknown;
}

/**
 * Where two readings of one answer differ. `expected` is the one by the upstream's own reader; `breaches` is what the
 * client's answer breaks of its format's protocol, which a forgiving reader does not see.
 */
export function differences(
  expected: Reading,
  actual: Reading,
  breaches: readonly string[] = [],
): Difference[] {
  const found: Difference[] = [];
  const check = (aspect: Aspect, left: unknown, right: unknown) => {
    if (!Bun.deepEquals(left, right)) found.push({ aspect, expected: left, actual: right });
  };
  check("error", errorOf(expected), errorOf(actual, expected));
  check("text", expected.text, actual.text);
  check("reasoning", inOnePiece(expected.reasoning), inOnePiece(actual.reasoning));
  check("calls", expected.calls, actual.calls);
  if (new Set(actual.callIds).size < actual.callIds.length)
    found.push({ aspect: "call ids", expected: "no id twice", actual: actual.callIds });
  check("finish", finishOf(expected), finishOf(actual));
  check("input tokens", expected.usage.input, told(expected.usage.input, actual.usage.input));
  check("output tokens", expected.usage.output, told(expected.usage.output, actual.usage.output));
  check("cached tokens", expected.usage.cached ?? 0, actual.usage.cached ?? 0);
  check("reasoning tokens", expected.usage.reasoning ?? 0, actual.usage.reasoning ?? 0);
  check("protocol", [], breaches);
  return found;
}

/**
 * Thoughts come in parts, and each format sets its own blank line, or none, between two of them. Their words are
 * compared.
 */
function inOnePiece(reasoning: string): string {
  return reasoning.replace(/\s+/g, "");
}

/**
 * Three of the formats derive the finish reason from the tool calls (Gemini ends them with STOP, Responses has no
 * reason of its own for them), so an upstream that ends calls with `stop` in Chat says the same.
 */
function finishOf({ finish, calls }: Reading): string | null {
  return finish === "stop" && calls.length > 0 ? "tool-calls" : finish;
}

/** Where the upstream told no count, the client's format may have to say one: nothing is compared. */
function told(expected: number | undefined, actual: number | undefined): number | undefined {
  return expected === undefined ? undefined : actual;
}

/**
 * Status, and the provider's words where its own reader found them; the client's may say more. A reader that cannot
 * read an error takes the status line's words for it.
 */
function errorOf({ error }: Reading, expected?: Reading): unknown {
  if (error === null) return null;
  const words = expected?.error?.message ?? error.message;
  return {
    status: error.status,
    words: words === UNREAD ? UNREAD : error.message.includes(words) ? words : error.message,
  };
}

/** The reason phrase of replayed answers. */
const UNREAD = "Recorded";
