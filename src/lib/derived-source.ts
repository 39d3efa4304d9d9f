import type { BodyConsumer, ByteSource } from "./byte-source.ts";

/** A body that is made of another one as that comes: what it is asked for is asked of the other. */
export abstract class DerivedSource implements ByteSource, BodyConsumer {
  protected readonly source: ByteSource;
  /** Null until somebody consumes. */
  protected consumer: BodyConsumer | null = null;

  constructor(source: ByteSource) {
    this.source = source;
  }

  consume(consumer: BodyConsumer): void {
    this.consumer = consumer;
    this.source.consume(this);
  }

  pause(): void {
    this.source.pause();
  }

  resume(): void {
    this.source.resume();
  }

  cancel(): void {
    this.source.cancel();
  }

  abstract data(chunk: Uint8Array): void;

  end(): void {
    this.consumer?.end();
  }

  failed(error: Error): void {
    this.consumer?.failed(error);
  }
}
