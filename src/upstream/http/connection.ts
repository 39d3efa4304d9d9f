import type { Socket } from "bun";
import { GatewayError } from "../../exchange/errors.ts";
import type { Deadline, Deadlines } from "../../lib/deadlines.ts";
import type { Presence } from "../../lib/presence.ts";
import type { Origin } from "./origin.ts";

/** What a connection tells the exchange that it carries. */
export interface ConnectionUser {
  received(bytes: Buffer): void;
  /** The socket takes bytes again after a write that it took only a part of. */
  writable(): void;
  /** The connection is gone. `error` is null when the peer closed it in good order. */
  closed(error: Error | null): void;
}

/** One TCP or TLS connection to an upstream. It carries one exchange at a time, or waits in the pool. */
export class Connection implements Deadline {
  /** While idle: when to close it. */
  at = Number.POSITIVE_INFINITY;
  /** Exchanges that it has carried before the current one. */
  uses = 0;
  readonly origin: Origin;
  #socket: Socket<Connection>;
  #user: ConnectionUser | null = null;
  #closed = false;
  /** Told once when the connection closes, in use or not. */
  onClose: (() => void) | null = null;

  constructor(origin: Origin, socket: Socket<Connection>) {
    this.origin = origin;
    this.#socket = socket;
  }

  get open(): boolean {
    return !this.#closed;
  }

  use(user: ConnectionUser): void {
    this.#user = user;
  }

  /** Ends the use. The connection may be used again. */
  free(): void {
    this.#user = null;
    this.uses++;
  }

  /** Writes the first `length` bytes; returns how many the socket took. The rest is to be written after `writable()`. */
  write(bytes: Uint8Array, length = bytes.length): number {
    return this.#closed ? length : Math.max(0, this.#socket.write(bytes, 0, length));
  }

  pause(): void {
    if (!this.#closed) this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  /** Closes at once, with what has not been sent. This is how HTTP/1.1 cancels. */
  destroy(): void {
    if (this.#closed) return;
    this.#user = null;
    this.closed(null);
    this.#socket.terminate();
  }

  expire(): void {
    this.destroy();
  }

  received(bytes: Buffer): void {
    // Bytes that nobody asked for: the peer is out of step, and what comes next could be taken for an answer.
    if (this.#user === null) this.destroy();
    else this.#user.received(bytes);
  }

  writable(): void {
    this.#user?.writable();
  }

  closed(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose?.();
    const user = this.#user;
    this.#user = null;
    user?.closed(error);
  }
}

export interface ConnectOptions {
  /** Milliseconds for TCP and TLS together. */
  readonly timeout: number;
  /** `performance.now()` moment at which the whole request ends. */
  readonly totalAt: number;
  readonly deadlines: Deadlines;
  readonly presence: Presence;
}

/**
 * Opens a connection; for https the certificate and its name have been verified when it resolves. Certificates of one's
 * own are trusted by NODE_EXTRA_CA_CERTS. Rejects with connect_timeout, total_timeout, upstream_unreachable or
 * client_closed.
 */
export function connect(origin: Origin, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let opened: Socket<Connection> | null = null;
    const deadline: Deadline = {
      at: Math.min(performance.now() + options.timeout, options.totalAt),
      expire: (now) =>
        fail(now >= options.totalAt ? totalTimeout() : connectTimeout(origin, options.timeout)),
    };
    const aborted = () => fail(new GatewayError("client_closed", "The client closed the connection."));
    const settle = () => {
      settled = true;
      options.deadlines.remove(deadline);
      options.presence.onGone = null;
    };
    const fail = (error: GatewayError) => {
      if (settled) return;
      settle();
      opened?.terminate();
      reject(error);
    };
    const ready = (socket: Socket<Connection>) => {
      if (settled) return;
      settle();
      resolve(socket.data);
    };
    options.deadlines.add(deadline);
    options.presence.onGone = aborted;

    Bun.connect<Connection>({
      hostname: origin.hostname,
      port: origin.port,
      ...(origin.secure ? { tls: { serverName: origin.hostname, rejectUnauthorized: true } } : {}),
      socket: {
        open(socket) {
          opened = socket;
          // A connection that came after its time is closed at once: nobody waits for it any more.
          if (settled) return void socket.terminate();
          socket.setNoDelay(true);
          socket.data = new Connection(origin, socket);
          if (!origin.secure) ready(socket);
        },
        handshake(socket, success, verifyError) {
          if (success && verifyError === null) ready(socket);
          else fail(unreachable(origin, verifyError ?? new Error("TLS handshake failed")));
        },
        data(socket, bytes) {
          socket.data.received(bytes);
        },
        drain(socket) {
          socket.data.writable();
        },
        error(socket, error) {
          socket.data?.closed(error);
          socket.terminate();
        },
        close(socket, error) {
          fail(unreachable(origin, error ?? new Error("closed before it was open")));
          socket.data?.closed(error ?? null);
        },
        connectError(_socket, error) {
          fail(unreachable(origin, error));
        },
      },
    }).catch((error: unknown) => fail(unreachable(origin, error)));
  });
}

export function totalTimeout(): GatewayError {
  return new GatewayError("total_timeout", "The request took longer than its total timeout (total_timeout).");
}

function connectTimeout(origin: Origin, timeout: number): GatewayError {
  return new GatewayError(
    "connect_timeout",
    `No connection to the upstream within ${timeout / 1000} s (connect_timeout).`,
    { cause: `connecting to ${origin.key} took longer than ${timeout} ms` },
  );
}

function unreachable(origin: Origin, cause: unknown): GatewayError {
  const reason = cause instanceof Error ? causeText(cause) : String(cause);
  return new GatewayError("upstream_unreachable", "The upstream could not be reached.", {
    cause: `${origin.key}: ${reason}`,
  });
}

function causeText(error: Error): string {
  const code = (error as Error & { code?: unknown }).code;
  return typeof code === "string" && !error.message.includes(code)
    ? `${code} ${error.message}`
    : error.message;
}
