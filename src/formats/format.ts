import type { GatewayError } from "../exchange/errors.ts";
import type { ErrorShape, Format } from "../exchange/formats.ts";
import type { TemplateRole } from "../prompts/template.ts";

/**
 * What an object with template fields is. `message`: one of the conversation, in whose place several may stand.
 * `instruction`: a message of the system prompt. `part`: a part or block of content. `block`: content or a system prompt
 * that is an object though the API takes a text or an array of blocks there. `text`: the same where it takes a text alone.
 * `request`: a whole request in another, which has no such fields itself.
 */
export type PlaceKind = "message" | "instruction" | "part" | "block" | "text" | "request";

/** A key under which objects may have template fields. */
export interface PlaceRule {
  /** What its value is, where that is an object. */
  readonly alone: PlaceKind;
  /** What each element is, where the value is an array. */
  readonly each: PlaceKind;
  /** The role of a message that names none; null where the API asks for none. */
  readonly role: "system" | "user" | null;
  /** The member of a message that holds its texts and parts. */
  readonly content: "content" | "parts";
  /** The type of a text part; null where parts have none. An assistant's `input_text` is an `output_text`. */
  readonly textType: "text" | "input_text" | null;
  /** The same again inside. */
  readonly inside: TemplatePlaces;
}

/**
 * Places in a request where a client may put `template`, `template_id` and `variables`. Nowhere else are these names
 * touched, for a tool's schema or arguments may well use them.
 */
export interface TemplatePlaces {
  readonly [key: string]: PlaceRule;
}

/** How a format writes the messages of a template. All give JSON. */
export interface MessageForms {
  writeMessage(role: TemplateRole, text: string): string;
  /** Of an API that has the system prompt apart from the messages; null where it is one of them. */
  readonly system: SystemForms | null;
}

export interface SystemForms {
  /** Names of the top-level member that holds it, the usual one first. */
  readonly names: readonly string[];
  /** Whether one that is an object has its texts in `parts`. */
  readonly hasParts: boolean;
  writeWhole(text: string): string;
  writeBlock(text: string): string;
}

/** Where a parameter that people name as Chat Completions does stands in a format. */
export interface Parameter {
  /** Names from the top down, each in all spellings that the API takes; the first is written. */
  readonly path: readonly (readonly string[])[];
  /** An object whose members are set one by one, each as a parameter of that name is. */
  readonly isGroup?: boolean;
  /** Other names for the last one: where the body has one of them, that is what is set. */
  readonly otherwise?: readonly string[];
  /** The value there, under the name that is set. */
  readonly write?: (value: unknown, name: string) => unknown;
}

/** An error that a provider told inside a stream that had begun with status 200. */
export interface StreamError {
  /** The HTTP status that stands for it. */
  readonly status: number;
  readonly message: string;
}

/** What the gateway knows of one API format. Every folder beside this file exports one. */
export interface FormatModule {
  readonly name: Format;
  readonly errorShape: ErrorShape;
  readonly templatePlaces: TemplatePlaces;
  readonly messageForms: MessageForms;
  /** By the name that people use; null for what the API has not. Those that are not here are at the top, by their name. */
  readonly parameters: { readonly [name: string]: Parameter | null };
  /** The body of an error response. */
  renderError(error: GatewayError, requestId: string): string;
  /** The SSE text that tells an error after the stream has begun. */
  renderStreamError(error: GatewayError, requestId: string): string;
  /** The error that the parsed data of an SSE event tells, or null. */
  streamErrorOf(data: unknown): StreamError | null;
}
