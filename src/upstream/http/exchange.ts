import type { ReadableStreamDefaultReader } from "node:stream/web";
import { GatewayError, toGatewayError } from "../../exchange/errors.ts";
import type { BodyConsumer, ByteSource } from "../../lib/byte-source.ts";
import type { Deadline, Deadlines } from "../../lib/deadlines.ts";
import { type Connection, type ConnectionUser, totalTimeout } from "./connection.ts";
import type { HeaderList } from "./headers.ts";
import type { HttpRequest } from "./request.ts";
import { type ParserEvents, ProtocolError, ResponseParser } from "./response-parser.ts";

/** An upstream's response; its body fails with a GatewayError: upstream_disconnected, upstream_invalid, silence_timeout,
 * total_timeout or client_closed. */
export interface HttpResponse extends ByteSource {
  readonly status: number;
  readonly headers: HeaderList;
  /** The whole body, or null when it is longer than `limit`: what came is then kept for `consume`, and the rest held
   * back until `resume`. Rejects as above. */
  bytes(limit: number): Promise<Uint8Array | null>;
  /** The whole body where it has come already and nobody has consumed it; otherwise null. */
  wholeBody(): Uint8Array | null;
  /** Gives back what a consumer has been handed, so that it comes first at the next `consume`. */
  unread(chunks: Uint8Array[]): void;
}

/** Who started an exchange. */
export interface ExchangeOwner {
  /** Takes the connection back; `keepAlive` is how many milliseconds the peer said it keeps it, if it did. */
  keep(connection: Connection, keepAlive: number | null): void;
  ended(exchange: Exchange): void;
  /** Sends the request on a new connection. */
  sendFresh(request: HttpRequest): Promise<HttpResponse>;
}

/** Requests up to this size are sent from one buffer, in one system call. */
const JOIN_LIMIT = 64 * 1024;
const sendBuffer = Buffer.allocUnsafeSlow(2 * JOIN_LIMIT);

/** Milliseconds within which a used connection that is closed was closed before it got the request. */
const STALE_WITHIN = 500;

/** One request and its response on one connection. */
export class Exchange implements ParserEvents, ConnectionUser, Deadline, HttpResponse {
  at: number;
  status = 0;
  headers!: HeaderList;
  readonly response: Promise<HttpResponse>;
  readonly #connection: Connection;
  readonly #request: HttpRequest;
  readonly #deadlines: Deadlines;
  readonly #owner: ExchangeOwner;
  readonly #parser: ResponseParser;
  #resolve!: (response: HttpResponse | Promise<HttpResponse>) => void;
  #reject!: (error: GatewayError) => void;
  #consumer: BodyConsumer | null = null;
  /** Chunks that came before there was a consumer. */
  #waiting: Uint8Array[] = [];
  #ended = false;
  #failure: GatewayError | null = null;
  #paused = false;
  #unsent: Uint8Array | null = null;
  #sent = false;
  #wakeUpload: (() => void) | null = null;
  #upload: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #waitsForClient = false;
  readonly #startedAt = performance.now();
  #over = false;

  constructor(connection: Connection, request: HttpRequest, deadlines: Deadlines, owner: ExchangeOwner) {
    this.#connection = connection;
    this.#request = request;
    this.#deadlines = deadlines;
    this.#owner = owner;
    this.#parser = new ResponseParser(request.method, this);
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.at = 0;
    this.#touch();
    deadlines.add(this);
    request.presence.onGone = this.#aborted;
    connection.use(this);
    this.#sendRequest();
  }

  // ---- the request

  #sendRequest(): void {
    const { method, target, origin, headerLines, body } = this.#request;
    const head = `${method} ${target} HTTP/1.1\r\nhost: ${origin.hostHeader}\r\n${headerLines}`;
    if (body instanceof ReadableStream) {
      const framing = /^content-length:/im.test(headerLines) ? "" : "transfer-encoding: chunked\r\n";
      this.#write(Buffer.from(`${head}${framing}\r\n`, "latin1"));
      this.#upload = body.getReader();
      this.#sendStream(this.#upload, framing !== "").catch((error: unknown) =>
        this.#fail(uploadError(error)),
      );
      return;
    }
    const lengthLine =
      body === null
        ? needsLength(method)
          ? "content-length: 0\r\n"
          : ""
        : `content-length: ${body.length}\r\n`;
    const text = `${head}${lengthLine}\r\n`;
    this.#sent = true;
    if (text.length + (body?.length ?? 0) > JOIN_LIMIT) {
      this.#write(Buffer.from(text, "latin1"));
      if (body !== null) this.#write(body.toBytes());
      return;
    }
    sendBuffer.write(text, 0, "latin1");
    body?.copyInto(sendBuffer, text.length);
    const length = text.length + (body?.length ?? 0);
    const taken = this.#connection.write(sendBuffer, length);
    // What the socket did not take outlives this call, and so needs bytes of its own.
    if (taken < length) this.#unsent = Buffer.from(sendBuffer.subarray(taken, length));
  }

  #write(bytes: Uint8Array): void {
    if (this.#unsent !== null) {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
      return;
    }
    const taken = this.#connection.write(bytes);
    if (taken < bytes.length) this.#unsent = bytes.subarray(taken);
  }

  writable(): void {
    this.#touch();
    const rest = this.#unsent;
    if (rest !== null) {
      this.#unsent = null;
      this.#write(rest);
    }
    if (this.#unsent === null) {
      this.#wakeUpload?.();
      this.#wakeUpload = null;
    }
  }

  /** Reads the client's body only as fast as the upstream takes it. */
  async #sendStream(reader: ReadableStreamDefaultReader<Uint8Array>, chunked: boolean): Promise<void> {
    for (;;) {
      this.#waitsForClient = true;
      const { done, value } = await reader.read();
      this.#waitsForClient = false;
      if (this.#over) return;
      this.#touch();
      if (done) break;
      if (value.length === 0) continue;
      if (chunked) this.#write(Buffer.from(`${value.length.toString(16)}\r\n`, "latin1"));
      this.#write(value);
      if (chunked) this.#write(Buffer.from("\r\n", "latin1"));
      if (this.#unsent !== null) {
        await new Promise<void>((resolve) => {
          this.#wakeUpload = resolve;
        });
      }
    }
    if (chunked) this.#write(Buffer.from("0\r\n\r\n", "latin1"));
    this.#sent = true;
  }

  // ---- the response

  received(bytes: Buffer): void {
    this.#touch();
    try {
      this.#parser.feed(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) return void this.#consumerThrew(error);
      this.#fail(
        new GatewayError("upstream_invalid", "The upstream's answer is not valid HTTP.", {
          cause: `${this.#request.origin.key}: ${error.message}`,
        }),
      );
    }
  }

  head(status: number, headers: HeaderList): void {
    this.status = status;
    this.headers = headers;
    this.#resolve(this);
  }

  data(chunk: Uint8Array): void {
    if (this.#over) return;
    if (this.#consumer === null) this.#waiting.push(chunk);
    else this.#consumer.data(chunk);
  }

  end(): void {
    if (this.#over) return;
    this.#ended = true;
    const reusable = this.#parser.persistent && this.#sent && this.#unsent === null && this.#connection.open;
    this.#settle();
    this.#connection.free();
    if (this.#paused) this.#connection.resume();
    if (reusable) this.#owner.keep(this.#connection, keepAliveOf(this.headers));
    else this.#connection.destroy();
    const consumer = this.#consumer;
    if (consumer !== null) reportThrown(() => consumer.end());
  }

  closed(error: Error | null): void {
    if (this.#over) return;
    if (error === null && this.#parser.headReceived && this.#parser.close()) return;
    if (this.#isStale()) {
      this.#settle();
      this.#resolve(this.#owner.sendFresh(this.#request));
      return;
    }
    this.#fail(
      new GatewayError(
        "upstream_disconnected",
        "The upstream closed the connection before its answer was complete.",
        {
          cause: `${this.#request.origin.key}: ${error?.message ?? "closed"}`,
        },
      ),
    );
  }

  /** The peer may close a used connection at the moment it is taken; that says nothing about the request. */
  #isStale(): boolean {
    if (this.#connection.uses === 0 || this.#parser.started) return false;
    if (this.#request.body instanceof ReadableStream) return false;
    return performance.now() - this.#startedAt < STALE_WITHIN;
  }

  wholeBody(): Uint8Array | null {
    return this.#ended && this.#consumer === null ? joined(this.#waiting) : null;
  }

  consume(consumer: BodyConsumer): void {
    this.#consumer = consumer;
    const waiting = this.#waiting;
    const failure = this.#failure;
    this.#waiting = [];
    try {
      for (const chunk of waiting) {
        // The consumer may hand over in the middle of what had been waiting, or give the body up.
        if (this.#consumer === consumer) consumer.data(chunk);
        else if (this.#consumer === null) this.#waiting.push(chunk);
        else this.#consumer.data(chunk);
        // It failed in the meantime, and the consumer has been told.
        if (this.#failure !== failure) return;
      }
    } catch (error) {
      return void this.#consumerThrew(error);
    }
    if (this.#consumer !== consumer) return;
    if (this.#ended) reportThrown(() => consumer.end());
    else if (failure !== null) reportThrown(() => consumer.failed(failure));
    else this.resume();
  }

  unread(chunks: Uint8Array[]): void {
    this.#consumer = null;
    this.#waiting = chunks;
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
    this.#touch();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
    this.#touch();
  }

  cancel(): void {
    if (this.#over) return;
    this.#consumer = null;
    this.#settle();
    this.#connection.destroy();
  }

  bytes(limit: number): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      this.consume({
        data: (chunk) => {
          chunks.push(chunk);
          length += chunk.length;
          if (length <= limit) return;
          this.pause();
          this.unread(chunks);
          resolve(null);
        },
        end: () => resolve(joined(chunks)),
        failed: reject,
      });
    });
  }

  // ---- time and failure

  expire(): void {
    const { timeout, totalAt } = this.#request;
    if (performance.now() >= totalAt) {
      this.#fail(totalTimeout());
    } else if (this.#waitsForClient) {
      // The upstream has been sent all there is; whoever reads the client's body bounds the wait for more.
      this.#touch();
    } else if (this.#parser.headReceived) {
      this.#fail(
        new GatewayError(
          "silence_timeout",
          `The upstream fell silent for ${timeout / 1000} s in mid-answer (timeout).`,
        ),
      );
    } else {
      this.#fail(
        new GatewayError(
          "first_byte_timeout",
          `The upstream sent no answer within ${timeout / 1000} s (timeout).`,
        ),
      );
    }
  }

  /** While the client holds reading back, silence is not the upstream's. */
  #touch(): void {
    const { timeout, totalAt } = this.#request;
    this.at = this.#paused ? totalAt : Math.min(totalAt, performance.now() + timeout);
  }

  /** Ends the exchange; whoever waits for it or consumes it is told this error. */
  abort(error: GatewayError): void {
    this.#fail(error);
  }

  readonly #aborted = (): void => {
    this.#fail(new GatewayError("client_closed", "The client closed the connection."));
  };

  #fail(error: GatewayError): void {
    if (this.#over) return;
    this.#failure = error;
    this.#settle();
    this.#connection.destroy();
    this.#reject(error);
    const consumer = this.#consumer;
    if (consumer !== null) reportThrown(() => consumer.failed(error));
  }

  /** The body cannot be taken further. That is a defect of ours: the exchange ends, and the upstream is not blamed. */
  #consumerThrew(error: unknown): void {
    const failure = toGatewayError(error);
    const consumer = this.#consumer;
    if (!this.#over) this.#fail(failure);
    else if (consumer !== null) reportThrown(() => consumer.failed(failure));
  }

  #settle(): void {
    this.#over = true;
    this.#deadlines.remove(this);
    this.#owner.ended(this);
    this.#request.presence.onGone = null;
    this.#wakeUpload?.();
    this.#wakeUpload = null;
    // The client may be slow to send the rest, or never do so; whether it can still be told is of no interest here.
    if (!this.#sent) this.#upload?.cancel().catch(() => undefined);
  }
}

/** There is nobody left to tell but the operator: what is thrown becomes an unhandled rejection, which is logged. */
function reportThrown(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    void Promise.reject(error);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function needsLength(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}

/** Milliseconds of `Keep-Alive: timeout=N`, or null. */
function keepAliveOf(headers: HeaderList): number | null {
  const value = headers.get("keep-alive");
  const match = value === null ? null : /timeout=(\d+)/i.exec(value);
  return match === null ? null : Number(match[1]) * 1000;
}

function uploadError(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("client_closed", "The request's body could not be read to its end.", { cause });
}
