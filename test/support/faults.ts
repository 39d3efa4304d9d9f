import { brotliCompressSync, constants, deflateSync } from "node:zlib";
import { bytesOf, chunk, LAST_CHUNK } from "./http-text.ts";
import type { Behaviour, Exchange } from "./raw-server.ts";

/** What an upstream may do to a gateway, well or badly. Each returns a behaviour for the fault upstream. */

type Headers = Record<string, string | string[]>;
type Body = string | Uint8Array;
/** A part of a stream, or something to wait for before the next part. */
type Piece = Body | Promise<void> | (() => Promise<void>);
/** How a stream ends: in order, by closing without the last chunk, by a reset, or not at all. */
type Finish = "end" | "close" | "reset" | "hang";

function head(status: number | string, headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}\r\n`),
  );
  return `HTTP/1.1 ${typeof status === "number" ? `${status} Some Reason` : status}\r\n${lines.join("")}\r\n`;
}

/** A well-formed answer with a length. */
export function answer(status: number, headers: Headers, body: Body): Behaviour {
  return async (exchange) => {
    await exchange.body;
    await exchange.write(head(status, { "content-length": String(bytesOf(body).length), ...headers }));
    await exchange.write(body);
  };
}

export function json(value: unknown, status = 200, headers: Headers = {}): Behaviour {
  return answer(status, { "content-type": "application/json", ...headers }, JSON.stringify(value));
}

/** An answer that may not have a body: 204, 304. */
export function bodiless(status: number, headers: Headers = {}): Behaviour {
  return async (exchange) => {
    await exchange.body;
    await exchange.write(head(status, headers));
  };
}

/** Takes the request and says nothing. */
export function hang(): Behaviour {
  return async (exchange) => {
    await exchange.left;
  };
}

/** Breaks the connection where the status line was due: by a reset, or by closing in order. */
export function dropBeforeHead(how: "reset" | "close"): Behaviour {
  return async (exchange) => {
    await exchange.body;
    if (how === "reset") exchange.reset();
    else exchange.end();
  };
}

/** Any bytes, then the end, nothing more, or half a close. */
export function raw(
  bytes: Body,
  then: "end" | "hang" | "half-close" | "reset" | "keep-alive" = "end",
): Behaviour {
  return async (exchange) => {
    await exchange.body;
    await exchange.write(bytes);
    if (then === "end") exchange.end();
    if (then === "reset") exchange.reset();
    if (then === "half-close") exchange.halfClose();
    if (then === "hang" || then === "half-close") await exchange.left;
  };
}

/** A whole answer of which one byte comes every `everyMs` milliseconds, its head included. */
export function drip(
  body: string,
  everyMs: number,
  headers: Headers = { "content-type": "application/json" },
): Behaviour {
  return async (exchange) => {
    await exchange.body;
    for (const byte of bytesOf(
      head(200, { "content-length": String(bytesOf(body).length), ...headers }) + body,
    )) {
      await exchange.write(Uint8Array.of(byte));
      await Bun.sleep(everyMs);
    }
  };
}

/** An answer that declares `declared` bytes and sends `body`, then closes. */
export function wrongLength(declared: number, body: string): Behaviour {
  return raw(head(200, { "content-type": "application/json", "content-length": String(declared) }) + body);
}

export function badChunkSize(): Behaviour {
  const start = head(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
  return raw(`${start}5\r\n{"a":\r\nZZ\r\n1}\r\n${LAST_CHUNK}`);
}

/** A body whose only end is that of the connection. */
export function unframed(body: string): Behaviour {
  return raw(head(200, { "content-type": "application/json", connection: "close" }) + body);
}

/** 100, 102 and 103 before the answer. */
export function interim(then: Behaviour): Behaviour {
  return async (exchange) => {
    await exchange.body;
    await exchange.write(head("100 Continue", {}));
    await exchange.write(head("102 Processing", {}));
    await exchange.write(head("103 Early Hints", { link: "</style.css>; rel=preload" }));
    await then(exchange);
  };
}

export function redirect(status: 301 | 302 | 303 | 307 | 308, location: string): Behaviour {
  return answer(status, { location }, "");
}

/** A chunked body in pieces, each sent at once. */
export function stream(
  pieces: readonly Piece[],
  options: { headers?: Headers; status?: number; finish?: Finish } = {},
): Behaviour {
  return async (exchange) => {
    await exchange.body;
    const headers = {
      "content-type": "text/event-stream",
      "transfer-encoding": "chunked",
      ...options.headers,
    };
    await exchange.write(head(options.status ?? 200, headers));
    for (const piece of pieces) {
      if (typeof piece === "function") await piece();
      else if (piece instanceof Promise) await piece;
      else await exchange.write(chunk(piece));
    }
    await finish(exchange, options.finish ?? "end");
  };
}

async function finish(exchange: Exchange, how: Finish): Promise<void> {
  if (how === "end") await exchange.write(LAST_CHUNK);
  if (how === "close") exchange.end();
  if (how === "reset") exchange.reset();
  if (how === "hang") await exchange.left;
}

/** A body of `size` bytes with its length, as fast as the peer takes it. */
export function large(size: number, contentType = "application/octet-stream"): Behaviour {
  const block = Buffer.alloc(65_536, "x");
  return async (exchange) => {
    await exchange.body;
    await exchange.write(head(200, { "content-type": contentType, "content-length": String(size) }));
    for (let sent = 0; sent < size; sent += block.length)
      await exchange.write(block.subarray(0, Math.min(block.length, size - sent)));
  };
}

/** Goes on for as long as the peer stays; `piece` is repeated. */
export function endless(piece: Body, contentType: string): Behaviour {
  const block = chunk(Buffer.concat(Array.from({ length: 64 }, () => bytesOf(piece))));
  return async (exchange) => {
    await exchange.body;
    await exchange.write(head(200, { "content-type": contentType, "transfer-encoding": "chunked" }));
    for (;;) await exchange.write(block);
  };
}

/** The first `times` requests get `first`, later ones `then`. */
export function flaky(times: number, first: Behaviour, then: Behaviour): Behaviour {
  let seen = 0;
  return (exchange) => (seen++ < times ? first(exchange) : then(exchange));
}

export type Encoding = "gzip" | "br" | "zstd" | "deflate";

export function compress(encoding: Encoding, body: Body): Uint8Array {
  const bytes = Buffer.from(bytesOf(body));
  if (encoding === "gzip") return Bun.gzipSync(bytes);
  if (encoding === "br")
    return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  if (encoding === "zstd") return Bun.zstdCompressSync(bytes);
  return deflateSync(bytes);
}

/** A whole answer in a content encoding. */
export function compressed(encoding: Encoding, contentType: string, body: Body): Behaviour {
  return answer(200, { "content-type": contentType, "content-encoding": encoding }, compress(encoding, body));
}

/** `values` as the events of a Chat-style stream. */
export function sseEvents(...values: unknown[]): string[] {
  return values.map((value) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
}
