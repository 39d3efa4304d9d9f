import type { BodyConsumer, ByteSource } from "../lib/byte-source.ts";
import type { Deadline, Deadlines } from "../lib/deadlines.ts";
import { lastEventEnd } from "../lib/sse.ts";

export interface StreamOptions {
  /**
   * `events` writes whole SSE events only, so that something can be put between any two; `pieces` is told them whole
   * already; `bytes` writes as it comes.
   */
  readonly mode: "events" | "pieces" | "bytes";
  readonly deadlines: Deadlines;
  /** Milliseconds of silence before something is sent between events; 0 sends nothing. */
  readonly keepAlive: number;
  /** What is sent then, with the blank line that ends it. */
  readonly keepAliveText: string;
  /** Milliseconds that the client may leave what was sent unread. */
  readonly stallTimeout: number;
  /** Told each chunk as it is written, also what is sent into a silence (`filler`). Must not change it. */
  onChunk(chunk: Uint8Array, filler: boolean): void;
  /** What to say between events when the source fails; null breaks the connection off, as `bytes` always does. */
  onFailure(error: Error): string | null;
  /** Called once, when nothing more will be written; `error` is null after a whole stream. */
  onEnd(error: Error | null): void;
}

/** The client left what was sent to it unread for too long. */
export class StallError extends Error {
  override readonly name = "StallError";
}

/** The client closed the response before its end. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** An event longer than this is written in pieces as it comes. */
const MAX_HELD = 8 * 1024 * 1024;
type Controller = ReadableStreamDirectController;

/** A response body that hands on `source`, at the pace of the client. */
export function streamOut(source: ByteSource, options: StreamOptions): ReadableStream<Uint8Array> {
  const writer = new StreamWriter(source, options);
  const direct: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: "direct",
    pull: (controller) => writer.start(controller),
    cancel: () => writer.gone(),
  };
  return new ReadableStream(direct);
}

class StreamWriter implements BodyConsumer, Deadline {
  at = Number.POSITIVE_INFINITY;
  readonly #source: ByteSource;
  readonly #options: StreamOptions;
  #controller: Controller | null = null;
  #finished: { resolve: () => void; reject: (error: Error) => void } | null = null;
  /** Bytes of an event that has not ended yet. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The last byte that came, and the one before. */
  #lastByte = 0x0a;
  #byteBefore = 0x0a;
  /** Whether what was written ends between two events. */
  #aligned = true;
  #stalled = false;
  #over = false;

  constructor(source: ByteSource, options: StreamOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Called once by the server when it is ready for the body; the promise keeps the response open. */
  start(controller: Controller): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#controller = controller;
      this.#finished = { resolve, reject };
      this.#options.deadlines.add(this);
      this.#rest();
      this.#source.consume(this);
      this.#source.resume();
    });
  }

  data(chunk: Uint8Array): void {
    if (this.#over) return;
    if (this.#options.mode === "events") this.#writeEvents(chunk);
    else this.#write(chunk);
  }

  end(): void {
    this.#flushHeld();
    this.#finish(null);
  }

  failed(error: Error): void {
    if (this.#over) return;
    const words = this.#options.mode !== "bytes" && this.#aligned ? this.#options.onFailure(error) : null;
    // What was held of the broken event is dropped: half an event would be read as a whole one.
    if (words !== null) {
      this.#write(Buffer.from(words));
      this.#finish(error, "close");
    } else {
      this.#finish(error, "break");
    }
  }

  /** The client closed the connection. */
  gone(): void {
    if (this.#over) return;
    this.#source.cancel();
    this.#finish(new ClientGoneError("the client closed the response"), "close");
  }

  expire(): void {
    if (this.#stalled) {
      this.#source.cancel();
      this.#finish(new StallError("the client left the response unread"), "break");
    } else if (this.#aligned) {
      this.#write(Buffer.from(this.#options.keepAliveText), true);
    } else {
      this.#rest();
    }
  }

  #writeEvents(chunk: Uint8Array): void {
    const end = lastEventEnd(chunk, this.#lastByte, this.#byteBefore);
    this.#remember(chunk);
    if (end === chunk.length && this.#held.length === 0) {
      this.#aligned = true;
      this.#write(chunk);
      return;
    }
    if (end >= 0) {
      this.#hold(chunk.subarray(0, end));
      this.#flushHeld();
      this.#aligned = true;
    }
    if (end < chunk.length) this.#hold(end < 0 ? chunk : chunk.subarray(end));
    if (this.#heldBytes > MAX_HELD) {
      this.#flushHeld();
      this.#aligned = false;
    }
  }

  #remember(chunk: Uint8Array): void {
    const n = chunk.length;
    if (n === 0) return;
    this.#byteBefore = n >= 2 ? chunk[n - 2]! : this.#lastByte;
    this.#lastByte = chunk[n - 1]!;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #flushHeld(): void {
    if (this.#heldBytes === 0) return;
    const bytes = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#write(bytes);
  }

  #write(bytes: Uint8Array, filler = false): void {
    const controller = this.#controller;
    if (controller === null || this.#over) return;
    this.#options.onChunk(bytes, filler);
    const written: number | Promise<number> = controller.write(bytes);
    controller.flush();
    if (typeof written === "number") this.#rest();
    else this.#waitForClient(written);
  }

  /** The server could not send all of it: the source is held back until the client has read on. */
  #waitForClient(written: Promise<number>): void {
    if (this.#stalled) return;
    this.#stalled = true;
    this.#source.pause();
    this.at = performance.now() + this.#options.stallTimeout;
    written.then(
      () => {
        this.#stalled = false;
        if (this.#over) return;
        this.#rest();
        this.#source.resume();
      },
      () => this.gone(),
    );
  }

  /** Sets the clock for the next keep-alive. */
  #rest(): void {
    const { mode, keepAlive } = this.#options;
    this.at = mode !== "bytes" && keepAlive > 0 ? performance.now() + keepAlive : Number.POSITIVE_INFINITY;
  }

  #finish(error: Error | null, how: "close" | "break" = "close"): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.deadlines.remove(this);
    if (how === "break") {
      this.#finished?.reject(error ?? new Error("broken off"));
    } else {
      this.#controller?.close();
      this.#finished?.resolve();
    }
    this.#options.onEnd(error);
  }
}
