import type { GatewayError } from "../exchange/errors.ts";
import type { ErrorShape, Format } from "../exchange/formats.ts";

/**
 * Places in a request where a client may put `template`, `template_id` and `variables`: a key whose value is an object,
 * or an array of objects, and the same again inside those. Nowhere else are these names touched, for a tool's schema or
 * arguments may well use them.
 */
export interface TemplatePlaces {
  readonly [key: string]: TemplatePlaces;
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
  /** The body of an error response. */
  renderError(error: GatewayError, requestId: string): string;
  /** The SSE text that tells an error after the stream has begun. */
  renderStreamError(error: GatewayError, requestId: string): string;
  /** The error that the parsed data of an SSE event tells, or null. */
  streamErrorOf(data: unknown): StreamError | null;
}
