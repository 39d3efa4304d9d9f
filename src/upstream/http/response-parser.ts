import { HeaderList } from "./headers.ts";

/** The upstream sent something that is not an HTTP/1.1 response. The message says what, for the operator. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export interface ParserEvents {
  head(status: number, headers: HeaderList): void;
  data(chunk: Uint8Array): void;
  /** The response is whole. */
  end(): void;
}

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;
const MAX_CHUNK_LINE_BYTES = 1024;
const HEAD_END = Buffer.from("\r\n\r\n");
const LF = 10;
const CR = 13;

enum State {
  Head,
  Length,
  UntilClose,
  ChunkSize,
  ChunkData,
  ChunkEnd,
  Trailer,
  Done,
}

/**
 * Reads one HTTP/1.1 response from pieces of any size (RFC 9112). Strict where leniency lets a response be read in two
 * ways: conflicting lengths, unknown transfer codings, malformed chunk sizes. Interim 1xx responses are passed over.
 */
export class ResponseParser {
  readonly #events: ParserEvents;
  readonly #hasNoBody: boolean;
  #state = State.Head;
  #head: Buffer | null = null;
  #remaining = 0;
  #lineBytes = 0;
  #sizeDigits = 0;
  #inExtension = false;
  /** The last byte of a chunk's line was a carriage return: only a line feed may follow. */
  #afterCr = false;
  #lineIsEmpty = true;
  #persistent = true;

  /** `method` is the request's: the answer to HEAD has no body whatever its headers say. */
  constructor(method: string, events: ParserEvents) {
    this.#events = events;
    this.#hasNoBody = method === "HEAD";
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  get headReceived(): boolean {
    return this.#state !== State.Head;
  }

  /** Whether any byte of the response has come. */
  get started(): boolean {
    return this.#state !== State.Head || this.#head !== null;
  }

  /** Whether the connection may carry another request once this response is done. */
  get persistent(): boolean {
    return this.#persistent;
  }

  /** Takes the next bytes. Throws ProtocolError. */
  feed(bytes: Buffer): void {
    const body = this.#state === State.Head ? this.#feedHead(bytes) : bytes;
    if (body !== null && body.length > 0) this.#feedBody(body);
  }

  /** The connection was closed by the peer in good order. True when the response is whole by that. */
  close(): boolean {
    if (this.#state === State.UntilClose) this.#finish(false);
    return this.#state === State.Done;
  }

  /** Returns the bytes after the head, or null while the head is incomplete. */
  #feedHead(bytes: Buffer): Buffer | null {
    let buffer = this.#head === null ? bytes : Buffer.concat([this.#head, bytes]);
    this.#head = null;
    for (;;) {
      const end = buffer.indexOf(HEAD_END);
      if (end < 0) {
        if (buffer.length > MAX_HEAD_BYTES) throw new ProtocolError("response head larger than 64 KB");
        if (buffer.length >= 5 && buffer.toString("latin1", 0, 5) !== "HTTP/")
          throw new ProtocolError("no HTTP status line");
        this.#head = buffer;
        return null;
      }
      if (end > MAX_HEAD_BYTES) throw new ProtocolError("response head larger than 64 KB");
      const head = buffer.toString("latin1", 0, end);
      buffer = buffer.subarray(end + HEAD_END.length);
      const interim = this.#readHead(head, buffer.length > 0);
      if (!interim) return buffer;
      if (buffer.length === 0) return null;
    }
  }

  /** Reads status line and fields; true when it was an interim response that another head follows. */
  #readHead(text: string, moreFollows: boolean): boolean {
    const lineEnd = text.indexOf("\r\n");
    const statusLine = lineEnd < 0 ? text : text.slice(0, lineEnd);
    const version = statusLine.slice(0, 9);
    if (version !== "HTTP/1.1 " && version !== "HTTP/1.0 ")
      throw new ProtocolError("no HTTP/1.1 status line");
    const digits = statusLine.slice(9, 12);
    const status = digits.length === 3 && isDigits(digits) ? Number(digits) : 0;
    if (status < 100 || status > 599 || (statusLine.length > 12 && statusLine[12] !== " "))
      throw new ProtocolError("status line without a valid status");
    const headers = lineEnd < 0 ? new HeaderList() : readFields(text, lineEnd + 2);
    if (status === 101) throw new ProtocolError("switched protocols unasked");
    if (status < 200) return true;
    this.#frame(status, headers, version === "HTTP/1.0 ");
    this.#events.head(status, headers);
    if (this.#state === State.Length && this.#remaining === 0) this.#finish(moreFollows);
    return false;
  }

  /** Decides how the body is delimited (RFC 9112 section 6.3) and tells the head. */
  #frame(status: number, headers: HeaderList, isHttp10: boolean): void {
    const connection = headers.get("connection")?.toLowerCase() ?? "";
    this.#persistent = isHttp10 ? connection.includes("keep-alive") : !connection.includes("close");
    const coding = headers.get("transfer-encoding");
    const length = headers.get("content-length");
    if (this.#hasNoBody || status === 204 || status === 304) {
      this.#state = State.Length;
    } else if (coding !== null) {
      if (coding.toLowerCase() !== "chunked") throw new ProtocolError("unknown transfer coding");
      // Another parser could find another end: by the length, or by HTTP/1.0, which knows no chunks. The connection is
      // not used again (RFC 9112, 6.1).
      if (length !== null || isHttp10) this.#persistent = false;
      this.#state = State.ChunkSize;
    } else if (length !== null) {
      this.#remaining = readLength(length);
      this.#state = State.Length;
    } else {
      this.#persistent = false;
      this.#state = State.UntilClose;
    }
  }

  #feedBody(bytes: Buffer): void {
    switch (this.#state) {
      case State.UntilClose:
        this.#events.data(bytes);
        return;
      case State.Length: {
        const take = Math.min(this.#remaining, bytes.length);
        this.#remaining -= take;
        this.#events.data(take === bytes.length ? bytes : bytes.subarray(0, take));
        if (this.#remaining === 0) this.#finish(take < bytes.length);
        return;
      }
      case State.Done:
        return;
      default:
        this.#feedChunked(bytes);
    }
  }

  #feedChunked(bytes: Buffer): void {
    let i = 0;
    while (i < bytes.length) {
      switch (this.#state) {
        case State.ChunkSize:
          i = this.#readChunkSize(bytes, i);
          break;
        case State.ChunkData: {
          const take = Math.min(this.#remaining, bytes.length - i);
          this.#remaining -= take;
          this.#events.data(bytes.subarray(i, i + take));
          i += take;
          if (this.#remaining === 0) this.#state = State.ChunkEnd;
          break;
        }
        case State.ChunkEnd: {
          const byte = bytes[i++]!;
          if (byte === LF) this.#beginChunkLine(State.ChunkSize);
          else if (byte !== CR || this.#afterCr) throw new ProtocolError("chunk longer than its size");
          this.#afterCr = byte === CR;
          break;
        }
        case State.Trailer:
          i = this.#readTrailer(bytes, i);
          break;
        default:
          return;
      }
    }
  }

  #beginChunkLine(state: State.ChunkSize | State.Trailer): void {
    this.#state = state;
    this.#remaining = 0;
    this.#lineBytes = 0;
    this.#sizeDigits = 0;
    this.#inExtension = false;
    this.#lineIsEmpty = true;
  }

  #readChunkSize(bytes: Buffer, start: number): number {
    let i = start;
    while (i < bytes.length) {
      const byte = bytes[i++]!;
      if (byte === LF) {
        if (this.#sizeDigits === 0) throw new ProtocolError("chunk without a size");
        this.#afterCr = false;
        if (this.#remaining === 0) this.#beginChunkLine(State.Trailer);
        else this.#state = State.ChunkData;
        return i;
      }
      if (++this.#lineBytes > MAX_CHUNK_LINE_BYTES) throw new ProtocolError("chunk size line too long");
      if (this.#afterCr) throw new ProtocolError("carriage return within a chunk size line");
      this.#afterCr = byte === CR;
      if (byte === CR || this.#inExtension) continue;
      const digit = hexDigit(byte);
      if (digit >= 0) {
        if (++this.#sizeDigits > 12) throw new ProtocolError("chunk size too large");
        this.#remaining = this.#remaining * 16 + digit;
      } else if (byte === 0x3b /* ; */ || byte === 0x20 || byte === 0x09) {
        this.#inExtension = true;
      } else {
        throw new ProtocolError("chunk size is not hexadecimal");
      }
    }
    return i;
  }

  /** Trailer fields are passed over: nothing that the gateway forwards is announced there. */
  #readTrailer(bytes: Buffer, start: number): number {
    let i = start;
    while (i < bytes.length) {
      const byte = bytes[i++]!;
      if (byte === LF) {
        if (this.#lineIsEmpty) {
          this.#finish(i < bytes.length);
          return i;
        }
        this.#lineIsEmpty = true;
      } else if (byte !== CR) {
        this.#lineIsEmpty = false;
      }
      if (++this.#lineBytes > MAX_TRAILER_BYTES) throw new ProtocolError("trailer larger than 16 KB");
    }
    return i;
  }

  /** Bytes beyond the end belong to no request of ours: the response stands, the connection is not used again. */
  #finish(moreFollows: boolean): void {
    if (moreFollows) this.#persistent = false;
    this.#state = State.Done;
    this.#events.end();
  }
}

/**
 * Control characters but the tab (RFC 9110, 5.5): parsers of clients refuse the whole answer for one. CR and LF are left to
 * the lines' ends. One test over the whole head costs next to nothing; the class that lists what is allowed costs more.
 */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function readFields(text: string, start: number): HeaderList {
  const headers = new HeaderList();
  if (CONTROL.test(text)) throw new ProtocolError("control character in a header value");
  // Lowered as a whole: each name by itself would be one more string for every field.
  const lower = text.toLowerCase();
  let from = start;
  while (from < text.length) {
    const to = lineEnd(text, from);
    const colon = text.indexOf(":", from);
    // A name is followed by its colon at once; white space before it, or a folded line, is how smuggling begins.
    if (colon <= from || colon >= to || !isToken(text, from, colon))
      throw new ProtocolError("malformed header line");
    headers.add(lower.slice(from, colon), trimSpace(text, colon + 1, to));
    from = to + 2;
  }
  return headers;
}

/** Where the line ends that begins at `from`: at CR LF, or with the text. Either of the two alone is an error. */
function lineEnd(text: string, from: number): number {
  const cr = text.indexOf("\r", from);
  const lf = text.indexOf("\n", from);
  if (cr < 0 ? lf >= 0 : lf !== cr + 1) throw new ProtocolError("control character in a header value");
  return cr < 0 ? text.length : cr;
}

/** Whether [from, to) is made of the characters that a header's name may have (RFC 9110, 5.6.2). */
function isToken(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return true;
}

const TOKEN = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  TOKEN[character.charCodeAt(0)] = 1;

/** Spaces and tabs alone: `trim` would also take the byte 0xA0, with which letters such as "à" end in UTF-8. */
function trimSpace(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** A repeated content-length is one length when all of them agree. */
function readLength(text: string): number {
  if (text.length <= 15 && isDigits(text)) return text === "" ? invalidLength() : Number(text);
  const [first, ...others] = text.split(",").map((part) => trimSpace(part, 0, part.length));
  if (!first || first.length > 15 || !isDigits(first) || others.some((other) => other !== first)) {
    return invalidLength();
  }
  return Number(first);
}

function invalidLength(): never {
  throw new ProtocolError("invalid content-length");
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
