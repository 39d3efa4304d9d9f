/**
 * What is sent in Gemini's format (ai.google.dev/api/generate-content), by what it calls its types. Received values are
 * read from JSON without trusting them to be of these types.
 */

export interface WirePart {
  readonly text?: string;
  readonly thought?: boolean;
  /** Base64. */
  readonly thoughtSignature?: string;
  readonly inlineData?: { readonly mimeType: string; readonly data: string };
  readonly fileData?: { readonly mimeType?: string; readonly fileUri: string };
  readonly functionCall?: FunctionCall;
  readonly functionResponse?: FunctionResponse;
  readonly [other: string]: unknown;
}

export interface FunctionCall {
  readonly id?: string;
  readonly name: string;
  readonly args: object;
}

export interface FunctionResponse {
  readonly id?: string;
  readonly name: string;
  readonly response: object;
  readonly parts?: readonly { readonly inlineData: { readonly mimeType: string; readonly data: string } }[];
}

export interface Content {
  readonly role: "user" | "model";
  readonly parts: readonly WirePart[];
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly description?: string;
  /** OpenAPI's `Schema`, which older models take. */
  readonly parameters?: unknown;
  readonly parametersJsonSchema?: unknown;
}

/** A list of functions, or one hosted tool by its name. */
export interface WireTool {
  readonly functionDeclarations?: readonly FunctionDeclaration[];
  readonly [hosted: string]: unknown;
}

export interface ToolConfig {
  readonly functionCallingConfig?: {
    readonly mode: "AUTO" | "ANY" | "NONE" | "VALIDATED";
    readonly allowedFunctionNames?: readonly string[];
  };
  readonly includeServerSideToolInvocations?: boolean;
}

export interface ThinkingConfig {
  /** Tokens; 0 switches thinking off, -1 leaves it to the model. */
  readonly thinkingBudget?: number;
  readonly thinkingLevel?: string;
  readonly includeThoughts?: boolean;
}

export interface GenerationConfig {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly candidateCount?: number;
  readonly maxOutputTokens?: number;
  readonly stopSequences?: readonly string[];
  readonly responseMimeType?: string;
  readonly responseSchema?: unknown;
  readonly responseJsonSchema?: unknown;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly responseLogprobs?: boolean;
  readonly logprobs?: number;
  readonly thinkingConfig?: ThinkingConfig;
}

export interface WireRequest {
  readonly systemInstruction?: { readonly parts: readonly WirePart[] };
  readonly contents: readonly Content[];
  readonly tools?: readonly WireTool[];
  readonly toolConfig?: ToolConfig;
  readonly generationConfig?: GenerationConfig;
  readonly serviceTier?: string;
}

export interface UsageMetadata {
  readonly promptTokenCount?: number;
  readonly cachedContentTokenCount?: number;
  readonly candidatesTokenCount?: number;
  readonly thoughtsTokenCount?: number;
  readonly totalTokenCount?: number;
  readonly promptTokensDetails?: readonly ModalityTokenCount[];
  readonly candidatesTokensDetails?: readonly ModalityTokenCount[];
  readonly serviceTier?: string;
}

export interface ModalityTokenCount {
  readonly modality: "TEXT" | "AUDIO";
  readonly tokenCount: number;
}

export interface Candidate {
  readonly content?: { readonly role: "model"; readonly parts?: readonly WirePart[] };
  readonly finishReason?: string;
  readonly index: number;
  readonly [other: string]: unknown;
}

/** A whole answer, or a chunk of a stream. */
export interface WireResponse {
  readonly candidates?: readonly Candidate[];
  readonly usageMetadata?: UsageMetadata;
  readonly modelVersion: string;
  readonly responseId: string;
  readonly [other: string]: unknown;
}
