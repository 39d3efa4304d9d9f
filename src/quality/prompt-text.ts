import type { Part } from "../exchange/parts.ts";
import type { GenerateRequest, Message } from "../exchange/request.ts";

/** Characters of the last user turn that are kept: of a longer one the beginning and the end. */
const TURN = 4_000;
/** Characters of what comes before it, all together. */
const CONTEXT = 1_200;
/** A turn of at least this length speaks for itself. */
const ENOUGH = 400;

/**
 * The text of a request that a router scores. It is the last user turn: what was asked. A short one, such as "and now in
 * Rust", is put behind the end of the user turn before it. Instructions, the model's words, thoughts, tool calls and
 * results are left out: they are the same, or much alike, for all of an agent's turns. Empty for images alone.
 *
 * At most some 5,200 characters, whatever the request's size.
 */
export function promptText({ messages }: Pick<GenerateRequest, "messages">): string {
  const turns: string[] = [];
  let room = 0;
  for (let at = messages.length - 1; at >= 0 && turns.length < 8; at--) {
    const text = userText(messages[at]!, turns.length === 0 ? TURN : CONTEXT - room);
    if (text === "") continue;
    turns.unshift(text);
    if (turns.length > 1) room += text.length;
    if (turns.length === 1 ? text.length >= ENOUGH : room + turns.at(-1)!.length >= ENOUGH) break;
    if (room >= CONTEXT) break;
  }
  return turns.join("\n\n");
}

/** The words of a user's message, within a number of characters; the name of a file says something where its text is not there. */
function userText({ role, parts }: Message, room: number): string {
  if (role !== "user" || room <= 0) return "";
  const texts = parts.map(partText).filter((text) => text !== "");
  return cut(texts.join("\n"), room).trim();
}

function partText(part: Part): string {
  if (part.kind === "text") return part.text;
  if (part.kind === "media" && part.source.kind === "text") return part.source.text;
  return "";
}

/** The beginning and the end of a text that is too long: the task stands before or after what it is about. */
function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  const head = Math.ceil((room * 2) / 3);
  return `${text.slice(0, head)}\n${text.slice(head - room)}`;
}
