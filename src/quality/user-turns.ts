import type { Format } from "../exchange/formats.ts";
import { isArray, isObject, type Member, readElements, readMembers, skipSpace } from "../lib/json-scan.ts";
import { endsOfString } from "./json-string.ts";

/** Where a format keeps its turns, the one that counts first. */
const TURNS: Readonly<Record<Format, readonly string[]>> = {
  // Legacy completions have the prompt alone.
  "openai-chat": ["messages", "prompt"],
  "openai-responses": ["input"],
  "anthropic-messages": ["messages"],
  gemini: ["contents"],
};

/** Turns, and parts of one, that are looked at, the last ones: what has more of them has no words worth the time. */
const MOST = 1_000;

const TEXT_TYPES: ReadonlySet<unknown> = new Set([undefined, "text", "input_text"]);
/** Agents put what they would have the model know among the user's words in this way; it is much alike in all turns. */
const REMINDER = ["<system-reminder>", "</system-reminder>"] as const;

/**
 * What the user said, turn by turn, the newest first, each read from the body when it is asked for. Instructions, the
 * model's words, tool calls and results are left out, and so are turns without a word, as of images. Of a long text the
 * beginning and the end are there.
 *
 * @throws SyntaxError or JsonSyntaxError where the body is not JSON as far as it is read.
 */
export function* userTurns(body: Buffer, format: Format): Generator<string> {
  const start = skipSpace(body, 0);
  if (!isObject(body, start)) throw new SyntaxError("the body is not a JSON object");
  const members = readMembers(body, start);
  const turns = TURNS[format].map((name) => last(members, name)).find((member) => member !== undefined);
  if (turns === undefined) return;
  if (isArray(body, turns.start)) {
    for (const at of readElements(body, turns.start).slice(-MOST).reverse()) yield* turnAt(body, at, format);
  } else yield* turnAt(body, turns.start, format);
}

function* turnAt(body: Buffer, at: number, format: Format): Generator<string> {
  // A prompt, or Responses' input.
  if (isString(body, at)) yield endsOfString(body, at);
  if (!isObject(body, at)) return;
  const members = readMembers(body, at);
  const role = stringOf(body, last(members, "role"));
  if (role !== "user" && !(format === "gemini" && role === undefined)) return;
  const content = last(members, format === "gemini" ? "parts" : "content");
  const text = content === undefined ? "" : contentText(body, content.start, content.end);
  if (text !== "") yield text;
}

function contentText(body: Buffer, at: number, after: number): string {
  if (isString(body, at)) return endsOfString(body, at, after);
  const parts = isArray(body, at) ? readElements(body, at).slice(-MOST) : [at];
  return parts
    .map((part) => partText(body, part))
    .filter((text) => text !== "")
    .join("\n");
}

function partText(body: Buffer, at: number): string {
  if (isString(body, at)) return endsOfString(body, at);
  if (!isObject(body, at)) return "";
  const members = readMembers(body, at);
  const type = stringOf(body, last(members, "type"));
  if (type === "document") return documentText(body, last(members, "source"));
  const text = last(members, "text");
  if (text === undefined || !TEXT_TYPES.has(type) || !isString(body, text.start)) return "";
  if (isTrue(body, last(members, "thought"))) return "";
  const said = endsOfString(body, text.start, text.end);
  const [opens, closes] = REMINDER;
  return said.startsWith(opens) && said.trimEnd().endsWith(closes) ? "" : said;
}

/** Anthropic's documents may be plain text. */
function documentText(body: Buffer, source: Member | undefined): string {
  if (source === undefined || !isObject(body, source.start)) return "";
  const members = readMembers(body, source.start);
  const data = last(members, "data");
  const isText = stringOf(body, last(members, "type")) === "text";
  return isText && data !== undefined && isString(body, data.start)
    ? endsOfString(body, data.start, data.end)
    : "";
}

/** Of several members of a name the last one counts. */
function last(members: readonly Member[], name: string): Member | undefined {
  return members.findLast(({ key }) => key === name);
}

function stringOf(body: Buffer, member: Member | undefined): string | undefined {
  return member !== undefined && isString(body, member.start)
    ? endsOfString(body, member.start, member.end)
    : undefined;
}

const isString = (body: Buffer, at: number) => body[at] === 0x22;
const isTrue = (body: Buffer, member: Member | undefined) =>
  member !== undefined && body[member.start] === 0x74;
