/**
 * The client side of many SSE streams, on plain sockets so that it costs little beside what it measures. Its own
 * process, so that it can have its own core. Takes one argument, a StreamLoad in JSON; prints one StreamResult.
 *
 * With `hold`, it prints when every stream has had its first event, and keeps them open until its input is closed.
 */
import type { Socket } from "bun";

export interface StreamLoad {
  url: string;
  headers: Record<string, string>;
  body: string;
  streams: number;
  hold: boolean;
  betweenStartsMs: number;
}

export interface StreamResult {
  /** Events received that tell something, `[DONE]` left out. */
  events: number;
  /** Milliseconds from sending the request on an open connection to the first event, the median of all streams. */
  firstEventP50: number;
}

interface Client {
  sentAt: number;
  firstAt: number;
  events: number;
  /** The end of the last piece, since an event may be cut in two. */
  tail: Buffer;
  done: boolean;
}

const EVENT = Buffer.from("data: ");
const DONE = Buffer.from("data: [DONE]");
/** The end of a chunked body: what ends a stream that has no `[DONE]`. */
const END = Buffer.from("\r\n0\r\n\r\n");
const LIMIT_MS = 60_000;

async function run(load: StreamLoad): Promise<StreamResult> {
  const request = requestBytes(load);
  const pending = Array.from({ length: load.streams }, async (_, index) => {
    await Bun.sleep(index * load.betweenStartsMs);
    return stream(new URL(load.url), request, load.hold);
  });
  const clients = await Promise.all(pending);
  const waits = clients.map((client) => client.firstAt - client.sentAt).sort((a, b) => a - b);
  return {
    events: clients.reduce((sum, client) => sum + client.events, 0),
    firstEventP50: waits[Math.floor(waits.length / 2)]!,
  };
}

function requestBytes({ url, headers, body }: StreamLoad): Buffer {
  const { pathname, search, host } = new URL(url);
  const fields = Object.entries({ host, "content-length": String(Buffer.byteLength(body)), ...headers });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`POST ${pathname}${search} HTTP/1.1\r\n${head}\r\n${body}`);
}

/** Settles at the first event when the stream is to be held, at its end otherwise. */
function stream(url: URL, request: Buffer, hold: boolean): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const client: Client = { sentAt: 0, firstAt: 0, events: 0, tail: Buffer.alloc(0), done: false };
  const opened = Bun.connect<Client>({
    hostname: url.hostname,
    port: Number(url.port),
    data: client,
    socket: {
      open(socket) {
        client.sentAt = performance.now();
        socket.write(request);
      },
      data(socket, bytes) {
        const problem = take(client, bytes);
        if (problem !== undefined) reject(new Error(problem));
        else if (client.done) finish(socket, client, resolve);
        else if (hold && client.events > 0) resolve(client);
      },
      close: () => reject(new Error(`a stream was closed after ${client.events} events`)),
      error: (_socket, error) => reject(error),
    },
  });
  opened.catch(reject);
  return promise;
}

function finish(socket: Socket<Client>, client: Client, resolve: (client: Client) => void): void {
  resolve(client);
  socket.end();
}

function take(client: Client, bytes: Buffer): string | undefined {
  if (client.firstAt === 0 && client.tail.length === 0 && !bytes.toString("latin1", 0, 12).endsWith(" 200")) {
    return `not a 200 answer: ${bytes.toString("latin1", 0, 300)}`;
  }
  const piece = Buffer.concat([client.tail, bytes]);
  const unread = Math.max(0, client.tail.length - EVENT.length + 1);
  client.tail = piece.subarray(-(DONE.length - 1));
  for (let at = piece.indexOf(EVENT, unread); at >= 0; at = piece.indexOf(EVENT, at + 1)) client.events++;
  if (client.firstAt === 0 && client.events > 0) client.firstAt = performance.now();
  const isDone = piece.includes(DONE);
  if (!isDone && !piece.includes(END)) return undefined;
  client.done = true;
  if (isDone) client.events--;
  return undefined;
}

const load = JSON.parse(process.argv[2]!) as StreamLoad;
const limit = setTimeout(() => {
  console.error(`streams were not answered within ${LIMIT_MS / 1000} s`);
  process.exit(1);
}, LIMIT_MS);
console.log(JSON.stringify(await run(load)));
clearTimeout(limit);
if (load.hold) await Bun.stdin.text();
process.exit(0);
