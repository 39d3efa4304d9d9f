import type { Socket } from "bun";
import { bytesOf, headerValues, type MessageHead, readChunked, readHead } from "./http-text.ts";
import { until } from "./until.ts";

export interface RawResponse {
  readonly status: number;
  readonly head: MessageHead;
  /** Without its framing. */
  readonly body: Uint8Array;
  readonly text: string;
  /** All values of a header. `name` is lower case. */
  header(name: string): string[];
}

/** An HTTP client that sends exactly the bytes it is told to, and may stop reading, sending or being there. */
export class RawClient {
  /** Everything received and not yet taken as a response. */
  received: Uint8Array = new Uint8Array(0);
  /** True once the server has closed, in order or not. */
  closed = false;
  readonly #socket: Socket<undefined>;
  #drain = Promise.withResolvers<void>();

  private constructor(socket: Socket<undefined>) {
    this.#socket = socket;
  }

  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    let client: RawClient | undefined;
    const socket = await Bun.connect<undefined>({
      hostname,
      port: Number(port),
      socket: {
        data: (_, data) => client?.onData(data),
        drain: () => client?.onDrain(),
        end: () => client?.onClose(),
        close: () => client?.onClose(),
      },
    });
    client = new RawClient(socket);
    return client;
  }

  /** Sends `data`; waits when the server does not take it. Returns false when the server closed before the end. */
  async send(data: string | Uint8Array): Promise<boolean> {
    let rest = bytesOf(data);
    while (rest.length > 0 && !this.closed) {
      rest = rest.subarray(Math.max(0, this.#socket.write(rest)));
      if (rest.length > 0) await this.#drain.promise;
    }
    return rest.length === 0;
  }

  /** The next response, whole. Rejects when the connection closes in the middle of it. */
  async response(): Promise<RawResponse> {
    const read = await until(
      "a whole response arrives",
      () => readResponse(this.received, this.closed) ?? this.#orFail(),
    );
    this.received = this.received.subarray(read.length);
    return read.response;
  }

  /** The next response's head; its body stays in `received`. */
  async head(): Promise<MessageHead> {
    const head = await until("a response's head arrives", () => readHead(this.received) ?? this.#orFail());
    this.received = this.received.subarray(head.length);
    return head;
  }

  text(): string {
    return Buffer.from(this.received).toString();
  }

  untilText(part: string): Promise<unknown> {
    return until(`"${part}" arrives`, () => this.text().includes(part) || this.#orFail());
  }

  untilClosed(): Promise<unknown> {
    return until("the server closes", () => this.closed);
  }

  /** Stops reading, so that the server's send buffer fills. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
  }

  /** Breaks the connection (RST). */
  reset(): void {
    this.#socket.terminate();
  }

  #orFail(): null {
    if (this.closed) throw new Error(`The server closed after: ${this.text().slice(0, 500)}`);
    return null;
  }

  private onData(data: Uint8Array): void {
    this.received = Buffer.concat([this.received, data]);
  }

  private onDrain(): void {
    this.#drain.resolve();
    this.#drain = Promise.withResolvers<void>();
  }

  private onClose(): void {
    this.closed = true;
    this.onDrain();
  }
}

function readResponse(bytes: Uint8Array, closed: boolean): { response: RawResponse; length: number } | null {
  const head = readHead(bytes);
  if (!head) return null;
  const rest = bytes.subarray(head.length);
  const framed = readBody(head, rest, closed);
  if (!framed) return null;
  const response: RawResponse = {
    status: Number(head.start.split(" ")[1]),
    head,
    body: framed.body,
    text: Buffer.from(framed.body).toString(),
    header: (name) => headerValues(head.headers, name),
  };
  return { response, length: head.length + framed.length };
}

function readBody(
  head: MessageHead,
  rest: Uint8Array,
  closed: boolean,
): { body: Uint8Array; length: number } | null {
  if (headerValues(head.headers, "transfer-encoding").includes("chunked")) return readChunked(rest);
  const declared = headerValues(head.headers, "content-length")[0];
  if (declared === undefined && !/ (204|304) /.test(head.start))
    return closed ? { body: rest, length: rest.length } : null;
  const length = Number(declared ?? 0);
  return rest.length >= length ? { body: rest.slice(0, length), length } : null;
}

/** Sends one request on a connection of its own and returns the answer. */
export async function rawRequest(url: string, ...parts: (string | Uint8Array)[]): Promise<RawResponse> {
  const client = await RawClient.connect(url);
  try {
    for (const part of parts) await client.send(part);
    return await client.response();
  } finally {
    client.close();
  }
}

/** A request's bytes, with `host` and the body's length unless they are given. */
export function requestText(
  method: string,
  target: string,
  headers: Record<string, string>,
  body: string | Uint8Array = "",
): Buffer {
  const bytes = bytesOf(body);
  const all = {
    host: "gateway.test",
    ...(bytes.length > 0 ? { "content-length": String(bytes.length) } : {}),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`), bytes]);
}
