import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { splitUrl } from "../lib/request-url.ts";
import { IDLE_TIMEOUT } from "./idle-timeout.ts";

/** A path that clients may turn into a WebSocket. */
export interface WebSocketDoor {
  readonly path: string;
  /** Bytes of the longest message that is taken; a longer one closes the socket with 1009. */
  readonly maxMessageBytes: number;
  /** Milliseconds that a client may leave what was sent to it unread. */
  readonly stallTimeout: number;
  /** The talk to be had with this client, or the response that refuses it. Must not throw. */
  accept(request: Request): SocketTalk | Response;
}

/** What is said on one socket. None of the methods may throw. */
export interface SocketTalk {
  opened(socket: Socket): void;
  message(text: string): void;
  /** No more is to be begun: the socket is to be closed as soon as nothing runs. */
  drain(): void;
  closed(): void;
}

/** The server's end of an open socket. */
export interface Socket {
  /**
   * Sends a text message. True when the client keeps up; false when the next one is to wait for `writable`. What is
   * sent on a closed socket is lost.
   */
  send(text: string): boolean;
  /** Resolves once the client has read on, or the socket is closed. */
  writable(): Promise<void>;
  close(code: number, reason: string): void;
}

export interface SocketState {
  readonly talk: SocketTalk;
  socket: OpenSocket | null;
}

/** Beyond what one message may need, so much may wait for a client; more closes the socket. */
const MAX_UNSENT = 64 * 1024 * 1024;

/** RFC 6455, section 7.4.1. */
export const CLOSE_CODES = { normal: 1000, goingAway: 1001, unsupportedData: 1003 } as const;

/** The sockets of one server. */
export class WebSockets {
  readonly #door: WebSocketDoor | null;
  readonly #open = new Set<SocketTalk>();
  #draining = false;

  constructor(door: WebSocketDoor | null) {
    this.#door = door;
  }

  /** Whether a request is for the door and wants a socket. Nearly none is, so that is found out by the method alone. */
  asksFor(request: Request): boolean {
    return (
      request.method === "GET" &&
      this.#door !== null &&
      splitUrl(request.url).path === this.#door.path &&
      request.headers.get("upgrade")?.toLowerCase() === "websocket"
    );
  }

  /** Undefined once the connection is a socket. */
  upgrade(request: Request, server: Server<SocketState>): Response | undefined {
    if (this.#draining) return new Response(null, { status: 503, headers: { connection: "close" } });
    const talk = this.#door!.accept(request);
    if (talk instanceof Response) return talk;
    if (server.upgrade(request, { data: { talk, socket: null } })) return undefined;
    talk.closed();
    return new Response("This is no WebSocket handshake as RFC 6455 has it.\n", { status: 400 });
  }

  /** Lets every socket come to its end. */
  drain(): void {
    this.#draining = true;
    for (const talk of this.#open) talk.drain();
  }

  get handler(): WebSocketHandler<SocketState> {
    const stallTimeout = this.#door?.stallTimeout ?? 0;
    return {
      maxPayloadLength: this.#door?.maxMessageBytes ?? 0,
      backpressureLimit: MAX_UNSENT,
      closeOnBackpressureLimit: true,
      // The server pings before this has passed; a client that is there answers.
      idleTimeout: IDLE_TIMEOUT,
      perMessageDeflate: false,
      open: (ws) => {
        const { talk } = ws.data;
        ws.data.socket = new OpenSocket(ws, stallTimeout);
        this.#open.add(talk);
        talk.opened(ws.data.socket);
        if (this.#draining) talk.drain();
      },
      message: (ws, message) => {
        if (typeof message === "string") ws.data.talk.message(message);
        else ws.close(CLOSE_CODES.unsupportedData, "Messages are text.");
      },
      drain: (ws) => ws.data.socket?.drained(),
      close: (ws) => {
        this.#open.delete(ws.data.talk);
        ws.data.socket?.closed();
        ws.data.talk.closed();
      },
    };
  }
}

class OpenSocket implements Socket {
  readonly #ws: ServerWebSocket<SocketState>;
  readonly #stallTimeout: number;
  #waiting: (() => void)[] = [];
  #stall: ReturnType<typeof setTimeout> | null = null;

  constructor(ws: ServerWebSocket<SocketState>, stallTimeout: number) {
    this.#ws = ws;
    this.#stallTimeout = stallTimeout;
  }

  send(text: string): boolean {
    if (this.#ws.readyState !== WebSocket.OPEN) return true;
    // -1 says that it waits for the client, 0 that it was dropped, which closes the socket.
    return this.#ws.sendText(text) > 0;
  }

  writable(): Promise<void> {
    if (this.#ws.readyState !== WebSocket.OPEN || this.#ws.getBufferedAmount() === 0)
      return Promise.resolve();
    this.#stall ??= setTimeout(() => this.#ws.terminate(), this.#stallTimeout);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  /** The client has read all that was sent. */
  drained(): void {
    if (this.#ws.getBufferedAmount() === 0) this.#release();
  }

  closed(): void {
    this.#release();
  }

  #release(): void {
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
