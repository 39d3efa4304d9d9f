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
