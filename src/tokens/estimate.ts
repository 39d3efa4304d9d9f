import type { MediaPart, Part } from "../exchange/parts.ts";
import type { GenerateRequest, Tool } from "../exchange/request.ts";

type CountTokens = (text: string) => number;

let loaded: Promise<CountTokens> | null = null;

/** The encoding of OpenAI's newer models; loaded when it is first needed, for it takes half a second and 60 MB. */
function loadTokenizer(): Promise<CountTokens> {
  loaded ??= import("gpt-tokenizer/encoding/o200k_base").then(
    ({ countTokens }) =>
      (text) =>
        // Texts may hold the names of special tokens, which are then words like any other.
        countTokens(text, { allowedSpecial: new Set(), disallowedSpecial: new Set() }),
  );
  return loaded;
}

/** The time that the tokenizer takes for a run without spaces grows with its square. */
const MAX_PIECE = 1000;

/** Tokens that frame each message, by OpenAI's own recipe for counting chats. */
const PER_MESSAGE = 3;
const PER_REQUEST = 3;
/** What an image of middle size costs at the providers that say so: 765 tokens at OpenAI, some 1,600 at Anthropic. */
const PER_IMAGE = 1000;
/** What a page of a document costs, and how many bytes a page has, roughly. */
const PER_PAGE = 1500;
const PAGE_BYTES = 50_000;

/** After this many pieces, some 5 ms, everything else has its turn. */
const PIECES_AT_ONCE = 16;

/** How many tokens a text has, by the tokenizer of OpenAI's models; others' counts differ by a fifth or so. */
export async function estimateTextTokens(text: string): Promise<number> {
  const count = await loadTokenizer();
  let tokens = 0;
  let pieces = 0;
  for (let at = 0; at < text.length; ) {
    const end = pieceEnd(text, at);
    tokens += count(text.slice(at, end));
    at = end;
    if (++pieces % PIECES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return tokens;
}

/** How many tokens a request's prompt has: an estimate, for where no API of the target counts. */
export async function estimateRequestTokens(request: GenerateRequest): Promise<number> {
  let tokens = PER_REQUEST;
  for (const { parts, name } of request.messages) {
    tokens += PER_MESSAGE + (await estimateTextTokens(name ?? ""));
    for (const part of parts) tokens += await partTokens(part);
  }
  for (const tool of request.tools) tokens += await estimateTextTokens(toolText(tool));
  return tokens;
}

async function partTokens(part: Part): Promise<number> {
  switch (part.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      return estimateTextTokens(part.text);
    case "media":
      return mediaTokens(part);
    case "tool-call":
      return PER_MESSAGE + (await estimateTextTokens(part.name + part.arguments));
    case "tool-result": {
      let tokens = PER_MESSAGE;
      for (const inner of part.parts) tokens += await partTokens(inner);
      return tokens;
    }
    case "native":
      return estimateTextTokens(JSON.stringify(part.value) ?? "");
  }
}

async function mediaTokens({ media, source }: MediaPart): Promise<number> {
  if (source.kind === "text") return estimateTextTokens(source.text);
  if (media !== "document" || source.kind !== "base64") return PER_IMAGE;
  return PER_PAGE * Math.ceil((source.data.length * 0.75) / PAGE_BYTES);
}

function toolText(tool: Tool): string {
  if (tool.kind === "hosted") return tool.type;
  const schema =
    tool.kind === "function" ? (JSON.stringify(tool.parameters) ?? "") : (tool.grammar?.definition ?? "");
  return `${tool.name} ${tool.description ?? ""} ${schema}`;
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
