import type { EmbeddingsRequest, EmbeddingsResponse } from "../exchange/embeddings.ts";
import type { Losses } from "../exchange/losses.ts";
import type { GenerateRequest } from "../exchange/request.ts";
import type { GenerateResponse } from "../exchange/response.ts";
import type { StreamEvent } from "../exchange/stream.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { SseEvent } from "../lib/sse.ts";

/** What a request's path says, where the body does not (Gemini). */
export interface RequestPath {
  readonly model: string | null;
  readonly stream: boolean;
}

/** What a request is written for. */
export interface RequestContext {
  /** The model's name at the target. */
  readonly model: string;
  readonly losses: Losses;
  /**
   * The provider whose API it is, as `openai` or `deepseek`; the same format is not the same everywhere, and what only
   * its inventor knows (Chat's `developer` role, `max_completion_tokens`, custom tools, …) is not sent to the others.
   */
  readonly provider: string;
}

/** What an answer is written for. */
export interface AnswerContext {
  /** The client's request, as it was read. */
  readonly request: GenerateRequest;
  /** The model's name as the client is to see it: the one that it asked for. */
  readonly model: string;
  readonly losses: Losses;
  /** Makes a fresh id of 24 letters and digits, for the answer and its items, where the target gave none of the kind. */
  newId(): string;
  /** Unix seconds. */
  now(): number;
}

/** Reads a target's stream. What it returns keeps the order that `StreamEvent` describes. */
export interface StreamReader {
  /** The events that one SSE event tells, often one, sometimes none. Throws a GatewayError upstream_invalid where it is not of the format. */
  push(event: SseEvent): readonly StreamEvent[];
  /** The upstream's body has ended: the events that remain. An answer that is not complete ends in an `error` event. */
  end(): readonly StreamEvent[];
}

/** Writes a client's stream. */
export interface StreamWriter {
  /** SSE text, with the blank line after each event; empty where there is nothing to say yet. */
  write(event: StreamEvent): string;
}

/** How a client's requests are read and answers are written for it. */
export interface ClientCodec {
  /**
   * Reads a parsed body. Throws a GatewayError invalid_request, with `param`, where a member that matters has the wrong
   * type or value; what is not known is kept in `extensions`.
   */
  readRequest(body: unknown, path: RequestPath): GenerateRequest;
  /** The body of a whole answer. */
  writeResponse(response: GenerateResponse, context: AnswerContext): object;
  createStreamWriter(context: AnswerContext): StreamWriter;
  /** Writes the stream as one JSON array, piece by piece (Gemini without `alt=sse`). */
  createArrayStreamWriter?(context: AnswerContext): StreamWriter;
  /** What is sent into a silence so that nobody cuts the line: SSE text with its blank line. */
  readonly keepAlive: string;
}

/** How requests are written to a target and its answers are read. */
export interface TargetCodec {
  /** The body. Throws a GatewayError conversion_refused where the meaning would change. */
  writeRequest(request: GenerateRequest, context: RequestContext): object;
  /** Reads a parsed body. Throws a GatewayError upstream_invalid where it is no answer of the format. */
  readResponse(body: unknown): GenerateResponse;
  createStreamReader(): StreamReader;
  /** Reads the parsed body of an answer of status 400 or above; anything may stand there. */
  readError(body: unknown, status: number): ToldError;
}

export interface Codec extends ClientCodec, TargetCodec {}

/** How a format asks for embeddings and gets them. Errors are thrown as in `Codec`. */
export interface EmbeddingsCodec {
  /** `method` is Gemini's in the path, null elsewhere. */
  readRequest(
    body: unknown,
    path: { readonly model: string | null; readonly method: string | null },
  ): EmbeddingsRequest;
  /** The body, and Gemini's method for it. */
  writeRequest(
    request: EmbeddingsRequest,
    context: RequestContext,
  ): { readonly body: object; readonly method: string | null };
  /** `method` is the one that `writeRequest` chose. */
  readResponse(body: unknown, method: string | null): EmbeddingsResponse;
  /** `method` is the one of the client's path. */
  writeResponse(response: EmbeddingsResponse, request: EmbeddingsRequest, method: string | null): object;
}

/** How a format asks how many tokens a request has. */
export interface CountCodec {
  /** Reads what is to be counted; what only an answer needs, such as a limit, may be missing. */
  readRequest(body: unknown, path: RequestPath): GenerateRequest;
  writeRequest(request: GenerateRequest, context: RequestContext): object;
  /** Tokens of the prompt. */
  readResponse(body: unknown): number;
  writeResponse(inputTokens: number): object;
}
