/** Who takes the bytes of a body. After `end` or `failed` nothing more comes. */
export interface BodyConsumer {
  data(chunk: Uint8Array): void;
  end(): void;
  failed(error: Error): void;
}

/** A body that is pushed to whoever consumes it, as fast as it comes unless it is held back. */
export interface ByteSource {
  /** Hands the body to `consumer`, what has come already at once, and lets it come on. A later call moves the rest to
   * another consumer. */
  consume(consumer: BodyConsumer): void;
  /** Holds the body back at its origin; silence while it is held back counts against nobody. */
  pause(): void;
  resume(): void;
  /** Gives the body up; nothing more comes. */
  cancel(): void;
}
