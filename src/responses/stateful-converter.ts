import type { GatewayError } from "../exchange/errors.ts";
import type { BodyConsumer, ByteSource } from "../lib/byte-source.ts";
import type { AnswerConverter } from "../upstream/target.ts";

/** What becomes of a converted answer before the client has it; both return what the client is to get. */
interface AnswerState {
  /** SSE text, whole events. */
  events(sse: Uint8Array): Uint8Array;
  /** JSON text. */
  whole(body: Uint8Array): Uint8Array;
}

/** A converter to Responses whose answers have a state: they are kept, and say what they continue. */
export class StatefulConverter implements AnswerConverter {
  readonly streams: boolean;
  readonly contentType: string;
  readonly keepAlive: string | null;
  readonly #converter: AnswerConverter;
  readonly #state: AnswerState;

  constructor(converter: AnswerConverter, state: AnswerState) {
    this.streams = converter.streams;
    this.contentType = converter.contentType;
    this.keepAlive = converter.keepAlive;
    this.#converter = converter;
    this.#state = state;
  }

  get losses(): readonly string[] {
    return this.#converter.losses;
  }

  whole(body: Uint8Array, isEvents: boolean): Uint8Array {
    return this.state(this.#converter.whole(body, isEvents));
  }

  /** A whole answer that was converted before. */
  state(answer: Uint8Array): Uint8Array {
    return this.streams ? this.#state.events(answer) : this.#state.whole(answer);
  }

  stream(source: ByteSource): ByteSource {
    const converted = this.#converter.stream(source);
    const consume = (consumer: BodyConsumer) =>
      converted.consume({
        data: (chunk) => consumer.data(this.#state.events(chunk)),
        end: () => consumer.end(),
        failed: (error) => consumer.failed(error),
      });
    return {
      consume,
      pause: () => converted.pause(),
      resume: () => converted.resume(),
      cancel: () => converted.cancel(),
    };
  }

  streamError(error: GatewayError): string {
    return Buffer.from(this.#state.events(Buffer.from(this.#converter.streamError(error)))).toString("utf8");
  }

  facts(): ReturnType<AnswerConverter["facts"]> {
    return this.#converter.facts();
  }

  readError(body: unknown, status: number): ReturnType<AnswerConverter["readError"]> {
    return this.#converter.readError(body, status);
  }
}
