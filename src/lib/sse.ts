/** Server-sent events on the byte level (WHATWG HTML, section 9.2). Lines end in LF or CRLF. */

const LF = 10;
const CR = 13;

/** Offset after the first blank line that ends at or after `from`, that is after a whole event; -1 when there is none. */
export function firstEventEnd(bytes: Uint8Array, from = 0): number {
  for (let i = bytes.indexOf(LF, from); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    if (endsEvent(bytes, i, -1, -1)) return i + 1;
  }
  return -1;
}

/**
 * Offset in `chunk` after the last blank line, -1 when none ends in it. `before` and `beforeThat` are the last two bytes
 * that came before the chunk, so that a blank line cut in two is seen; -1 for none.
 */
export function lastEventEnd(chunk: Uint8Array, before: number, beforeThat: number): number {
  for (let i = chunk.lastIndexOf(LF); i >= 0; i = i === 0 ? -1 : chunk.lastIndexOf(LF, i - 1)) {
    if (endsEvent(chunk, i, before, beforeThat)) return i + 1;
  }
  return -1;
}

/** Whether the line feed at `i` ends an empty line: LF LF, or LF CR LF. */
function endsEvent(bytes: Uint8Array, i: number, before: number, beforeThat: number): boolean {
  const previous = i >= 1 ? bytes[i - 1]! : before;
  if (previous === LF) return true;
  if (previous !== CR) return false;
  return (i >= 2 ? bytes[i - 2]! : i === 1 ? before : beforeThat) === LF;
}

export interface SseEvent {
  readonly event: string | null;
  /** The data lines, joined with line feeds; empty for a comment. */
  readonly data: string;
}

/** Reads one event's text, with or without the blank line that ends it. */
export function parseEvent(text: string): SseEvent {
  let event: string | null = null;
  const data: string[] = [];
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
    else if (line.startsWith("event:")) event = line.slice(line[6] === " " ? 7 : 6);
  }
  return { event, data: data.join("\n") };
}

/** An event longer than this is no event of any API: it would fill the memory. */
const MAX_EVENT = 64 * 1024 * 1024;

/**
 * Cuts a body into its events, however it comes in pieces: lines end in LF, CR LF or CR, a byte order mark is passed
 * over, comments and fields other than `event` and `data` are left out, and an event without data is none.
 */
export class SseSplitter {
  readonly #decoder = new TextDecoder();
  /** Text of a line that has not ended. */
  #line = "";
  #event: string | null = null;
  #data: string | null = null;
  /** Whether the last piece ended in CR, whose LF may come first in the next. */
  #endedInCr = false;

  /** Hands each event that `chunk` completes to `give`. Throws RangeError when an event is too long. */
  push(chunk: Uint8Array, give: (event: SseEvent) => void): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }), give);
  }

  /** The body has ended: an event whose blank line is missing is told all the same. */
  end(give: (event: SseEvent) => void): void {
    this.#take(`${this.#decoder.decode()}\n\n`, give);
  }

  #take(text: string, give: (event: SseEvent) => void): void {
    let from = this.#endedInCr && text.startsWith("\n") ? 1 : 0;
    if (text !== "") this.#endedInCr = false;
    const hasCr = text.includes("\r");
    while (from < text.length) {
      const lf = text.indexOf("\n", from);
      const cr = hasCr ? text.indexOf("\r", from) : -1;
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      if (end < 0) break;
      const line = this.#line === "" ? text.slice(from, end) : this.#line + text.slice(from, end);
      this.#line = "";
      this.#takeLine(line, give);
      from = end + 1;
      if (end !== cr) continue;
      if (from === text.length) this.#endedInCr = true;
      else if (text[from] === "\n") from++;
    }
    if (from < text.length) this.#line += from === 0 ? text : text.slice(from);
    if (this.#line.length > MAX_EVENT) throw new RangeError("an event without an end");
  }

  #takeLine(line: string, give: (event: SseEvent) => void): void {
    if (line === "") {
      const data = this.#data;
      const event = this.#event;
      this.#data = null;
      this.#event = null;
      if (data !== null && data !== "") give({ event, data });
    } else if (line.startsWith("data:")) {
      const data = line.slice(line[5] === " " ? 6 : 5);
      this.#data = this.#data === null ? data : `${this.#data}\n${data}`;
      if (this.#data.length > MAX_EVENT) throw new RangeError("an event without an end");
    } else if (line.startsWith("event:")) {
      this.#event = line.slice(line[6] === " " ? 7 : 6);
    }
  }
}
