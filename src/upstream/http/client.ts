import { GatewayError } from "../../exchange/errors.ts";
import type { Deadlines } from "../../lib/deadlines.ts";
import { type Connection, connect } from "./connection.ts";
import { Exchange, type ExchangeOwner, type HttpResponse } from "./exchange.ts";
import type { Origin } from "./origin.ts";
import type { HttpRequest } from "./request.ts";

export interface HttpClientOptions {
  readonly deadlines: Deadlines;
  /** Milliseconds that an unused connection is kept. */
  readonly idleTimeout?: number;
  /** Unused connections kept for one origin. */
  readonly maxIdle?: number;
}

/**
 * An HTTP/1.1 client for proxying: nothing is decoded or followed, nothing sent again but on a connection that had gone
 * stale, bytes are handed on as they come, and reading is held back when the reader is. Bun's fetch costs 1.3 times the
 * CPU of a whole exchange and can tell neither a connection's timeout from a response's nor keep header fields as they
 * came (docs/decisions/0002).
 */
export class HttpClient implements ExchangeOwner {
  readonly #deadlines: Deadlines;
  readonly #idleTimeout: number;
  readonly #maxIdle: number;
  readonly #idle = new Map<string, Connection[]>();
  readonly #active = new Set<Exchange>();
  #closed = false;

  constructor(options: HttpClientOptions) {
    this.#deadlines = options.deadlines;
    this.#idleTimeout = options.idleTimeout ?? 50_000;
    this.#maxIdle = options.maxIdle ?? 512;
  }

  /**
   * Sends a request; resolves when the response's head is there. Rejects with a GatewayError: connect_timeout,
   * upstream_unreachable, first_byte_timeout, total_timeout, upstream_disconnected, upstream_invalid, client_closed.
   */
  send(request: HttpRequest): Promise<HttpResponse> {
    if (request.presence.gone) {
      return Promise.reject(new GatewayError("client_closed", "The client closed the connection."));
    }
    const idle = this.#take(request.origin);
    return idle === null ? this.sendFresh(request) : this.#start(idle, request).response;
  }

  /** As `send`, on a new connection. */
  async sendFresh(request: HttpRequest): Promise<HttpResponse> {
    const connection = await connect(request.origin, {
      timeout: request.connectTimeout,
      totalAt: request.totalAt,
      deadlines: this.#deadlines,
      presence: request.presence,
    });
    connection.onClose = () => this.#forget(connection);
    return await this.#start(connection, request).response;
  }

  /** Ends every exchange that is under way with this error. */
  abort(error: GatewayError): void {
    for (const exchange of this.#active) exchange.abort(error);
  }

  /** Closes unused connections. Those in use are closed when their exchange ends. */
  close(): void {
    this.#closed = true;
    for (const connections of this.#idle.values())
      for (const connection of [...connections]) connection.destroy();
  }

  #start(connection: Connection, request: HttpRequest): Exchange {
    const exchange = new Exchange(connection, request, this.#deadlines, this);
    this.#active.add(exchange);
    return exchange;
  }

  ended(exchange: Exchange): void {
    this.#active.delete(exchange);
  }

  #take(origin: Origin): Connection | null {
    const connection = this.#idle.get(origin.key)?.pop() ?? null;
    if (connection !== null) this.#deadlines.remove(connection);
    return connection;
  }

  /** `keepAlive` is the peer's own limit in milliseconds, if it named one. */
  keep(connection: Connection, keepAlive: number | null): void {
    let connections = this.#idle.get(connection.origin.key);
    if (connections === undefined) {
      connections = [];
      this.#idle.set(connection.origin.key, connections);
    }
    // The peer counts from its own last byte; a second is left for the way.
    const time = keepAlive === null ? this.#idleTimeout : Math.min(this.#idleTimeout, keepAlive - 1000);
    if (this.#closed || connections.length >= this.#maxIdle || time <= 0) {
      connection.destroy();
      return;
    }
    connections.push(connection);
    connection.at = performance.now() + time;
    this.#deadlines.add(connection);
  }

  /** The connection has closed, unused or not. */
  #forget(connection: Connection): void {
    this.#deadlines.remove(connection);
    const connections = this.#idle.get(connection.origin.key);
    const at = connections?.indexOf(connection) ?? -1;
    if (at >= 0) connections!.splice(at, 1);
  }
}
