import type { Socket } from "bun";
import { bytesOf, headerValues, type MessageHead, readChunked, readHead } from "./http-text.ts";

/** Thrown into a behaviour that writes to a peer which has gone. */
export class PeerLeft extends Error {}

/** What a server does with one request. The connection stays open afterwards unless it was ended. */
export type Behaviour = (exchange: Exchange) => Promise<void>;

/** One request as it came over the wire, and the raw means to answer it. */
export class Exchange {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly head: MessageHead;
  /** The body without its framing, once all of it has come. Never settles for a body that stays incomplete. */
  readonly body: Promise<Uint8Array>;
  /** Settles when the peer closes the connection before the behaviour was finished. */
  readonly left: Promise<void>;
  /** Monotonic milliseconds at which the peer left; null while it has not. */
  leftAt: number | null = null;
  /** Response bytes that the operating system has taken. */
  bytesWritten = 0;
  finished = false;
  readonly #connection: Connection;
  readonly #left = Promise.withResolvers<void>();

  constructor(connection: Connection, head: MessageHead, body: Promise<Uint8Array>) {
    this.#connection = connection;
    this.head = head;
    this.body = body;
    this.left = this.#left.promise;
    [this.method = "", this.target = ""] = head.start.split(" ");
  }

  /** All values of a request header. `name` is lower case. */
  header(name: string): string[] {
    return headerValues(this.head.headers, name);
  }

  /** Resolves once the operating system has taken every byte, so a peer that does not read holds the writer back. */
  async write(data: string | Uint8Array): Promise<void> {
    let rest = bytesOf(data);
    while (rest.length > 0) {
      if (this.leftAt !== null || this.#connection.closed) throw new PeerLeft();
      const taken = Math.max(0, this.#connection.socket.write(rest));
      this.bytesWritten += taken;
      rest = rest.subarray(taken);
      if (rest.length > 0) await Promise.race([this.#connection.drained(), this.left]);
    }
  }

  /** Closes in order: what was written arrives, then the end. */
  end(): void {
    this.finished = true;
    this.#connection.socket.end();
  }

  /** Ends this direction only and keeps on reading. */
  halfClose(): void {
    this.#connection.socket.shutdown();
  }

  /** Breaks the connection (RST). */
  reset(): void {
    this.finished = true;
    this.#connection.socket.terminate();
  }

  /** For the server: the connection has closed. */
  peerLeft(): void {
    if (this.finished || this.leftAt !== null) return;
    this.leftAt = performance.now();
    this.#left.resolve();
  }
}

/** One accepted connection: splits what arrives into requests and has them answered one after the other. */
class Connection {
  closed = false;
  readonly socket: Socket<Connection>;
  #buffer: Uint8Array = new Uint8Array(0);
  #drain = Promise.withResolvers<void>();
  #current: Exchange | null = null;
  #bodyArrived: (() => boolean) | null = null;
  readonly #answer: (exchange: Exchange) => Promise<void>;

  constructor(socket: Socket<Connection>, answer: (exchange: Exchange) => Promise<void>) {
    this.socket = socket;
    this.#answer = answer;
  }

  isBusy(): boolean {
    return this.#current !== null && !this.#current.finished;
  }

  drained(): Promise<void> {
    return this.#drain.promise;
  }

  onDrain(): void {
    this.#drain.resolve();
    this.#drain = Promise.withResolvers<void>();
  }

  onData(data: Uint8Array): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    if (this.#bodyArrived?.()) this.#bodyArrived = null;
    this.#next();
  }

  onGone(): void {
    this.closed = true;
    this.#current?.peerLeft();
    this.onDrain();
  }

  #next(): void {
    if (this.#current || this.closed) return;
    const head = readHead(this.#buffer);
    if (!head) return;
    this.#buffer = this.#buffer.subarray(head.length);
    const exchange = new Exchange(this, head, this.#readBody(head));
    this.#current = exchange;
    void this.#answer(exchange).then(async () => {
      exchange.finished = true;
      await exchange.body;
      this.#current = null;
      this.#next();
    });
  }

  #readBody(head: MessageHead): Promise<Uint8Array> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const chunked = headerValues(head.headers, "transfer-encoding").includes("chunked");
    const length = Number(headerValues(head.headers, "content-length")[0] ?? 0);
    const take = () => {
      const read = chunked
        ? readChunked(this.#buffer)
        : this.#buffer.length >= length
          ? { body: this.#buffer.slice(0, length), length }
          : null;
      if (!read) return false;
      this.#buffer = this.#buffer.subarray(read.length);
      resolve(read.body);
      return true;
    };
    this.#bodyArrived = take() ? null : take;
    return promise;
  }
}

export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** Connections that are open now. */
  connections(): number;
  /** Of these, those whose request is not answered yet. */
  busy(): number;
  stop(): void;
}

/**
 * An HTTP/1.1 server on a bare TCP socket of 127.0.0.1 that lets `answer` break every rule of the protocol.
 * `answer` is called when a request's head has arrived; its body may still be on the way.
 */
export function startRawServer(answer: Behaviour): RawServer {
  const open = new Set<Connection>();
  const answerSafely = async (exchange: Exchange) => {
    try {
      await answer(exchange);
    } catch (error) {
      if (!(error instanceof PeerLeft)) throw error;
    }
  };
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.setNoDelay(true);
        socket.data = new Connection(socket, answerSafely);
        open.add(socket.data);
      },
      data: (socket, data) => socket.data.onData(data),
      drain: (socket) => socket.data?.onDrain(),
      end: (socket) => socket.data.onGone(),
      close(socket) {
        open.delete(socket.data);
        socket.data.onGone();
      },
      error(_socket, error) {
        throw error;
      },
    },
  });
  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    connections: () => open.size,
    busy: () => [...open].filter((connection) => connection.isBusy()).length,
    stop: () => listener.stop(true),
  };
}

/** A port of 127.0.0.1 on which nothing listens. */
export function closedPort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
