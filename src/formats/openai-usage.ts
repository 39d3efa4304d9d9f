import { countOf, isRecord, type JsonObject } from "../exchange/read.ts";
import { toldCounts, type Usage } from "../exchange/usage.ts";

/**
 * Reads `usage` as Chat Completions, legacy completions and embeddings have it; undefined where it counts nothing. Of
 * the prompt's cached tokens DeepSeek and Moonshot tell in members of their own.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const prompt = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : {};
  const completion = isRecord(value.completion_tokens_details) ? value.completion_tokens_details : {};
  const input = countOf(value.prompt_tokens);
  const cached =
    countOf(prompt.cached_tokens) ?? countOf(value.prompt_cache_hit_tokens) ?? countOf(value.cached_tokens);
  return toldCounts({
    input,
    cachedInput: cached,
    cacheWriteInput: countOf(prompt.cache_write_tokens),
    audioInput: countOf(prompt.audio_tokens),
    ...outputOf(value, countOf(completion.reasoning_tokens)),
    audioOutput: countOf(completion.audio_tokens),
  });
}

/**
 * xAI and Gemini's compatible API leave thinking out of `completion_tokens` and count it in `total_tokens` only, the
 * latter without saying how much it was.
 */
function outputOf(value: JsonObject, reasoning: number | undefined) {
  const output = countOf(value.completion_tokens);
  const apart = (countOf(value.total_tokens) ?? 0) - (countOf(value.prompt_tokens) ?? 0) - (output ?? 0);
  if (output === undefined || apart <= 0 || (reasoning !== undefined && reasoning !== apart))
    return { output, reasoning };
  return { output: output + apart, reasoning: apart };
}

/** Writes `usage`; details only where something is known of them. */
export function writeUsage(usage: Usage): {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
} {
  const { input = 0, output = 0 } = usage;
  const prompt = details({
    cached_tokens: usage.cachedInput,
    cache_write_tokens: usage.cacheWriteInput,
    audio_tokens: usage.audioInput,
  });
  const completion = details({ reasoning_tokens: usage.reasoning, audio_tokens: usage.audioOutput });
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(prompt === null ? {} : { prompt_tokens_details: prompt }),
    ...(completion === null ? {} : { completion_tokens_details: completion }),
  };
}

function details(counts: Record<string, number | undefined>): Record<string, number> | null {
  const told = Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return told.length === 0 ? null : Object.fromEntries(told);
}
