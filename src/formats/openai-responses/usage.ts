import { countOf, type JsonObject, recordOf } from "../../exchange/read.ts";
import { toldCounts, type Usage } from "../../exchange/usage.ts";
import type { WireUsage } from "./wire.ts";

/** Reads `usage`; undefined where the provider tells none. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = recordOf(value);
  if (usage === undefined) return undefined;
  const input = recordOf(usage.input_tokens_details);
  const output = recordOf(usage.output_tokens_details);
  const told = toldCounts({
    input: countOf(usage.input_tokens),
    cachedInput: countOf(input?.cached_tokens),
    cacheWriteInput: countOf(input?.cache_write_tokens),
    output: countOf(usage.output_tokens),
    reasoning: countOf(output?.reasoning_tokens),
  });
  return told ?? {};
}

/** Every count, 0 where the provider did not say; `own` are further members that a provider of this format told. */
export function writeUsage(usage: Usage, own: JsonObject): WireUsage {
  const { input = 0, cachedInput = 0, cacheWriteInput = 0, output = 0, reasoning = 0 } = usage;
  return {
    ...own,
    input_tokens: input,
    input_tokens_details: {
      ...recordOf(own.input_tokens_details),
      cached_tokens: cachedInput,
      cache_write_tokens: cacheWriteInput,
    },
    output_tokens: output,
    output_tokens_details: { ...recordOf(own.output_tokens_details), reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
