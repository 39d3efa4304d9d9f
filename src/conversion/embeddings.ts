import type { AnswerFacts } from "../exchange/answer-facts.ts";
import type { EmbeddingsRequest } from "../exchange/embeddings.ts";
import { GatewayError } from "../exchange/errors.ts";
import { Losses } from "../exchange/losses.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { Usage } from "../exchange/usage.ts";
import type { EmbeddingsCodec, TargetCodec } from "../formats/codec.ts";
import { CODECS } from "../formats/codecs.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import { parsed } from "./answer.ts";
import type { ConversionTarget } from "./generate.ts";

/** A client's request for vectors as it was read. */
export interface EmbeddingsAsk {
  readonly request: EmbeddingsRequest;
  readonly client: EmbeddingsCodec;
  /** Gemini's method that the client called, null elsewhere. */
  readonly method: string | null;
  readonly strict: boolean;
}

/** The body for a target of another format with Gemini's method for it. Throws as `convertGenerate`. */
export function convertEmbeddings(
  ask: EmbeddingsAsk,
  to: ConversionTarget,
): { readonly body: Buffer; readonly method: string | null; readonly converter: AnswerConverter } {
  const { generate, embeddings } = CODECS[to.format];
  if (embeddings === null)
    throw new GatewayError("conversion_refused", "The target's API has no embeddings.");
  const losses = new Losses(ask.strict);
  const { body, method } = embeddings.writeRequest(ask.request, {
    model: to.model,
    provider: to.provider,
    losses,
  });
  const answer = (bytes: Uint8Array) => {
    const response = embeddings.readResponse(parsed(bytes), method);
    return {
      body: ask.client.writeResponse({ ...response, model: ask.request.model }, ask.request, ask.method),
      model: response.model,
      usage: response.usage,
    };
  };
  return {
    body: Buffer.from(JSON.stringify(body)),
    method,
    converter: new WholeAnswer(generate, losses, answer),
  };
}

/** What became of an answer that is never streamed. */
interface WholeConversion {
  /** For the client. */
  readonly body: object;
  /** As the target names it; empty where it does not. */
  readonly model: string;
  readonly usage: Usage | undefined;
}

/** An answer that is never streamed. */
export class WholeAnswer implements AnswerConverter {
  readonly streams = false;
  readonly contentType = "application/json";
  readonly keepAlive = null;
  readonly #target: TargetCodec;
  readonly #losses: Losses;
  readonly #convert: (body: Uint8Array) => WholeConversion;
  #answer: WholeConversion | null = null;

  constructor(target: TargetCodec, losses: Losses, convert: (body: Uint8Array) => WholeConversion) {
    this.#target = target;
    this.#losses = losses;
    this.#convert = convert;
  }

  get losses(): readonly string[] {
    return this.#losses.items;
  }

  whole(body: Uint8Array, isEvents: boolean): Uint8Array {
    if (isEvents)
      throw new GatewayError(
        "upstream_invalid",
        "The upstream sent a stream where a whole answer was asked for.",
      );
    this.#answer = this.#convert(body);
    return Buffer.from(JSON.stringify(this.#answer.body));
  }

  stream(source: ByteSource): ByteSource {
    return source;
  }

  streamError(): string {
    return "";
  }

  facts(): AnswerFacts | null {
    if (this.#answer === null) return null;
    const { model, usage } = this.#answer;
    const name = model === "" ? null : model;
    return { model: name, finish: null, usage, serviceTier: null, uncounted: [], complete: true };
  }

  readError(body: unknown, status: number): ToldError {
    return this.#target.readError(body, status);
  }
}
