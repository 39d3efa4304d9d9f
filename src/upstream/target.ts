import type { RESPONSE_TYPES, RetryConfig } from "../config/schema.ts";
import type { AnswerFacts } from "../exchange/answer-facts.ts";
import type { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import type { HttpRequest } from "./http/request.ts";
import type { Upstream } from "./upstream.ts";

export type ResponseType = (typeof RESPONSE_TYPES)[number];

/** Limits of one call, in milliseconds. */
export interface CallSettings {
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly totalTimeout: number;
  readonly retry: RetryConfig;
}

/** Turns one try's answer into the client's format. */
export interface AnswerConverter {
  /** Whether the client asked for a stream. */
  readonly streams: boolean;
  /** Content type of the answer that the client gets. */
  readonly contentType: string;
  /** Text for the silences of a stream; null where its framing has room for none. */
  readonly keepAlive: string | null;
  /** What the target's format could not say; grows while the answer is converted. */
  readonly losses: readonly string[];
  /** The whole answer: SSE text where `isEvents`, JSON otherwise. Throws a GatewayError. */
  whole(body: Uint8Array, isEvents: boolean): Uint8Array;
  /** The stream's body; fails with a GatewayError, also where the target told an error in it. */
  stream(source: ByteSource): ByteSource;
  /** What is said last in a stream that fails. */
  streamError(error: GatewayError): string;
  /** What the target's answer said, as far as it has come; null before any of it was read. */
  facts(): AnswerFacts | null;
  /** Reads the parsed body of an answer of status 400 or above. */
  readError(body: unknown, status: number): ToldError;
}

export interface TargetRequest
  extends Pick<HttpRequest, "origin" | "method" | "target" | "headerLines" | "body"> {
  /** Null where the target speaks the client's format: the answer passes as it comes. */
  readonly converter: AnswerConverter | null;
  /** Whether the gateway has asked for the usage of a Chat stream, and the client has not. */
  readonly hidesUsage?: boolean;
  /** Which of the provider's keys it bears, where there are several; see `KeyTurns`. */
  readonly keyIndex?: number | null;
}

/** One place that may answer a request. */
export interface Target {
  /** For records and headers: `provider/model`, or the endpoint's URL. */
  readonly name: string;
  readonly upstream: Upstream;
  readonly provider: string | null;
  /** The model's name as the upstream is told it. */
  readonly model: string | null;
  /** The format that the target's answers are in, where it is known. */
  readonly format: Format | null;
  /** Whether it keeps the responses that it makes, where its format is of the Responses API. */
  readonly keepsResponses: boolean;
  readonly settings: CallSettings;
  /** How the answer is to be delivered; null leaves it to its content type. */
  readonly responseType: ResponseType | null;
  /** Keys that are taken in turn: a refused one is worth another try with the next. */
  readonly keyCount: number;
  /** Texts that must not come back to a client in an upstream's error. */
  readonly secrets: readonly string[];
  /** Whether a redirect is passed to the client; it is never followed. */
  readonly passRedirects: boolean;
  /** Makes the request for one try. Throws a GatewayError where this target cannot be asked so. */
  prepare(): TargetRequest;
}
