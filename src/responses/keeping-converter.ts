import type { GatewayError } from "../exchange/errors.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import { TappedSource } from "./tap.ts";

/** Where the last event or the whole of a converted answer is kept. */
export interface AnswerKeeper {
  /** SSE text, whole events. */
  events(sse: Uint8Array): void;
  /** JSON text. */
  whole(body: Uint8Array): void;
}

/** A converter to Responses whose answer is kept as the client gets it. */
export class KeepingConverter implements AnswerConverter {
  readonly streams: boolean;
  readonly contentType: string;
  readonly keepAlive: string | null;
  readonly #converter: AnswerConverter;
  readonly #keeper: AnswerKeeper;

  constructor(converter: AnswerConverter, keeper: AnswerKeeper) {
    this.streams = converter.streams;
    this.contentType = converter.contentType;
    this.keepAlive = converter.keepAlive;
    this.#converter = converter;
    this.#keeper = keeper;
  }

  get losses(): readonly string[] {
    return this.#converter.losses;
  }

  whole(body: Uint8Array, isEvents: boolean): Uint8Array {
    const answer = this.#converter.whole(body, isEvents);
    if (this.streams) this.#keeper.events(answer);
    else this.#keeper.whole(answer);
    return answer;
  }

  stream(source: ByteSource): ByteSource {
    return new TappedSource(this.#converter.stream(source), (chunk) => this.#keeper.events(chunk));
  }

  streamError(error: GatewayError): string {
    const text = this.#converter.streamError(error);
    this.#keeper.events(Buffer.from(text));
    return text;
  }

  readError(body: unknown, status: number): ReturnType<AnswerConverter["readError"]> {
    return this.#converter.readError(body, status);
  }
}
