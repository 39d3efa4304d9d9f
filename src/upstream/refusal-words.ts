import type { FallbackReason } from "../exchange/fallback.ts";

/** What an upstream said with an error status, as far as it tells what was wrong. */
export interface RefusalWords {
  readonly status: number;
  /** Codes and types of the error, in lower case, with a space between. */
  readonly codes: string;
  /** The error's message and what stands behind it, in lower case. */
  readonly text: string;
}

/** How refusals of one reason are told: by codes, which are whole words, or by parts of the message. */
interface Signs {
  readonly codes: readonly string[];
  readonly texts: readonly string[];
}

/** A prompt that is too long, by provider. APIs that cut prompts silently (Ollama) or answer with nothing are not told. */
const CONTEXT_LENGTH: Signs = {
  codes: [
    // OpenAI's API reference, error codes; Azure OpenAI, Groq and Cerebras have the same.
    "context_length_exceeded",
    // llama.cpp's server.
    "exceed_context_size_error",
    // Anthropic's page "Errors": the body is above 32 MB.
    "request_too_large",
    // GitHub Copilot's API.
    "model_max_prompt_tokens_exceeded",
  ],
  texts: [
    // OpenAI (Chat), DeepSeek, vLLM, OpenRouter ("This endpoint's …"), Together, Fireworks, SGLang.
    "maximum context length",
    // OpenAI (Responses): "Your input exceeds the context window of this model."
    "exceeds the context window",
    // MiniMax: "context window exceeds limit".
    "context window exceeds",
    // Anthropic: "prompt is too long: 209353 tokens > 199999 maximum"; Fireworks too.
    "prompt is too long",
    // Anthropic: "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000".
    "exceed context limit",
    // Gemini: "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."
    "exceeds the maximum number of tokens",
    // xAI: "This model's maximum prompt length is 131072 but the request contains 537812 tokens."
    "maximum prompt length is",
    // vLLM: "The decoder prompt (length 5000) is longer than the maximum model length of 4096."
    "longer than the maximum model length",
    // SGLang: "The input (5000 tokens) is longer than the model's context length (4096 tokens)."
    "longer than the model's context length",
    // llama.cpp: "the request exceeds the available context size, try increasing it".
    "exceeds the available context size",
    // LM Studio: "… tokens to keep from the initial prompt is greater than the context length".
    "greater than the context length",
    // Groq, Cerebras: "Please reduce the length of the messages or completion."
    "reduce the length of the messages",
    // Mistral: "Prompt contains 40000 tokens …, too large for model with 32768 maximum context length"; found above too.
    "too large for model with",
    // Amazon Bedrock.
    "input is too long for requested model",
    // Cohere.
    "total number of tokens in the prompt cannot exceed",
    // text-generation-inference: "`inputs` tokens + `max_new_tokens` must be <= 8193".
    "`inputs` tokens + `max_new_tokens` must be",
    // Moonshot: "Your request exceeded model token limit: 8192".
    "exceeded model token limit",
    // OpenAI and Groq, where one prompt is above a whole minute's tokens: waiting does not help.
    "request too large for",
  ],
};

/** A filter's refusal, by provider. */
const CONTENT_FILTER: Signs = {
  codes: [
    // Azure OpenAI, with the second under `innererror`; Moonshot has the first as a type.
    "content_filter",
    "responsibleaipolicyviolation",
    // OpenAI: images, moderation of images, and reasoning models' prompts.
    "content_policy_violation",
    "moderation_blocked",
    "invalid_prompt",
    // Alibaba's Model Studio.
    "data_inspection_failed",
    "datainspectionfailed",
  ],
  texts: [
    // Anthropic: "Output blocked by content filtering policy".
    "content filtering policy",
    // OpenAI: "Your prompt was flagged as potentially violating our usage policy."
    "flagged as potentially violating",
    // Azure OpenAI.
    "content management policy",
    // DeepSeek.
    "content exists risk",
    // xAI: "Content violates usage guidelines."
    "violates usage guidelines",
    // OpenRouter, with status 403: "… requires moderation on …. Your input was flagged for …".
    "your input was flagged",
    // Moonshot: "The request was rejected because it was considered high risk".
    "considered high risk",
  ],
};

/** A target that serves this to nobody, by provider. */
const UNAVAILABLE: Signs = {
  codes: [
    // OpenAI, xAI, Groq: recorded as mirascope-0153, mirascope-0145, rig-1086.
    "model_not_found",
    // Mistral: recorded as rig-1359.
    "invalid_model",
    // Azure OpenAI.
    "deploymentnotfound",
    // Anthropic's page "Errors".
    "billing_error",
  ],
  texts: [
    // Gemini, recorded as mirascope-0141, and Vertex: "Publisher Model `…` not found."
    "is not found for api version",
    "publisher model",
    // Gemini (recorded as mirascope-0003) and xAI, who refuse keys with status 400.
    "api key not valid",
    "incorrect api key provided",
    // Anthropic, with status 400.
    "credit balance is too low",
  ],
};

/** Used-up quotas, which come with the status of a limit that passes by itself within a minute. */
const QUOTA: Signs = {
  // OpenAI's guide "Error codes".
  codes: ["insufficient_quota", "billing_hard_limit_reached"],
  texts: ["exceeded your current quota, please check your plan"],
};

/**
 * The reason why a request was refused, where the upstream's words tell it: statuses 400 to 499 alone, for a server's failure
 * is one whatever it says. Of a refused key (401, 403) only the filter is told apart, and of a limit (429) only a prompt
 * that is above it by itself.
 */
export function reasonInWords(words: RefusalWords): FallbackReason | null {
  const { status } = words;
  if (status < 400 || status > 499 || status === 401 || status === 408) return null;
  if (status === 429) return words.text.includes("request too large for") ? "context_length" : null;
  if (tells(words, CONTENT_FILTER)) return "content_filter";
  if (status === 403) return null;
  if (status === 413 || tells(words, CONTEXT_LENGTH)) return "context_length";
  if (status === 402 || tells(words, UNAVAILABLE) || isMissingModel(words)) return "unavailable";
  return null;
}

/** Whether a limit is a quota that is used up, and not one that time alone gives back within a minute. */
export function isQuota(words: Omit<RefusalWords, "status">): boolean {
  return tells(words, QUOTA);
}

/** Anthropic says "model: name" (recorded as mirascope-0137), vLLM "The model `name` does not exist.", Ollama "model "name" not found". */
function isMissingModel({ status, text }: RefusalWords): boolean {
  if (status !== 404 || !text.includes("model")) return false;
  return text.startsWith("model: ") || text.includes("does not exist") || text.includes("not found");
}

function tells({ codes, text }: Omit<RefusalWords, "status">, signs: Signs): boolean {
  if (codes !== "") {
    const words = codes.split(" ");
    if (signs.codes.some((code) => words.includes(code))) return true;
  }
  return text !== "" && signs.texts.some((part) => text.includes(part));
}
