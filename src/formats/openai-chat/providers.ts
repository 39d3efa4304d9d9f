/**
 * What Chat Completions is at a provider. OpenAI's own API has members that it refuses or lacks elsewhere, and others
 * have members that OpenAI refuses; a provider that is not listed is taken for one that knows what all of them know.
 */
export interface Dialect {
  /** OpenAI's own: the `developer` role, custom tools, `allowed_tools`, `max_completion_tokens`, `store`, … */
  readonly openai: boolean;
  /** How thoughts of earlier turns are sent back; null where the API takes none. */
  readonly thoughts: "reasoning_content" | "reasoning" | "content" | null;
  /**
   * Whether thinking is OpenRouter's: asked for with an object `reasoning`, which takes a budget too, in place of
   * `reasoning_effort`, and sent back as `reasoning_details`.
   */
  readonly reasoningObjects: boolean;
  /** Whether thinking is switched by `thinking` {type: "enabled" | "disabled"}. */
  readonly thinkingSwitch: boolean;
  /** Whether a stream's usage has to be asked for; some tell it always and refuse the question. */
  readonly asksForUsage: boolean;
  /** Whether parts may carry Anthropic's `cache_control`. */
  readonly cacheMarks: boolean;
  /** Whether files, and films, may be given by URL. */
  readonly links: boolean;
  /** Whether `web_search_options` are for every model, and not for those alone that are made for searching. */
  readonly searches: boolean;
  /** Whether it samples from the `top_k` likeliest tokens. */
  readonly topK: boolean;
}

const COMMON: Dialect = {
  openai: false,
  thoughts: "reasoning_content",
  reasoningObjects: false,
  thinkingSwitch: false,
  asksForUsage: true,
  cacheMarks: false,
  links: false,
  searches: false,
  topK: false,
};

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["openai", { ...COMMON, openai: true, thoughts: null }],
  // docs.mistral.ai: thoughts are parts of the content; unknown members are refused.
  ["mistral", { ...COMMON, thoughts: "content", asksForUsage: false }],
  // console.groq.com and inference-docs.cerebras.ai call the member `reasoning` and refuse others.
  ["groq", { ...COMMON, thoughts: "reasoning" }],
  ["cerebras", { ...COMMON, thoughts: "reasoning" }],
  // openrouter.ai/docs, "Reasoning tokens", "Prompt caching", "PDF inputs", "Web search".
  [
    "openrouter",
    {
      ...COMMON,
      thoughts: "reasoning",
      reasoningObjects: true,
      cacheMarks: true,
      links: true,
      searches: true,
      topK: true,
    },
  ],
  // api-docs.deepseek.com and platform.moonshot.ai, "Thinking mode".
  ["deepseek", { ...COMMON, thinkingSwitch: true }],
  ["kimi", { ...COMMON, thinkingSwitch: true }],
  ["together", { ...COMMON, topK: true }],
  ["fireworks", { ...COMMON, topK: true }],
]);

export function dialectOf(provider: string): Dialect {
  return DIALECTS.get(provider) ?? COMMON;
}
