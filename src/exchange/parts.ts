import type { Format } from "./formats.ts";

/**
 * Members of an object of one API's wire format that the neutral form has no place for, by format. They are given back
 * when the object is written in that format, so that nothing is lost on a way that ends in the format it began in.
 */
export type Extensions = Partial<Record<Format, Readonly<Record<string, unknown>>>>;

/**
 * What a provider signs or encrypts for its own later use: Anthropic's thinking signatures and redacted thinking,
 * OpenAI's encrypted reasoning, Gemini's thought signatures. It is worth something to that provider's API only.
 */
export interface Seal {
  /** The format of the API that made it. */
  readonly origin: Format;
  readonly value: string;
}

/** A mark that the prompt up to here is to be kept in the provider's cache. */
export interface CacheMark {
  /** How long, as Anthropic writes it (`5m`, `1h`); absent for the provider's default. */
  readonly ttl?: string;
}

/** Where a piece of an answer's text comes from. */
export interface Citation {
  readonly url?: string;
  readonly title?: string;
  /** The words that are cited, out of the source. */
  readonly quote?: string;
  /** Range in the part's own text, in UTF-16 units, `end` excluded. */
  readonly start?: number;
  readonly end?: number;
  readonly extensions?: Extensions;
}

export interface TextPart {
  readonly kind: "text";
  readonly text: string;
  readonly citations?: readonly Citation[];
  readonly cache?: CacheMark;
  /** Gemini signs text too. */
  readonly seal?: Seal;
  /** The wire item's id, where the format has one (a Responses message's). Parts with the same id are of one item. */
  readonly itemId?: string;
  readonly extensions?: Extensions;
}

/** The model's words where it declines to answer. */
export interface RefusalPart {
  readonly kind: "refusal";
  readonly text: string;
  readonly itemId?: string;
  readonly extensions?: Extensions;
}

export type MediaSource =
  | { readonly kind: "base64"; readonly data: string }
  | { readonly kind: "url"; readonly url: string }
  /** A file that was uploaded to the provider. */
  | { readonly kind: "file"; readonly id: string }
  /** A document given as plain text. */
  | { readonly kind: "text"; readonly text: string };

/** An image, a document (PDF and other files), a sound or a film. */
export interface MediaPart {
  readonly kind: "media";
  readonly media: "image" | "document" | "audio" | "video";
  /** Lower case, as `image/png`; absent where the format does not say. */
  readonly mimeType?: string;
  readonly source: MediaSource;
  /** The file's name. */
  readonly name?: string;
  /** How closely an image is to be looked at, as OpenAI writes it: `low`, `high`, `auto`, … */
  readonly detail?: string;
  readonly cache?: CacheMark;
  readonly seal?: Seal;
  readonly extensions?: Extensions;
}

/** What the model thought, in full or as a summary. */
export interface ReasoningPart {
  readonly kind: "reasoning";
  /** Readable text; empty where there is none, or where it is redacted. */
  readonly text: string;
  /** Whether the provider hid the text on purpose, so that only the seal is left (Anthropic's `redacted_thinking`). */
  readonly redacted?: boolean;
  /** Whether `text` is the provider's summary and not the thoughts themselves. */
  readonly summary?: boolean;
  readonly seal?: Seal;
  /** The wire item's id. Neighbouring parts with the same id are of one item, whose seal the last of them carries. */
  readonly itemId?: string;
  readonly extensions?: Extensions;
}

export interface ToolCallPart {
  readonly kind: "tool-call";
  /** By which the result names it. Unique within a conversation. */
  readonly id: string;
  readonly name: string;
  /** JSON text of an object, as the model wrote it, perhaps broken; free text where `custom`. Never empty unless `custom`: `{}`. */
  readonly arguments: string;
  /** A call of a free-form tool, whose argument is plain text. */
  readonly custom?: boolean;
  /** The namespace that a Responses tool stands in. */
  readonly namespace?: string;
  readonly seal?: Seal;
  readonly itemId?: string;
  readonly cache?: CacheMark;
  readonly extensions?: Extensions;
}

export interface ToolResultPart {
  readonly kind: "tool-result";
  readonly callId: string;
  /** The tool's name where the format says it (Gemini needs it). */
  readonly name?: string;
  readonly parts: readonly (TextPart | MediaPart | NativePart)[];
  readonly isError?: boolean;
  readonly custom?: boolean;
  readonly cache?: CacheMark;
  readonly extensions?: Extensions;
}

/**
 * A part that one format alone has: a hosted tool's call or result, a container, an approval. It goes out again in that
 * format and is left out, and named, in every other.
 */
export interface NativePart {
  readonly kind: "native";
  readonly format: Format;
  /** The wire type, for naming it, as `web_search_call`. */
  readonly type: string;
  /** The wire value, whole. */
  readonly value: unknown;
}

export type Part =
  | TextPart
  | RefusalPart
  | MediaPart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | NativePart;
