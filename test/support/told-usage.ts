import type { RECORDINGS, RecordedExchange } from "./exchanges.ts";

type RecordedFormat = keyof typeof RECORDINGS;
type Json = Record<string, unknown>;

/** Tokens as a provider told them, read without any of the product's code. */
export interface ToldUsage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached: number | undefined;
  readonly cacheWritten: number | undefined;
  /** 0 where nothing is told of them, as of sound. */
  readonly cacheWritten1h: number;
  readonly reasoning: number | undefined;
  readonly audioInput: number;
  readonly audioOutput: number;
}

/** What a recorded answer, or the whole events of its beginning, says of its tokens; null where it says nothing. */
export function toldUsage(format: RecordedFormat, recording: RecordedExchange): ToldUsage | null {
  const bodies = jsonIn(recording.body);
  const usages = bodies.map((body) => usageIn(format, body)).filter((usage) => usage !== null);
  return usages.length === 0 ? null : READERS[format](Object.assign({}, ...usages.map(withoutNulls)));
}

/** A JSON body, the elements of a JSON array, or the data of events; what is broken off is left out. */
function jsonIn(text: string): Json[] {
  if (/^[[{]/.test(text)) {
    const value = JSON.parse(text) as Json | Json[];
    return Array.isArray(value) ? value : [value];
  }
  return text.split(/\r?\n/).flatMap((line) => {
    if (!line.startsWith("data:") || line.includes("[DONE]")) return [];
    try {
      return [JSON.parse(line.slice(5)) as Json];
    } catch {
      return [];
    }
  });
}

function usageIn(format: RecordedFormat, body: Json): Json | null {
  const inner = (body.response ?? body.message ?? body.x_groq ?? {}) as Json;
  const found = format === "gemini" ? body.usageMetadata : (body.usage ?? inner.usage);
  return (found as Json | null | undefined) ?? null;
}

function withoutNulls(usage: Json): Json {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}

const READERS: Record<RecordedFormat, (usage: Json) => ToldUsage> = {
  "openai-chat"(usage) {
    const [prompt, completion, total] = [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];
    // Where the total is more than both, the rest is thinking that was left out of the answer's tokens.
    const apart = number(total) - number(prompt) - number(completion);
    const reasoning = member(usage.completion_tokens_details, "reasoning_tokens");
    const isApart = apart > 0 && (reasoning === undefined || reasoning === apart);
    return {
      input: prompt as number | undefined,
      output: isApart ? number(completion) + apart : (completion as number | undefined),
      cached:
        member(usage.prompt_tokens_details, "cached_tokens") ??
        (usage.prompt_cache_hit_tokens as number | undefined),
      cacheWritten: member(usage.prompt_tokens_details, "cache_write_tokens"),
      cacheWritten1h: 0,
      reasoning: isApart ? apart : reasoning,
      audioInput: member(usage.prompt_tokens_details, "audio_tokens") ?? 0,
      audioOutput: member(usage.completion_tokens_details, "audio_tokens") ?? 0,
    };
  },
  "openai-responses": (usage) => ({
    input: usage.input_tokens as number | undefined,
    output: usage.output_tokens as number | undefined,
    cached: member(usage.input_tokens_details, "cached_tokens"),
    cacheWritten: member(usage.input_tokens_details, "cache_write_tokens"),
    cacheWritten1h: 0,
    reasoning: member(usage.output_tokens_details, "reasoning_tokens"),
    audioInput: 0,
    audioOutput: 0,
  }),
  "anthropic-messages": (usage) => ({
    input:
      number(usage.input_tokens) +
      number(usage.cache_read_input_tokens) +
      number(usage.cache_creation_input_tokens),
    output: usage.output_tokens as number | undefined,
    cached: usage.cache_read_input_tokens as number | undefined,
    cacheWritten: usage.cache_creation_input_tokens as number | undefined,
    cacheWritten1h: member(usage.cache_creation, "ephemeral_1h_input_tokens") ?? 0,
    reasoning: member(usage.output_tokens_details, "thinking_tokens"),
    audioInput: 0,
    audioOutput: 0,
  }),
  gemini: (usage) => ({
    input:
      usage.promptTokenCount === undefined
        ? undefined
        : number(usage.promptTokenCount) + number(usage.toolUsePromptTokenCount),
    output:
      usage.candidatesTokenCount === undefined && usage.thoughtsTokenCount === undefined
        ? undefined
        : number(usage.candidatesTokenCount) + number(usage.thoughtsTokenCount),
    cached: usage.cachedContentTokenCount as number | undefined,
    cacheWritten: undefined,
    cacheWritten1h: 0,
    reasoning: usage.thoughtsTokenCount as number | undefined,
    audioInput: sound(usage.promptTokensDetails),
    audioOutput: sound(usage.candidatesTokensDetails),
  }),
};

function sound(details: unknown): number {
  const found = (details as { modality?: unknown; tokenCount?: number }[] | undefined)?.find(
    ({ modality }) => modality === "AUDIO",
  );
  return found?.tokenCount ?? 0;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function member(value: unknown, name: string): number | undefined {
  const found = (value as Json | null | undefined)?.[name];
  return typeof found === "number" ? found : undefined;
}
