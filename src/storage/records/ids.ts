const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_DIGITS = 10;
/** Beyond the last moment that a ULID can tell. */
const END_OF_TIME = 2 ** 48;

/** Text below which ids of records that began before `time` (Unix milliseconds) sort, and not below it all others. */
export function leastIdAt(time: number): string {
  // Above every digit of an id.
  if (time >= END_OF_TIME) return "~";
  let rest = time > 0 ? Math.ceil(time) : 0;
  let text = "";
  for (let at = 0; at < TIME_DIGITS; at++) {
    text = DIGITS[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** The moment that is in an id, in Unix milliseconds; null where it is no ULID. */
export function timeOfId(id: string): number | null {
  let time = 0;
  for (let at = 0; at < TIME_DIGITS; at++) {
    const digit = DIGITS.indexOf(id.charAt(at) || "?");
    if (digit < 0) return null;
    time = time * 32 + digit;
  }
  return time;
}

/** The first text that sorts behind an id. */
export function nextId(id: string): string {
  return `${id}\u0001`;
}
