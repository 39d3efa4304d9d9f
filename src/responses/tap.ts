import type { BodyConsumer, ByteSource } from "../lib/byte-source.ts";
import type { HttpResponse } from "../upstream/http/exchange.ts";

/** A body that shows each chunk to `see` before it goes on. */
export class TappedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #see: (chunk: Uint8Array) => void;

  constructor(source: ByteSource, see: (chunk: Uint8Array) => void) {
    this.#source = source;
    this.#see = see;
  }

  consume(consumer: BodyConsumer): void {
    this.#source.consume({
      data: (chunk) => {
        this.#see(chunk);
        consumer.data(chunk);
      },
      end: () => consumer.end(),
      failed: (error) => consumer.failed(error),
    });
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(): void {
    this.#source.cancel();
  }
}

/** An upstream's response whose body is seen as it goes by. */
export class TappedResponse extends TappedSource implements HttpResponse {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly #response: HttpResponse;

  constructor(response: HttpResponse, see: (chunk: Uint8Array) => void) {
    super(response, see);
    this.status = response.status;
    this.headers = response.headers;
    this.#response = response;
  }

  bytes(limit: number): Promise<Uint8Array | null> {
    return this.#response.bytes(limit);
  }

  wholeBody(): Uint8Array | null {
    return this.#response.wholeBody();
  }

  unread(chunks: Uint8Array[]): void {
    this.#response.unread(chunks);
  }
}
