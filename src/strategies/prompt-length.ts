/**
 * Bytes a token: on average, and at most over a long text. Measured with o200k_base: English, German, code and tables 5 to 6;
 * Japanese 4, Chinese 5, Greek 6, Russian 9, Hindi 13, Georgian 14. A letter that JSON writes as an escape has 6 bytes, so
 * that these have up to 28. The most has room for texts that none of these is.
 */
const ASCII = { about: 4, most: 8 };
const OTHER = { about: 6, most: 18 };
const ESCAPED = { about: 14, most: 40 };

/** Shorter texts fit every model, whatever they are of. */
const SHORT = 4_096;
const WINDOWS = 16;
const WINDOW = 64;
const BACKSLASH = 0x5c;
const U = 0x75;
const ESCAPE = 6;

export interface PromptLength {
  /** Tokens. */
  readonly about: number;
  /** Fewer it does not have. */
  readonly least: number;
}

/** How many tokens the text of a body has, of which `media` bytes are none. Judged by a kilobyte of it, in pieces. */
export function promptLength(body: Buffer, media: number): PromptLength {
  const text = Math.max(0, body.length - media);
  // Where most of a body is a picture, a sample of it tells nothing of the text.
  if (text <= SHORT || media > 0)
    return { about: Math.ceil(text / ASCII.about), least: Math.floor(text / ESCAPED.most) };
  const { other, escaped } = sampled(body);
  const ascii = 1 - other - escaped;
  const tokens = (per: "about" | "most") =>
    text * (ascii / ASCII[per] + other / OTHER[per] + escaped / ESCAPED[per]);
  return { about: Math.ceil(tokens("about")), least: Math.floor(tokens("most")) };
}

/** The shares of bytes that are of letters beyond ASCII, as they are and as escapes. */
function sampled(body: Buffer): { other: number; escaped: number } {
  let [other, escapes] = [0, 0];
  const step = (body.length - WINDOW) / (WINDOWS - 1);
  for (let window = 0; window < WINDOWS; window++) {
    const from = Math.floor(window * step);
    for (let at = from; at < from + WINDOW; at++) {
      const byte = body[at]!;
      if (byte >= 0x80) other++;
      else if (byte === BACKSLASH && body[at + 1] === U) escapes++;
    }
  }
  const whole = WINDOWS * WINDOW;
  return { other: other / whole, escaped: Math.min(1 - other / whole, (escapes * ESCAPE) / whole) };
}
