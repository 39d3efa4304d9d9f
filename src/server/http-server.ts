import { isIP } from "node:net";
import type { Server } from "bun";
import type { Logger } from "../lib/logger.ts";
import type { Connection } from "./connection.ts";
import { IDLE_TIMEOUT } from "./idle-timeout.ts";
import { type SocketState, type WebSocketDoor, WebSockets } from "./web-sockets.ts";

export type Handler = (request: Request, connection: Connection) => Response | Promise<Response>;

export interface HttpServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly logger: Logger;
  /** Answers a request. Must not reject: what goes wrong is an answer too. */
  readonly handle: Handler;
  /** The path that becomes a WebSocket when a client asks for it; there is none without. */
  readonly webSocketDoor?: WebSocketDoor;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Takes no new connections; those that are open go on, WebSockets until they are between two messages. */
  stopAccepting(): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Larger than any limit of ours: bodies are measured where the error can be told in the client's own format. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The address cannot be listened on. The message says why and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Listens; throws ListenError when the address is taken or not ours. */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const sockets = new WebSockets(options.webSocketDoor ?? null);
  const server = listen(options, sockets);
  const host = options.hostname.includes(":") ? `[${options.hostname}]` : options.hostname;
  return {
    url: `http://${host}:${server.port}`,
    port: server.port ?? options.port,
    stopAccepting() {
      sockets.drain();
      void server.stop(false);
    },
    close: () => server.stop(true),
  };
}

function listen(options: HttpServerOptions, sockets: WebSockets): Server<SocketState> {
  try {
    return Bun.serve({
      hostname: options.hostname,
      port: options.port,
      idleTimeout: IDLE_TIMEOUT,
      maxRequestBodySize: NO_LIMIT,
      reusePort: false,
      // Otherwise each stream that is broken off is printed to stderr, stack and all, beside the log.
      development: false,
      fetch(request, server) {
        return sockets.asksFor(request) ? sockets.upgrade(request, server) : options.handle(request, server);
      },
      websocket: sockets.handler,
      error(error) {
        options.logger.error("A response could not be made", { error });
        return new Response(
          '{"error":{"code":"gateway_error","message":"The gateway failed to handle this request."}}',
          {
            status: 500,
            headers: { "content-type": "application/json" },
          },
        );
      },
    });
  } catch (error) {
    throw new ListenError(listenMessage(options, error), { cause: error });
  }
}

function listenMessage(options: HttpServerOptions, error: unknown): string {
  const code = (error as { code?: unknown }).code;
  const at = `${options.hostname}:${options.port}`;
  if (isUnresolved(options.hostname)) {
    return `The host "${options.hostname}" cannot be resolved to an address of this machine. Set HOST or server.host.`;
  }
  if (code === "EADDRINUSE") {
    return `Port ${options.port} on ${options.hostname} is in use by another process. Stop it, or choose another with PORT or server.port.`;
  }
  if (code === "EACCES")
    return `Listening on ${at} is not permitted. Ports below 1024 need privileges; choose another.`;
  if (code === "EADDRNOTAVAIL")
    return `${options.hostname} is not an address of this machine. Set HOST or server.host.`;
  return `Listening on ${at} failed: ${error instanceof Error ? error.message : String(error)}`;
}

/**
 * Whether a name can be listened on at no port at all. A name that does not resolve fails with the code of whatever system
 * call failed last (ENOENT, EINVAL, EADDRINUSE …), so that the code says nothing.
 */
function isUnresolved(hostname: string): boolean {
  if (isIP(hostname) !== 0) return false;
  try {
    void Bun.serve({ hostname, port: 0, fetch: () => new Response() }).stop(true);
    return false;
  } catch {
    return true;
  }
}
