import { skipValue } from "../lib/json-scan.ts";

/** Bytes at the beginning and at the end of a long string that are decoded: more than is kept, whatever the language. */
const END = 16_384;
/** Where a string can be cut is looked for in so many bytes. */
const SEARCHED = 4_096;
/** A character as two escapes, `\ud83d\ude00`, is the longest that is not to be cut in two. */
const LONGEST_ESCAPE = 12;
const BACKSLASH = 0x5c;

/**
 * The JSON string that begins at `at` and ends before `after`; of one of more than some 40 KB the beginning and the end, so that the time is
 * bounded.
 *
 * @throws SyntaxError or JsonSyntaxError where it is not JSON.
 */
export function endsOfString(json: Buffer, at: number, after = skipValue(json, at)): string {
  const [start, end] = [at + 1, after - 1];
  if (end - start <= 2 * END + 2 * SEARCHED) return decoded(json, start, end);
  const head = cutPoint(json, start + END);
  const tail = cutPoint(json, end - END - SEARCHED);
  if (head === null || tail === null) return decoded(json, start, end);
  return `${decoded(json, start, head)}\n${decoded(json, tail, end)}`;
}

/** What stands between quotes. */
function decoded(json: Buffer, start: number, end: number): string {
  const text = json.toString("utf8", start, end);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

/** The first place from `from` on that is within no escape and no character; null where all of what is searched may be. */
function cutPoint(json: Buffer, from: number): number | null {
  let clear = 0;
  for (let at = from; at < from + SEARCHED; at++) {
    if (clear >= LONGEST_ESCAPE && json[at]! < 0x80) return at;
    clear = json[at] === BACKSLASH ? 0 : clear + 1;
  }
  return null;
}
