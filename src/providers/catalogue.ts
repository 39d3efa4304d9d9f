import { BEARER, type ProviderEntry } from "./provider.ts";

/** A provider with OpenAI's Chat Completions under its base URL and a bearer key: most of them. */
const chatOnly = (baseUrl: string, env: string, models: readonly string[] = []): ProviderEntry => ({
  baseUrl,
  env: [env],
  key: BEARER,
  formats: { "openai-chat": "" },
  models,
});

/** The built-in providers. Base URLs and key styles are those of each provider's API reference. */
export const CATALOGUE: Readonly<Record<string, ProviderEntry>> = {
  openai: {
    baseUrl: "https://api.openai.com/v1",
    env: ["OPENAI_API_KEY"],
    key: BEARER,
    streamUsage: true,
    // Responses keeps reasoning from turn to turn, which Chat has no place for.
    formats: { "openai-chat": "", "openai-responses": "" },
    convertTo: "openai-responses",
    responses: { keeps: true, counts: true },
    // Each model's page in OpenAI's documentation names its endpoints.
    formatOnly: {
      "openai-chat": ["*-audio-preview*", "gpt-audio*", "*-search-preview*", "*-search-api*"],
      "openai-responses": [
        "o1-pro*",
        "o3-pro*",
        "gpt-5-pro*",
        "*-codex*",
        "codex-*",
        "*-deep-research*",
        "computer-use-*",
      ],
    },
    completions: ["gpt-3.5-turbo-instruct*", "davinci-*", "babbage-*"],
    models: [
      "gpt-*",
      "chatgpt-*",
      "o1*",
      "o3*",
      "o4*",
      "codex-*",
      "text-embedding-*",
      "davinci-*",
      "babbage-*",
    ],
  },
  anthropic: {
    baseUrl: "https://api.anthropic.com/v1",
    env: ["ANTHROPIC_API_KEY"],
    key: { header: "x-api-key", prefix: "" },
    formats: { "anthropic-messages": "" },
    models: ["claude-*"],
    defaultHeaders: { "anthropic-version": "2023-06-01" },
  },
  gemini: {
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    env: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    key: { header: "x-goog-api-key", prefix: "" },
    formats: { gemini: "" },
    models: ["gemini-*", "gemma-*", "learnlm-*", "imagen-*", "text-embedding-004", "embedding-001"],
    aliases: ["google"],
  },
  xai: {
    baseUrl: "https://api.x.ai/v1",
    env: ["XAI_API_KEY"],
    key: BEARER,
    formats: { "openai-chat": "", "openai-responses": "" },
    models: ["grok-*"],
  },
  cerebras: {
    ...chatOnly("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    completions: ["*"],
    streamUsage: true,
  },
  groq: {
    ...chatOnly("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    formats: { "openai-chat": "", "openai-responses": "" },
    responses: { keeps: false, counts: false },
  },
  mistral: chatOnly("https://api.mistral.ai/v1", "MISTRAL_API_KEY", [
    "mistral-*",
    "codestral-*",
    "ministral-*",
    "magistral-*",
    "devstral-*",
    "pixtral-*",
    "open-mistral-*",
    "open-mixtral-*",
  ]),
  deepseek: {
    ...chatOnly("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", ["deepseek-*"]),
    streamUsage: true,
  },
  openrouter: { ...chatOnly("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"), completions: ["*"] },
  together: { ...chatOnly("https://api.together.xyz/v1", "TOGETHER_API_KEY"), completions: ["*"] },
  fireworks: {
    ...chatOnly("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    completions: ["*"],
  },
  baseten: { ...chatOnly("https://inference.baseten.co/v1", "BASETEN_API_KEY"), completions: ["*"] },
  kimi: {
    ...chatOnly("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", ["kimi-*", "moonshot-*"]),
    streamUsage: true,
    aliases: ["moonshot"],
  },
  perplexity: chatOnly("https://api.perplexity.ai", "PERPLEXITY_API_KEY", ["sonar*"]),
};

/** The provider that is part of the gateway; its base URL is known once its server has started. */
export const DEMO = "demo";

/** Every name that a configuration may use without saying what it is. */
export const KNOWN_PROVIDERS: readonly string[] = [
  ...Object.keys(CATALOGUE),
  ...Object.values(CATALOGUE).flatMap((entry) => entry.aliases ?? []),
  DEMO,
];

/** Bare names by which their models are known, `*` at the end of patterns. */
export const KNOWN_MODELS: readonly string[] = Object.values(CATALOGUE).flatMap((entry) => entry.models);
