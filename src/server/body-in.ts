import { GatewayError } from "../exchange/errors.ts";
import type { Deadline, Deadlines } from "../lib/deadlines.ts";
import { codingsOf, decompress, EncodingError, TooLargeError } from "../lib/decompress.ts";
import type { HeaderFields } from "../lib/header-fields.ts";

export interface BodyLimits {
  /** Bytes, before and after decompression. */
  readonly maxBytes: number;
  /** Milliseconds of silence in mid-body. */
  readonly timeout: number;
  /** `performance.now()` moment at which the whole body is to be there. */
  readonly totalAt: number;
  readonly deadlines: Deadlines;
}

/** Bodies up to this are read in one piece, which is quicker; the timeout then bounds the whole of it. */
const ONE_PIECE = 256 * 1024;

/** Whether the request announces a body. */
export function hasBody(headers: HeaderFields): boolean {
  const length = headers["content-length"];
  if (length !== undefined) return length !== "0";
  return headers["transfer-encoding"] !== undefined;
}

/**
 * The whole body, decompressed; empty when there is none. Rejects with body_too_large, body_timeout,
 * unsupported_encoding, malformed_body or client_closed.
 */
export function readBody(request: Request, headers: HeaderFields, limits: BodyLimits): Promise<Buffer> {
  const length = Number(headers["content-length"] ?? Number.NaN);
  if (length > limits.maxBytes) return Promise.reject(tooLarge(limits.maxBytes));
  const raw = length <= ONE_PIECE ? inOnePiece(request, length, limits) : inPieces(request, limits);
  const encoding = headers["content-encoding"];
  return encoding === undefined ? raw : raw.then((bytes) => unpack(bytes, encoding, limits.maxBytes));
}

/**
 * The body as a stream that keeps to the limits, for calls that pass it on unread. Reading it fails with body_too_large,
 * body_timeout or client_closed; a stated length that is too large is refused at once.
 */
export function streamBody(
  body: ReadableStream<Uint8Array>,
  headers: HeaderFields,
  limits: BodyLimits,
): ReadableStream<Uint8Array> {
  if (Number(headers["content-length"]) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const reader = body.getReader();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await withDeadline(reader.read(), limits, (piece) => piece);
        if (done) return controller.close();
        size += value.length;
        if (size > limits.maxBytes) throw tooLarge(limits.maxBytes);
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function inOnePiece(request: Request, length: number, limits: BodyLimits): Promise<Buffer> {
  return withDeadline(request.arrayBuffer(), limits, (body) => {
    if (body.byteLength !== length) throw closed();
    return Buffer.from(body);
  });
}

async function inPieces(request: Request, limits: BodyLimits): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await withDeadline(reader.read(), limits, (piece) => piece);
    if (done) return Buffer.concat(chunks, size);
    chunks.push(value);
    size += value.length;
    if (size > limits.maxBytes) {
      await reader.cancel();
      throw tooLarge(limits.maxBytes);
    }
  }
}

async function unpack(raw: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  try {
    const plain = await decompress(raw, codingsOf(encoding), maxBytes);
    return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
  } catch (error) {
    if (error instanceof TooLargeError) throw tooLarge(maxBytes);
    if (!(error instanceof EncodingError)) throw error;
    const isUnknown = error.message.startsWith("unknown") || error.message.startsWith("more");
    throw new GatewayError(
      isUnknown ? "unsupported_encoding" : "malformed_body",
      `The request body could not be decompressed: ${error.message}. Accepted: gzip, br, zstd, deflate.`,
    );
  }
}

/** What `take` makes of the work's result. The client's body may never come: waiting for it ends at the timeout. */
function withDeadline<T, R>(work: Promise<T>, limits: BodyLimits, take: (value: T) => R): Promise<R> {
  return new Promise((resolve, reject) => {
    const deadline: Deadline = {
      at: Math.min(limits.totalAt, performance.now() + limits.timeout),
      expire: () => reject(bodyTimeout(limits.timeout)),
    };
    limits.deadlines.add(deadline);
    const taken = (value: T) => {
      limits.deadlines.remove(deadline);
      try {
        resolve(take(value));
      } catch (error) {
        reject(error);
      }
    };
    const failed = (cause: unknown) => {
      limits.deadlines.remove(deadline);
      reject(closed(cause));
    };
    work.then(taken, failed);
  });
}

function bodyTimeout(timeout: number): GatewayError {
  return new GatewayError(
    "body_timeout",
    `The request body was not received: nothing came for ${timeout / 1000} s.`,
    { headers: { connection: "close" } },
  );
}

function closed(cause?: unknown): GatewayError {
  return new GatewayError(
    "client_closed",
    "The client closed the connection before its request was complete.",
    { cause },
  );
}

function tooLarge(maxBytes: number): GatewayError {
  const megabytes = Math.round((maxBytes / (1024 * 1024)) * 100) / 100;
  return new GatewayError(
    "body_too_large",
    `The request body is larger than ${megabytes} MB (server.max_body_mb).`,
    {
      headers: { connection: "close" },
    },
  );
}
