/**
 * Looks for members in the bytes of a JSON text without reading it. Within a string each quote has a backslash before it, so
 * that a quoted word followed at once by a quote is a key or a value of the text itself.
 */

/** Of a name that stands in a body again and again, no more places than this are looked at. */
export const MOST_PLACES = 256;

export const QUOTE = 0x22;
export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** A quoted word, as bytes, which are searched several times as fast as text. */
export function needle(word: string): Buffer {
  return Buffer.from(`"${word}"`);
}

/** Whether the text has this value for this key somewhere: `"type": "image"`. */
export function hasPair(json: Buffer, key: Buffer, value: Buffer): boolean {
  let at = json.indexOf(value);
  for (let places = 0; at >= 0 && places < MOST_PLACES; places++) {
    if (followsKey(json, at, key)) return true;
    at = json.indexOf(value, at + value.length);
  }
  return false;
}

/** Where the value of a key begins, of the first place for which `wanted` is true; -1 where there is none. */
export function findValue(json: Buffer, key: Buffer, wanted: (first: number, at: number) => boolean): number {
  let at = json.indexOf(key);
  for (let places = 0; at >= 0 && places < MOST_PLACES; places++) {
    const after = at + key.length;
    const colon = pastSpace(json, after);
    if (json[colon] === COLON && json[at - 1] !== BACKSLASH) {
      const start = pastSpace(json, colon + 1);
      if (wanted(json[start] ?? 0, start)) return start;
    }
    at = json.indexOf(key, after);
  }
  return -1;
}

/** Whether one of the keys has a value that is wanted. */
export function hasKey(
  json: Buffer,
  keys: readonly Buffer[],
  wanted: (first: number, at: number) => boolean,
): boolean {
  for (const key of keys) if (findValue(json, key, wanted) >= 0) return true;
  return false;
}

export function pastSpace(json: Buffer, from: number): number {
  let at = from;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at++;
  return at;
}

function followsKey(json: Buffer, at: number, key: Buffer): boolean {
  const colon = beforeSpace(json, at - 1);
  if (json[colon] !== COLON) return false;
  const end = beforeSpace(json, colon - 1) + 1;
  const start = end - key.length;
  return start >= 0 && key.compare(json, start, end) === 0;
}

function beforeSpace(json: Buffer, from: number): number {
  let at = from;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at--;
  return at;
}
