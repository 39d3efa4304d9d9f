/** Tried in order for each character of a class, so that samples read well. */
const CANDIDATES = "a1A0-_. /:@+#bBzZ9";

const LONGEST = 1000;

/** Thrown while reading a pattern that uses more than {@link samplePattern} knows. */
class BeyondUs extends Error {}

/**
 * A short text that matches a regular expression of the usual kind (literals, classes, groups, quantifiers,
 * alternatives), or undefined when the pattern is invalid, needs more than that, or more than 1,000 characters.
 * The text is built, never matched: a pattern comes from a client and could take for ever to run.
 */
export function samplePattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern, "u");
    return alternative({ pattern, at: 0 });
  } catch (error) {
    const known = [SyntaxError, RangeError, BeyondUs].some((kind) => error instanceof kind);
    if (known) return undefined;
    throw error;
  }
}

interface Cursor {
  readonly pattern: string;
  at: number;
}

/** Reads a whole alternation up to `)` or the end; the text is the first alternative's. */
function alternative(cursor: Cursor): string {
  const first = sequence(cursor);
  while (cursor.pattern[cursor.at] === "|") {
    cursor.at++;
    sequence(cursor);
  }
  return first;
}

function sequence(cursor: Cursor): string {
  let text = "";
  while (cursor.at < cursor.pattern.length && !"|)".includes(cursor.pattern[cursor.at]!)) {
    const one = atom(cursor);
    const times = repetitions(cursor);
    if (text.length + one.length * times > LONGEST) throw new BeyondUs();
    text += one.repeat(times);
  }
  return text;
}

function atom(cursor: Cursor): string {
  const character = cursor.pattern[cursor.at]!;
  if (character === "[") return characterClass(cursor);
  if (character === "(") return group(cursor);
  if (character === "\\") return escaped(cursor);
  cursor.at++;
  if (character === "^" || character === "$") return "";
  return character === "." ? "a" : character;
}

function group(cursor: Cursor): string {
  const prefix = /^\((?:\?(?::|<?[=!]|<[^>]*>))?/.exec(cursor.pattern.slice(cursor.at))![0];
  if (prefix.endsWith("=") || prefix.endsWith("!")) throw new BeyondUs();
  cursor.at += prefix.length;
  const text = alternative(cursor);
  cursor.at++;
  return text;
}

function characterClass(cursor: Cursor): string {
  let end = cursor.at + 1;
  while (end < cursor.pattern.length && (cursor.pattern[end] !== "]" || end === cursor.at + 1)) {
    end += cursor.pattern[end] === "\\" ? 2 : 1;
  }
  const source = cursor.pattern.slice(cursor.at, end + 1);
  cursor.at = end + 1;
  return member(source, [...source.replace(/[[\]^\\]/g, "")]);
}

function escaped(cursor: Cursor): string {
  const rest = cursor.pattern.slice(cursor.at);
  const source = /^\\([pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/u.exec(rest)?.[0] ?? rest;
  cursor.at += source.length;
  if (/^\\[bB]$/.test(source)) return "";
  if (/^\\[1-9k]/.test(source)) throw new BeyondUs();
  return member(source, [...source.slice(1)]);
}

/** A character that matches the class or escape alone. */
function member(source: string, own: readonly string[]): string {
  const matcher = new RegExp(`^${source}$`, "u");
  const found = [...own.slice(0, 1), ...CANDIDATES, ...own].find((character) => matcher.test(character));
  if (found === undefined) throw new BeyondUs();
  return found;
}

function repetitions(cursor: Cursor): number {
  const found = /^(?:\{(\d+)(?:,\d*)?\}|[*+?])\??/.exec(cursor.pattern.slice(cursor.at));
  if (!found) return 1;
  cursor.at += found[0].length;
  if (found[1] !== undefined) return Number(found[1]);
  return found[0].startsWith("+") ? 1 : 0;
}
