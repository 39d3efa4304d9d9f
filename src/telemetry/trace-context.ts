/** Where a request stands in a distributed trace. Ids are lower-case hex: 32 digits for the trace, 16 for a span. */
export interface TraceContext {
  readonly traceId: string;
  /** This gateway's own span, new for every request. */
  readonly spanId: string;
  /** The caller's span; null when the trace begins here. */
  readonly parentSpanId: string | null;
  /** The flags byte, 0-255; bit 0 says that the caller may have recorded the trace. */
  readonly flags: number;
}

const SAMPLED = 0x01;
/** The flags that the specification defines (sampled, random trace id); a forwarder clears every other bit. */
const KNOWN_FLAGS = 0x03;
const LENGTH = 55;
const DASH = 0x2d;

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Random hex digits from a pool, since asking for them request by request costs twice as much. */
function randomHex(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const digits = pool.toString("hex", used, used + bytes);
  used += bytes;
  return digits;
}

/** The id of a new span: 16 hex digits. */
export function newSpanId(): string {
  return randomHex(8);
}

/**
 * The context of a request that came with this `traceparent` header, or the root of a new trace when there is none
 * or it is invalid. The rules are W3C Trace Context's: lower-case hex only, version `ff` and all-zero ids are
 * invalid, version `00` has exactly four fields, a later version is read by its first four.
 */
export function continueTrace(header: string | null): TraceContext {
  if (header !== null && isTraceparent(header)) {
    return {
      traceId: header.slice(3, 35),
      spanId: randomHex(8),
      parentSpanId: header.slice(36, 52),
      flags: Number.parseInt(header.slice(53, 55), 16),
    };
  }
  return { traceId: randomHex(16), spanId: randomHex(8), parentSpanId: null, flags: SAMPLED };
}

function isTraceparent(header: string): boolean {
  if (header.length < LENGTH) return false;
  if (header.charCodeAt(2) !== DASH || header.charCodeAt(35) !== DASH || header.charCodeAt(52) !== DASH)
    return false;
  if (!isHex(header, 0, 2) || !isHex(header, 53, 55)) return false;
  if (!isId(header, 3, 35) || !isId(header, 36, 52)) return false;
  if (header.startsWith("00")) return header.length === LENGTH;
  if (header.startsWith("ff")) return false;
  return header.length === LENGTH || header.charCodeAt(LENGTH) === DASH;
}

function isHex(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}

function isId(text: string, from: number, to: number): boolean {
  if (!isHex(text, from, to)) return false;
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== 0x30) return true;
  return false;
}

/** The `traceparent` header for a call made on behalf of `context`: this gateway's span becomes the parent. */
export function formatTraceparent(context: Pick<TraceContext, "traceId" | "spanId" | "flags">): string {
  const flags = context.flags & KNOWN_FLAGS;
  return `00-${context.traceId}-${context.spanId}-0${flags}`;
}

/**
 * The request's id: the client's `x-request-id` when it is 1 to 128 visible ASCII characters, otherwise a new UUID
 * (version 7, so that ids sort by time). Anything else could break a header or a log line.
 */
export function requestId(header: string | null): string {
  return header !== null && isVisible(header) ? header : Bun.randomUUIDv7();
}

function isVisible(text: string): boolean {
  if (text.length < 1 || text.length > 128) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
