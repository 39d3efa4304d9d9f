import type { Usage } from "./usage.ts";

/** A request for vectors, in no provider's format. */
export interface EmbeddingsRequest {
  readonly model: string;
  /** Texts, or texts as token ids; at least one. */
  readonly inputs: readonly (string | readonly number[])[];
  /** Length of each vector. */
  readonly dimensions?: number;
  /** How numbers are written in the answer (OpenAI); `base64` is of 32-bit little-endian floats. */
  readonly encoding?: "float" | "base64";
  /** What the vectors are for, and the title of a document (Gemini). */
  readonly taskType?: string;
  readonly title?: string;
  readonly userId?: string;
}

export interface EmbeddingsResponse {
  /** As the provider names it; empty where it does not. */
  readonly model: string;
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage?: Usage;
}
