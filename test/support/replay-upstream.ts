import type { Transform } from "node:stream";
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from "node:zlib";
import { RECORDINGS, type RecordedExchange, recordedExchanges } from "./exchanges.ts";
import { chunk, LAST_CHUNK } from "./http-text.ts";
import { type Exchange, type RawServer, startRawServer } from "./raw-server.ts";

/** How a recording is changed on its way; none of these changes what a correct reader understands, but for the cuts. */
export interface Mutation {
  /** Bytes in each chunk; without it each event, or the whole body, is one. */
  readonly pieces?: number;
  readonly crlf?: boolean;
  /** A comment line after each event. */
  readonly pings?: boolean;
  /** Percent of the body after which the connection breaks. */
  readonly cut?: number;
  /** Milliseconds between chunks. */
  readonly slow?: number;
  /** Bytes of the body after which the connection breaks; of a compressed one, before it is compressed. */
  readonly cutAt?: number;
  /** The content coding; each event is flushed, as servers do. */
  readonly coding?: Coding;
}

type Coding = "gzip" | "deflate" | "br" | "zstd";

const PACKERS = {
  gzip: () => [createGzip(), constants.Z_SYNC_FLUSH],
  deflate: () => [createDeflate(), constants.Z_SYNC_FLUSH],
  br: () => [createBrotliCompress(), constants.BROTLI_OPERATION_FLUSH],
  zstd: () => [createZstdCompress(), constants.ZSTD_e_flush],
} satisfies Record<Coding, () => [Packer, flush: number]>;

type Packer = Transform & { flush(kind: number, done: () => void): void };

/** The pieces compressed, each so that it can be unpacked before the next one comes; whole unless `isCut`. */
async function packed(pieces: readonly Uint8Array[], coding: Coding, isCut: boolean): Promise<Uint8Array[]> {
  const [packer, kind] = PACKERS[coding]();
  const out: Buffer[][] = [[]];
  packer.on("data", (bytes: Buffer) => out.at(-1)!.push(bytes));
  for (const piece of pieces) {
    packer.write(piece);
    await new Promise<void>((done) => packer.flush(kind, done));
    // What was flushed is told in the next turn.
    await new Promise((done) => setImmediate(done));
    out.push([]);
  }
  if (isCut) packer.destroy();
  else await new Promise((done) => packer.end().once("end", done));
  return out.map((parts) => Buffer.concat(parts));
}

export interface ReplayUpstream extends RawServer {
  /** Requests that asked for a recording, in order. */
  received(id: string): Exchange[];
}

/** Names the recording that a request asks for, and how to change it: `id` or `id,pieces=1,crlf`. */
export const REPLAY_HEADER = "x-replay";

export function replayHeader(id: string, mutation: Mutation = {}): string {
  const parts = Object.entries(mutation).map(([name, value]) => (value === true ? name : `${name}=${value}`));
  return [id, ...parts].join(",");
}

/** The bytes that the upstream sends for a recording under a mutation. */
export function replayedBody(recording: RecordedExchange, mutation: Mutation = {}): Buffer {
  let text = recording.body;
  if (mutation.pings && isSse(recording)) text = text.replace(/(?:\r?\n){2}/g, "$&: ping\n\n");
  if (mutation.crlf && isSse(recording)) text = text.replace(/\r?\n/g, "\r\n");
  const bytes = Buffer.from(text);
  if (mutation.cutAt !== undefined) return bytes.subarray(0, mutation.cutAt);
  return mutation.cut === undefined
    ? bytes
    : bytes.subarray(0, Math.floor((bytes.length * mutation.cut) / 100));
}

function isSse(recording: RecordedExchange): boolean {
  return recording.content_type.startsWith("text/event-stream");
}

function readReplayHeader(value: string): [id: string, Mutation] {
  const [id = "", ...parts] = value.split(",");
  const entries = parts.map((part) => {
    const [name = "", number] = part.split("=");
    return [name, number === undefined ? true : name === "coding" ? number : Number(number)];
  });
  return [id, Object.fromEntries(entries) as Mutation];
}

function piecesOf(recording: RecordedExchange, mutation: Mutation): Uint8Array[] {
  const body = replayedBody(recording, mutation);
  if (mutation.pieces === undefined) {
    return isSse(recording)
      ? body
          .toString()
          .split(/(?<=\n\r?\n)/)
          .map((event) => Buffer.from(event))
      : [body];
  }
  const size = mutation.pieces;
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
}

const CHUNKS_IN_A_WRITE = 64;

async function replay(exchange: Exchange, recording: RecordedExchange, mutation: Mutation): Promise<void> {
  const { coding } = mutation;
  const isCut = mutation.cut !== undefined || mutation.cutAt !== undefined;
  const encoding = coding === undefined ? "" : `content-encoding: ${coding}\r\n`;
  await exchange.write(
    `HTTP/1.1 ${recording.status} Recorded\r\ncontent-type: ${recording.content_type}\r\n${encoding}transfer-encoding: chunked\r\n\r\n`,
  );
  const pieces = piecesOf(recording, mutation);
  const chunks = (coding === undefined ? pieces : await packed(pieces, coding, isCut)).map(chunk);
  // Many small chunks go in few writes: the framing keeps them apart, and a body of single bytes takes no minute.
  const atOnce = mutation.pieces === undefined || mutation.slow !== undefined ? 1 : CHUNKS_IN_A_WRITE;
  for (let at = 0; at < chunks.length; at += atOnce) {
    await exchange.write(Buffer.concat(chunks.slice(at, at + atOnce)));
    if (mutation.slow !== undefined) await Bun.sleep(mutation.slow);
  }
  if (isCut) exchange.end();
  else await exchange.write(LAST_CHUNK);
}

function recordingsOfTests(): RecordedExchange[] {
  const formats = Object.keys(RECORDINGS) as (keyof typeof RECORDINGS)[];
  return formats.flatMap((format) => recordedExchanges(format));
}

/**
 * Serves recorded exchanges, those of every format in the tests unless given, on any path; the request's `x-replay`
 * header chooses one.
 */
export function startReplayUpstream(
  served: readonly RecordedExchange[] = recordingsOfTests(),
): ReplayUpstream {
  const recordings = new Map(served.map((recording) => [recording.id, recording]));
  const seen = new Map<string, Exchange[]>();
  const server = startRawServer(async (exchange) => {
    await exchange.body;
    const [id, mutation] = readReplayHeader(exchange.header(REPLAY_HEADER)[0] ?? "");
    seen.set(id, [...(seen.get(id) ?? []), exchange]);
    const recording = recordings.get(id);
    if (recording) await replay(exchange, recording, mutation);
    else await exchange.write("HTTP/1.1 404 No Such Recording\r\ncontent-length: 0\r\n\r\n");
  });
  return { ...server, received: (id) => seen.get(id) ?? [] };
}
