import { CODE, CONSTRAINT, CREATIVE, FACT, KINDS, kindsOf, MATH, NEGATION, REASONING } from "./lexicon.ts";
import { BUCKETS, bucketOf, visitGrams, visitWords } from "./words.ts";

/** Of a longer text the beginning and the end are read, where a task is mostly said. */
const HEAD = 4_000;
const TAIL = 2_000;

/** Names of the light statistics, in their order. A model file holds them, so that another version's file is refused. */
export const STATISTICS = [
  "log-words",
  "log-characters",
  "word-length",
  "words-a-sentence",
  "log-lines",
  "number-share",
  "log-numbers",
  "upper-share",
  "log-question-marks",
  "ends-in-question",
  "bracket-share",
  "operator-share",
  "log-latex",
  "foreign-share",
  "log-quotes",
  "comma-share",
  "log-options",
  "log-list-lines",
  "indented-share",
  "blank-to-fill",
  "distinct-share",
  "log-fences",
  "math-share",
  "code-share",
  "reasoning-share",
  "negation-share",
  "creative-share",
  "fact-share",
  "constraint-share",
  "some-math",
  "some-code",
  "some-reasoning",
  "some-negation",
  "some-creative",
  "some-fact",
  "some-constraint",
] as const;

export type Statistic = (typeof STATISTICS)[number];

/** What is known of a text. The arrays are the caller's to keep. */
export interface Features {
  /** One number for each of `STATISTICS`. */
  readonly statistics: Float64Array;
  /** Buckets that words, pairs of words and groups of characters fell into, each once, in the order of their first use. */
  readonly buckets: Uint16Array;
  /** 1 + the logarithm of how often, for each of `buckets`; the whole has length 1. */
  readonly values: Float64Array;
}

/** So many words of a kind make it half certain that the prompt is of that kind. */
const FEW = 2;

const MARKS = 12;
const UPPER = 1;
const QUESTION = 2;
const BRACKET = 3;
const OPERATOR = 4;
const LATEX = 5;
const QUOTE = 6;
const COMMA = 7;
const STOP = 8;
const BLANK = 9;
const FENCE = 10;
const DIGIT = 11;
const MARK_OF = marks();

/** Counts by bucket; all zero between calls, which are synchronous. */
const counts = new Uint16Array(BUCKETS);
const touched = new Uint16Array(3 * (HEAD + TAIL + 1));

/**
 * Features of a text of any length, language or kind, empty too. At most 6,000 characters are read, so the time is bounded;
 * length and number of words are of the whole.
 */
export function featuresOf(text: string): Features {
  const read = text.length <= HEAD + TAIL ? text : `${text.slice(0, HEAD)}\n${text.slice(-TAIL)}`;
  const kinds = new Float64Array(KINDS);
  let words = 0;
  let letters = 0;
  let used = 0;
  const count = (hash: number) => {
    const bucket = bucketOf(hash);
    const times = counts[bucket]!;
    if (times === 0) touched[used++] = bucket;
    counts[bucket] = times + 1;
  };
  const countWord = (hash: number) => {
    count(hash);
    let bits = kindsOf(hash);
    for (let kind = 0; bits !== 0; kind++, bits >>= 1) if ((bits & 1) !== 0) kinds[kind] = kinds[kind]! + 1;
  };
  const lowered = read.toLowerCase();
  visitWords(lowered, (word, pair, length) => {
    words++;
    letters += length;
    countWord(word);
    countWord(pair);
  });
  const distinct = used;
  visitGrams(lowered, count);
  const buckets = touched.slice(0, used);
  const statistics = statisticsOf(read, text.length, words, letters, distinct, kinds);
  return { statistics, buckets, values: weighted(buckets) };
}

/** Logarithms of the counts, scaled to length 1; sets the counts back to zero. */
function weighted(buckets: Uint16Array): Float64Array {
  const values = new Float64Array(buckets.length);
  let squares = 0;
  for (let at = 0; at < buckets.length; at++) {
    const times = counts[buckets[at]!]!;
    const value = times === 1 ? 1 : 1 + Math.log(times);
    counts[buckets[at]!] = 0;
    values[at] = value;
    squares += value * value;
  }
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  for (let at = 0; at < values.length; at++) values[at] = values[at]! * scale;
  return values;
}

function statisticsOf(
  text: string,
  wholeLength: number,
  words: number,
  letters: number,
  distinct: number,
  kinds: Float64Array,
): Float64Array {
  const mark = new Float64Array(MARKS);
  const lines = { all: 1, indented: 0, listed: 0, options: 0 };
  let foreign = 0;
  let numbers = 0;
  let wasDigit = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) {
      foreign++;
      wasDigit = false;
      continue;
    }
    const kind = MARK_OF[code]!;
    mark[kind] = mark[kind]! + 1;
    if (kind === DIGIT && !wasDigit) numbers++;
    wasDigit = kind === DIGIT;
    if (code === 10) lookAtLine(text, at + 1, lines);
  }
  const length = Math.max(1, text.length);
  const total = Math.max(1, words);
  const scale = wholeLength / length;
  const sentences = 1 + mark[STOP]! + mark[QUESTION]!;
  const share = (kind: number) => Math.sqrt(kinds[kind]! / total);
  const some = (kind: number) => kinds[kind]! / (kinds[kind]! + FEW);
  return Float64Array.of(
    Math.log1p(words * scale),
    Math.log1p(wholeLength),
    letters / total,
    Math.log1p(words / sentences),
    Math.log1p(lines.all * scale),
    Math.sqrt(numbers / total),
    Math.log1p(numbers),
    Math.sqrt(mark[UPPER]! / length),
    Math.log1p(mark[QUESTION]!),
    text.trimEnd().endsWith("?") ? 1 : 0,
    Math.sqrt(mark[BRACKET]! / length),
    Math.sqrt(mark[OPERATOR]! / length),
    Math.log1p(mark[LATEX]!),
    foreign / length,
    Math.log1p(mark[QUOTE]!),
    Math.sqrt(mark[COMMA]! / total),
    Math.log1p(lines.options),
    Math.log1p(lines.listed),
    lines.indented / lines.all,
    mark[BLANK]! > 2 ? 1 : 0,
    words === 0 ? 0 : distinct / (2 * words),
    Math.log1p(mark[FENCE]!),
    share(MATH),
    share(CODE),
    share(REASONING),
    share(NEGATION),
    share(CREATIVE),
    share(FACT),
    share(CONSTRAINT),
    some(MATH),
    some(CODE),
    some(REASONING),
    some(NEGATION),
    some(CREATIVE),
    some(FACT),
    some(CONSTRAINT),
  );
}

interface Lines {
  all: number;
  indented: number;
  listed: number;
  options: number;
}

/** What the beginning of a line says: an indent (code), a list's bullet or number, an option of a choice (`A.`, `(b)`). */
function lookAtLine(text: string, start: number, lines: Lines): void {
  lines.all++;
  const first = text.charCodeAt(start);
  if (first === 32 || first === 9) {
    lines.indented++;
    return;
  }
  const second = text.charCodeAt(start + 1);
  const bracketed = first === 40;
  const sign = bracketed ? second : first;
  const after = bracketed ? text.charCodeAt(start + 2) : second;
  const closes = after === 46 || after === 41 || after === 58;
  if (closes && ((sign >= 65 && sign <= 74) || (sign >= 97 && sign <= 106))) lines.options++;
  else if ((closes && sign >= 48 && sign <= 57) || ((first === 45 || first === 42) && second === 32)) {
    lines.listed++;
  }
}

function marks(): Uint8Array {
  const table = new Uint8Array(128);
  const set = (signs: string, mark: number) => {
    for (const sign of signs) table[sign.charCodeAt(0)] = mark;
  };
  set("ABCDEFGHIJKLMNOPQRSTUVWXYZ", UPPER);
  set("0123456789", DIGIT);
  set("?", QUESTION);
  set("(){}[];", BRACKET);
  set("+-*/^=<>%|&", OPERATOR);
  set("$\\", LATEX);
  set("\"'", QUOTE);
  set(",", COMMA);
  set(".!", STOP);
  set("_", BLANK);
  set("`", FENCE);
  return table;
}
