/**
 * A stand-in for an OpenAI-compatible provider that costs almost nothing, so that a measurement shows the gateway.
 *
 *   bun bench/mock-upstream.ts [--port N]      prints the port it listens on (loopback; 0 takes a free one)
 *
 * Any request is answered with 1 KB of chat completion JSON. A body with `"stream":true` gets an SSE stream instead:
 * the first event at once, then one event every 10 ms (every second for the model "slow") until there are as many as
 * the body's `max_tokens` says (default 200), then `[DONE]`; in the format that the path is of. Streams run out of step with each other and every event
 * is its own write, so events reach the gateway one at a time, as they do from a model.
 */
import { parseArgs } from "node:util";
import type { Socket } from "bun";
import { CHAT_END, CHAT_USAGE, FORMATS, type Format, formatOfPath, SHAPES } from "./stream-shapes.ts";

interface Connection {
  /** What has come of a request that is not whole yet. */
  pieces: Buffer[];
  size: number;
  /** Bytes that head and body have together; NaN until the head is whole, Infinity for a chunked body. */
  expected: number;
  /** What the kernel would not take yet; no further event is written before it has gone. */
  unsent: Buffer[];
  stream: Stream | undefined;
}

interface Stream {
  socket: Socket<Connection>;
  left: number;
  format: Format;
  withUsage: boolean;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNKED_END = Buffer.from("0\r\n\r\n");
const USAGE = { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 };

const WHOLE_ANSWER = wholeAnswer();
const STREAM_HEAD = Buffer.from(
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n",
);
const BYTES = Object.fromEntries(
  FORMATS.map((format) => {
    const { first, text, last } = SHAPES[format];
    return [format, { first: chunk(first), text: chunk(text), last: chunk(last) }];
  }),
) as Record<Format, Record<"first" | "text" | "last", Buffer>>;
const USAGE_EVENT = chunk(CHAT_USAGE);
const DONE_EVENT = chunk(CHAT_END);

function wholeAnswer(): Buffer {
  const message = { role: "assistant", content: "x".repeat(700) };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  const body = JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices,
    usage: USAGE,
  });
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** None for an empty text: it would end the body. */
function chunk(text: string): Buffer {
  if (text === "") return Buffer.alloc(0);
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

/** Streams with one interval, spread over the ticks of that interval. The timer runs only while there are streams. */
class Clockwork {
  readonly #slots: Set<Stream>[];
  readonly #tickMs: number;
  #position = 0;
  #entered = 0;
  #live = 0;
  #timer: Timer | undefined;

  constructor(intervalMs: number, tickMs: number) {
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: intervalMs / tickMs }, () => new Set<Stream>());
  }

  add(stream: Stream): void {
    this.#slots[this.#entered++ % this.#slots.length]!.add(stream);
    this.#live++;
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs);
  }

  remove(stream: Stream): void {
    if (!this.#slots.some((slot) => slot.delete(stream))) return;
    this.#live--;
    if (this.#live > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get live(): number {
    return this.#live;
  }

  #tick(): void {
    this.#position = (this.#position + 1) % this.#slots.length;
    for (const stream of this.#slots[this.#position]!) if (advance(stream)) this.remove(stream);
  }
}

const fast = new Clockwork(10, 1);
const slow = new Clockwork(1000, 10);

/** Writes a stream's next event. Answers whether it was the last. */
function advance(stream: Stream): boolean {
  const { socket } = stream;
  if (socket.data.unsent.length > 0) return false;
  stream.left--;
  if (stream.left > 0) {
    send(socket, BYTES[stream.format].text);
    return false;
  }
  const pieces = [BYTES[stream.format].last];
  if (stream.withUsage) pieces.push(USAGE_EVENT);
  if (stream.format === "openai-chat") pieces.push(DONE_EVENT);
  send(socket, Buffer.concat([...pieces, CHUNKED_END]));
  socket.data.stream = undefined;
  return true;
}

function send(socket: Socket<Connection>, bytes: Buffer): void {
  if (socket.data.unsent.length > 0) {
    socket.data.unsent.push(bytes);
    return;
  }
  const written = Math.max(0, socket.write(bytes));
  if (written < bytes.length) socket.data.unsent.push(bytes.subarray(written));
}

function flush(socket: Socket<Connection>): void {
  const waiting = socket.data.unsent.splice(0);
  for (const bytes of waiting) send(socket, bytes);
}

function receive(socket: Socket<Connection>, bytes: Buffer): void {
  const connection = socket.data;
  connection.pieces.push(bytes);
  connection.size += bytes.length;
  if (Number.isNaN(connection.expected)) connection.expected = expectedSize(joined(connection));
  if (!isWhole(connection, bytes)) return;
  const request = joined(connection);
  connection.pieces = [];
  connection.size = 0;
  connection.expected = Number.NaN;
  answer(socket, request);
}

function joined(connection: Connection): Buffer {
  if (connection.pieces.length > 1) connection.pieces = [Buffer.concat(connection.pieces)];
  return connection.pieces[0]!;
}

/** Clients of this server wait for an answer before they send again, so what has come is never more than one request. */
function isWhole(connection: Connection, latest: Buffer): boolean {
  if (connection.expected === Number.POSITIVE_INFINITY)
    return latest.subarray(-CHUNKED_END.length).equals(CHUNKED_END);
  return connection.size >= connection.expected;
}

function expectedSize(start: Buffer): number {
  const headEnd = start.indexOf(HEAD_END);
  if (headEnd < 0) return Number.NaN;
  const head = start.toString("latin1", 0, headEnd).toLowerCase();
  if (head.includes("\r\ntransfer-encoding: chunked")) return Number.POSITIVE_INFINITY;
  const field = head.indexOf("\r\ncontent-length:");
  const length = field < 0 ? 0 : Number.parseInt(head.slice(field + 17), 10);
  return headEnd + HEAD_END.length + length;
}

function answer(socket: Socket<Connection>, request: Buffer): void {
  if (!request.includes('"stream":true') && !request.includes(":streamGenerateContent")) {
    send(socket, WHOLE_ANSWER);
    return;
  }
  const text = request.toString("latin1");
  const left = Number(/"max_(?:completion_)?tokens":(\d+)/.exec(text)?.[1] ?? 200);
  const format = formatOfPath(text.slice(0, text.indexOf("\r\n")));
  const stream = { socket, left, format, withUsage: text.includes('"include_usage":true') };
  send(socket, STREAM_HEAD);
  if (BYTES[format].first.length > 0) send(socket, BYTES[format].first);
  if (advance(stream)) return;
  socket.data.stream = stream;
  (text.includes('"model":"slow"') ? slow : fast).add(stream);
}

function leave(socket: Socket<Connection>): void {
  const { stream } = socket.data;
  if (stream === undefined) return;
  fast.remove(stream);
  slow.remove(stream);
}

/** Serves on loopback until the returned listener is stopped. */
export function startMockUpstream(port: number): { port: number; openStreams(): number; stop(): void } {
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        socket.data = { pieces: [], size: 0, expected: Number.NaN, unsent: [], stream: undefined };
      },
      data: receive,
      drain: flush,
      close: leave,
      error: (_socket, error) => console.error(error),
    },
  });
  return { port: listener.port, openStreams: () => fast.live + slow.live, stop: () => listener.stop(true) };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
  console.log(startMockUpstream(Number(values.port)).port);
}
