import { arrayOf, countOf, isRecord, type JsonObject } from "../../exchange/read.ts";
import { toldCounts, type Usage } from "../../exchange/usage.ts";
import type { ModalityTokenCount, UsageMetadata } from "./wire.ts";

/**
 * Reads `usageMetadata`; undefined where it counts nothing. The prompt includes what was cached; what hosted tools found
 * is read by the model too, and is counted and billed beside it. The answer is its words and its thoughts.
 */
export function readUsage(usage: JsonObject): Usage | undefined {
  const prompt = countOf(usage.promptTokenCount);
  const found = countOf(usage.toolUsePromptTokenCount);
  const words = countOf(usage.candidatesTokenCount);
  const thoughts = countOf(usage.thoughtsTokenCount);
  const cached = countOf(usage.cachedContentTokenCount);
  const input = sum(prompt, found);
  const output = sum(words, thoughts);
  if (input === undefined && output === undefined) return undefined;
  return toldCounts({
    input,
    cachedInput: cached,
    audioInput: countIn(usage.promptTokensDetails, "AUDIO"),
    cachedAudioInput: countIn(usage.cacheTokensDetails, "AUDIO"),
    output,
    reasoning: thoughts,
    audioOutput: countIn(usage.candidatesTokensDetails, "AUDIO"),
    imageOutput: countIn(usage.candidatesTokensDetails, "IMAGE"),
  });
}

/** Counts of cache writes have no place. */
export function writeUsage(usage: Usage): UsageMetadata {
  const { input, cachedInput, audioInput, output, reasoning, audioOutput } = usage;
  const words = output === undefined ? undefined : Math.max(0, output - (reasoning ?? 0));
  return {
    ...(input === undefined ? {} : { promptTokenCount: input }),
    ...(cachedInput === undefined ? {} : { cachedContentTokenCount: cachedInput }),
    ...(words === undefined ? {} : { candidatesTokenCount: words }),
    ...(reasoning === undefined ? {} : { thoughtsTokenCount: reasoning }),
    totalTokenCount: (input ?? 0) + (words ?? 0) + (reasoning ?? 0),
    ...(audioInput === undefined ? {} : { promptTokensDetails: details(input, audioInput) }),
    ...(audioOutput === undefined ? {} : { candidatesTokensDetails: details(words, audioOutput) }),
  };
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : one + (other ?? 0);
}

function countIn(details: unknown, modality: string): number | undefined {
  const found = arrayOf(details).find((count) => isRecord(count) && count.modality === modality);
  return isRecord(found) ? countOf(found.tokenCount) : undefined;
}

function details(all: number | undefined, audio: number): ModalityTokenCount[] {
  return [
    ...(all === undefined ? [] : [{ modality: "TEXT" as const, tokenCount: all - audio }]),
    { modality: "AUDIO", tokenCount: audio },
  ];
}
