import type { ByteSource } from "../lib/byte-source.ts";
import { DerivedSource } from "../lib/derived-source.ts";
import type { HttpResponse } from "../upstream/http/exchange.ts";

/** A body that shows each chunk to `see` before it goes on. */
export class TappedSource extends DerivedSource {
  readonly #see: (chunk: Uint8Array) => void;

  constructor(source: ByteSource, see: (chunk: Uint8Array) => void) {
    super(source);
    this.#see = see;
  }

  data(chunk: Uint8Array): void {
    this.#see(chunk);
    this.consumer?.data(chunk);
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
