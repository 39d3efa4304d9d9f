import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

/**
 * Counts tokens beside the thread that serves requests. Asked with `[id, texts]`, it answers `[id, tokens]`, in order.
 * The encoding is that of OpenAI's newer models.
 */
declare const self: Worker;

/** Texts may hold the names of special tokens, which are then words like any other. */
const AS_WORDS = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
/** The time that the tokenizer takes for a run without spaces grows with its square. */
const MAX_PIECE = 1000;

self.onmessage = ({ data: [id, texts] }: MessageEvent<[number, readonly string[]]>) => {
  let tokens = 0;
  for (const text of texts) tokens += tokensOf(text);
  self.postMessage([id, tokens]);
};

function tokensOf(text: string): number {
  let tokens = 0;
  for (let at = 0; at < text.length; ) {
    const end = pieceEnd(text, at);
    tokens += countTokens(text.slice(at, end), AS_WORDS);
    at = end;
  }
  return tokens;
}

/** The end of the piece that begins at `from`: behind a space where there is one, never within a surrogate pair. */
function pieceEnd(text: string, from: number): number {
  if (text.length - from <= MAX_PIECE) return text.length;
  const hard = from + MAX_PIECE;
  const space = text.lastIndexOf(" ", hard);
  if (space > from) return space;
  const code = text.charCodeAt(hard - 1);
  return code >= 0xd800 && code <= 0xdbff ? hard - 1 : hard;
}
