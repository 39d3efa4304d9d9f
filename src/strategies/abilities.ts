/** What a prompt can hold beside text. A file is a document, as a PDF. */
export const MEDIA = ["image", "audio", "video", "file"] as const;
export type Medium = (typeof MEDIA)[number];

/** What a model takes. Null is what nobody has told: a model is never passed over for it. */
export interface ModelFacts extends Readonly<Record<Medium, boolean | null>> {
  /** Tokens of prompt and answer together. */
  readonly contextWindow: number | null;
  /** Tokens of the longest answer. */
  readonly mostOutput: number | null;
  readonly tools: boolean | null;
  /** Whether it holds to a JSON schema that it is given. */
  readonly structured: boolean | null;
  readonly reasoning: boolean | null;
}

/** Of a model of one's own, or a new one. */
export const UNKNOWN_FACTS: ModelFacts = {
  contextWindow: null,
  mostOutput: null,
  image: null,
  audio: null,
  video: null,
  file: null,
  tools: null,
  structured: null,
  reasoning: null,
};

/** What a request needs of a model. */
export interface Requirements {
  /** Tokens of the prompt, about. */
  readonly inputTokens: number;
  /** Tokens that the prompt has at least, whatever its language. */
  readonly leastInputTokens: number;
  /** The longest answer that is asked for, in tokens; null where the request does not say. */
  readonly outputTokens: number | null;
  readonly media: readonly Medium[];
  readonly tools: boolean;
  /** An answer that holds to a JSON schema. */
  readonly structured: boolean;
  readonly reasoning: boolean;
}

/** Why a model cannot serve such a request, in words; null where it can, or nobody knows. */
export function unfit(facts: ModelFacts, needs: Requirements): string | null {
  const { contextWindow, mostOutput } = facts;
  if (contextWindow !== null && needs.leastInputTokens > contextWindow)
    return `the prompt has at least ${needs.leastInputTokens} tokens and the model takes ${contextWindow}`;
  if (mostOutput !== null && needs.outputTokens !== null && needs.outputTokens > mostOutput)
    return `${needs.outputTokens} tokens are asked for and the model answers with at most ${mostOutput}`;
  for (const medium of needs.media)
    if (facts[medium] === false) return `the model takes no ${PLURALS[medium]}`;
  if (needs.tools && facts.tools === false) return "the model calls no tools";
  if (needs.structured && facts.structured === false) return "the model holds to no schema";
  if (needs.reasoning && facts.reasoning === false) return "the model does not reason";
  return null;
}

const PLURALS: Readonly<Record<Medium, string>> = {
  image: "images",
  audio: "sound",
  video: "videos",
  file: "files",
};
