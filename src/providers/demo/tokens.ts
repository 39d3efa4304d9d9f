const LETTERS_PER_TOKEN = 5;

/**
 * Where the token that starts at `from` ends: an optional space and up to five characters of one word, or a
 * run of blanks. A surrogate pair is never cut, so that every piece is valid text on its own.
 */
function tokenEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isBlank(text.charCodeAt(end))) end++;
  if (end - from > 1) return end;
  const limit = Math.min(end + LETTERS_PER_TOKEN, text.length);
  while (end < limit && !isBlank(text.charCodeAt(end))) end++;
  return isLowSurrogate(text.charCodeAt(end)) ? end + 1 : end;
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}

/** How many tokens the demo's tokenizer sees in `text`; about four characters of English make one. */
export function countTokens(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at = tokenEnd(text, at)) count++;
  return count;
}

/** `text` cut into its tokens; joined they are `text` again. */
export function splitTokens(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = tokenEnd(text, at);
    tokens.push(text.slice(at, end));
    at = end;
  }
  return tokens;
}

/** The longest beginning of `text` that is at most `limit` tokens long. */
export function firstTokens(text: string, limit: number): string {
  let end = 0;
  for (let count = 0; count < limit && end < text.length; count++) end = tokenEnd(text, end);
  return text.slice(0, end);
}

/** What an image, a sound or a file counts, whatever its size. */
const ATTACHMENT_TOKENS = 256;
const BINARY_FIELDS = new Set([
  "data",
  "file_data",
  "fileData",
  "encrypted_content",
  "signature",
  "thoughtSignature",
]);

/** Tokens of all strings inside a part of a request. Attached binary data counts a fixed number. */
export function countInput(value: unknown, field = ""): number {
  if (typeof value === "string") {
    return BINARY_FIELDS.has(field) || value.startsWith("data:") ? ATTACHMENT_TOKENS : countTokens(value);
  }
  if (typeof value !== "object" || value === null) return 0;
  let total = 0;
  if (Array.isArray(value)) {
    for (const entry of value) total += countInput(entry, field);
  } else {
    for (const [key, entry] of Object.entries(value)) total += countInput(entry, key);
  }
  return total;
}
