import { countOf, isRecord, type JsonObject } from "../../exchange/read.ts";
import { toldCounts, type Usage } from "../../exchange/usage.ts";
import type { WireUsage } from "./wire.ts";

/**
 * Reads counts. `input_tokens` leaves out what was read from or written to the cache (the API's description of `usage`);
 * the neutral count is of all.
 */
export function readUsage(wire: JsonObject): Usage {
  const fresh = countOf(wire.input_tokens);
  const cached = countOf(wire.cache_read_input_tokens);
  const written = countOf(wire.cache_creation_input_tokens);
  const kept = isRecord(wire.cache_creation) ? countOf(wire.cache_creation.ephemeral_1h_input_tokens) : 0;
  const output = countOf(wire.output_tokens);
  const details = isRecord(wire.output_tokens_details) ? wire.output_tokens_details : {};
  const reasoning = countOf(details.thinking_tokens);
  const told = toldCounts({
    input: fresh === undefined ? undefined : fresh + (cached ?? 0) + (written ?? 0),
    cachedInput: cached,
    cacheWriteInput: written,
    cacheWrite1hInput: written && kept ? Math.min(kept, written) : undefined,
    output,
    reasoning,
  });
  return told ?? {};
}

/** Members of `usage` that the neutral counts do not tell: server tools, tiers, regions, nulls. */
export function restOfUsage(wire: JsonObject): JsonObject | undefined {
  const rest = Object.entries(wire).filter(([key, value]) => !(COUNTS.has(key) && typeof value === "number"));
  const kept = rest.filter(([key, value]) => key !== "output_tokens_details" || !isRecord(value));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

const COUNTS: ReadonlySet<string> = new Set([
  "input_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "output_tokens",
]);

/**
 * The counts so far of a stream: `message_delta` repeats them from the beginning. A later 0 of input takes nothing back,
 * as servers that are like Anthropic's send it where they do not count again.
 */
export function laterUsage(earlier: JsonObject, later: JsonObject): JsonObject {
  const told = Object.entries(later).filter(
    ([key, value]) =>
      value !== null && !(value === 0 && key !== "output_tokens" && Number(earlier[key] ?? 0) > 0),
  );
  return { ...earlier, ...Object.fromEntries(told) };
}

/** Writes counts for a client; what is not known is 0, as the API wants numbers. */
export function writeUsage(usage: Usage | undefined, rest: unknown): WireUsage {
  const cached = usage?.cachedInput ?? 0;
  const written = usage?.cacheWriteInput ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.input ?? 0) - cached - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: usage?.output ?? 0,
    output_tokens_details: usage?.reasoning === undefined ? null : { thinking_tokens: usage.reasoning },
    server_tool_use: null,
    ...(isRecord(rest) ? rest : {}),
  };
}

/** What `usage` of a whole message has beside the counts. */
export function usageOfMessage(
  usage: Usage | undefined,
  serviceTier: string | undefined,
  rest: unknown,
): object {
  return {
    cache_creation: null,
    inference_geo: null,
    service_tier: TIERS.get(serviceTier ?? "") ?? null,
    speed: null,
    ...writeUsage(usage, rest),
  };
}

/** The API's three tiers and what OpenAI calls the first. */
const TIERS: ReadonlyMap<string, string> = new Map([
  ["standard", "standard"],
  ["default", "standard"],
  ["priority", "priority"],
  ["batch", "batch"],
]);
