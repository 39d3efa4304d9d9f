import { GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { StreamEvent } from "../exchange/stream.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { StreamReader, StreamWriter } from "../formats/codec.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import { DerivedSource } from "../lib/derived-source.ts";
import { type SseEvent, SseSplitter } from "../lib/sse.ts";

export interface StreamParts {
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  /** What each event becomes between the two: none, itself or several. */
  adapt(event: StreamEvent): readonly StreamEvent[];
}

/** An upstream's stream as the client's: read, adapted and written event by event, as it comes. */
export class ConvertedStream extends DerivedSource {
  readonly #parts: StreamParts;
  readonly #splitter = new SseSplitter();
  /** What is to be written for the chunk at hand. */
  #text = "";
  #failure: GatewayError | null = null;
  #over = false;

  constructor(source: ByteSource, parts: StreamParts) {
    super(source);
    this.#parts = parts;
  }

  override cancel(): void {
    this.#over = true;
    super.cancel();
  }

  data(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#run(() => this.#splitter.push(chunk, this.#takeEvent));
    if (this.#failure !== null) this.source.cancel();
    this.#flush();
  }

  override end(): void {
    if (this.#over) return;
    this.#run(() => {
      this.#splitter.end(this.#takeEvent);
      this.#takeAll(this.#parts.reader.end());
    });
    this.#flush();
    if (this.#over) return;
    this.#over = true;
    this.consumer?.end();
  }

  override failed(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.consumer?.failed(error);
  }

  readonly #takeEvent = (event: SseEvent): void => {
    if (this.#failure !== null) return;
    this.#takeAll(this.#parts.reader.push(event));
  };

  #takeAll(events: readonly StreamEvent[]): void {
    for (const event of events) for (const adapted of this.#parts.adapt(event)) this.#write(adapted);
  }

  #write(event: StreamEvent): void {
    if (this.#failure !== null) return;
    // Written by whoever ends the stream, as every other failure is.
    if (event.type === "error") this.#failure = errorOf(event.error);
    else this.#text += this.#parts.writer.write(event);
  }

  #run(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure =
        error instanceof RangeError || error instanceof SyntaxError
          ? new GatewayError("upstream_invalid", "The upstream's stream is not of its format.", {
              cause: error,
            })
          : toGatewayError(error);
    }
  }

  #flush(): void {
    if (this.#text !== "") {
      const text = this.#text;
      this.#text = "";
      this.consumer?.data(Buffer.from(text));
    }
    if (this.#failure === null || this.#over) return;
    this.#over = true;
    this.consumer?.failed(this.#failure);
  }
}

/** An error that a target told, as one of the table. */
export function errorOf(told: ToldError): GatewayError {
  const { status } = told;
  const code = status === 429 ? "upstream_limited" : status >= 500 ? "upstream_error" : "upstream_refused";
  return new GatewayError(code, told.message, { status, told });
}

/** What a writer is to say of an error. */
export function toldOf(error: GatewayError): ToldError {
  return error.told ?? { status: error.status, message: error.message, code: error.code };
}
