/**
 * Words of a text as hashes: FNV-1a of the word, and of the word after the one before it. Letters and digits are runs of
 * their own, every number is the same word, and a Chinese, Japanese or Korean character is a word by itself.
 */

/** Buckets that hashes of words and pairs are counted in. */
export const BUCKETS = 1 << 15;

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;
/** Longer runs are cut, as in scripts that write no spaces, in base64 and in hostile input. */
const LONGEST_WORD = 32;
const SPACE = 32;

const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
const IDEOGRAPH = 3;

/**
 * Called once for each word: hash of the word, of the pair with the word before (the first word's pair is with nothing),
 * and the word's length in UTF-16 units.
 */
export type WordVisitor = (word: number, pair: number, length: number) => void;

/** Visits the words of a text that is in lower case already. */
export function visitWords(text: string, visit: WordVisitor): void {
  const { length } = text;
  let before = OFFSET;
  let at = 0;
  while (at < length) {
    const kind = kindOf(text.charCodeAt(at));
    if (kind === OTHER) {
      at++;
      continue;
    }
    let word = OFFSET;
    let pair = step(before, SPACE);
    const start = at;
    if (kind === DIGIT) {
      at = endOfNumber(text, at);
      word = step(word, 48);
      pair = step(pair, 48);
    } else {
      const last = kind === IDEOGRAPH ? at + 1 : Math.min(length, at + LONGEST_WORD);
      do {
        const code = text.charCodeAt(at++);
        word = step(word, code);
        pair = step(pair, code);
      } while (at < last && kindOf(text.charCodeAt(at)) === LETTER);
    }
    visit(word >>> 0, pair >>> 0, at - start);
    before = word;
  }
}

/** Characters that are hashed together; they see word endings, code and formulas, which words do not. */
const GRAM = 4;
/** Sets groups of characters apart from words of the same letters. */
const GRAM_OFFSET = OFFSET ^ 0x4d;

/** Visits the hash of every four characters (UTF-16 units) that stand together, of a text that is in lower case already. */
export function visitGrams(text: string, visit: (gram: number) => void): void {
  for (let at = 0; at + GRAM <= text.length; at++) {
    let gram = GRAM_OFFSET;
    for (let next = at; next < at + GRAM; next++) gram = step(gram, text.charCodeAt(next));
    visit(gram >>> 0);
  }
}

/** The bucket of a hash; the upper bits are folded in, because FNV-1a's lower ones alone are the weaker. */
export function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (BUCKETS - 1);
}

function step(hash: number, code: number): number {
  const low = Math.imul(hash ^ (code & 0xff), PRIME);
  return code < 0x80 ? low : Math.imul(low ^ (code >>> 8), PRIME);
}

/** `3,141.59` is one number; a stop or comma at its end is not part of it. */
function endOfNumber(text: string, start: number): number {
  let at = start;
  for (;;) {
    while (isDigit(text.charCodeAt(at))) at++;
    const mark = text.charCodeAt(at);
    if ((mark !== 46 && mark !== 44) || !isDigit(text.charCodeAt(at + 1))) return at;
    at++;
  }
}

const isDigit = (code: number) => code >= 48 && code <= 57;

function kindOf(code: number): number {
  if (code < 0x80) {
    if (code >= 97 && code <= 122) return LETTER;
    return isDigit(code) ? DIGIT : OTHER;
  }
  // Latin-1's signs and the blocks of punctuation, arrows and mathematical operators.
  if (code < 0xc0 || code === 0xd7 || code === 0xf7) return OTHER;
  if (code < 0x2000) return LETTER;
  if (code < 0x2c00) return OTHER;
  if (code >= 0x3040 && code <= 0x9fff) return IDEOGRAPH;
  if (code >= 0xac00 && code <= 0xd7af) return IDEOGRAPH;
  if (code >= 0x3000 && code < 0x3040) return OTHER;
  // Surrogates (emoji mostly) and the private and compatibility forms.
  return code >= 0xd800 ? OTHER : LETTER;
}

/** FNV-1a of a whole text: the same number everywhere, for splitting data. */
export function hashOfText(text: string): number {
  let hash = OFFSET;
  for (let at = 0; at < text.length; at++) hash = step(hash, text.charCodeAt(at));
  return hash >>> 0;
}
