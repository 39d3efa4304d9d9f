import type { JsonChanges } from "../lib/json-changes.ts";
import { skipValue } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject } from "../lib/scanned-json.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import type { MessageForms } from "./format.ts";
import type { Spot } from "./place-texts.ts";
import { fill } from "./put-text.ts";
import type { RequestFields, TemplatePlace } from "./request-fields.ts";
import { STORED_PROMPT } from "./stored-prompt.ts";
import { SystemPrompt } from "./system-prompt.ts";

/**
 * Puts the texts of `fields.fillings` in.
 *
 * One text without role becomes the text of its place. The first text part of a content gets it, further ones go out,
 * and everything else stays where it is; where there was no text part, one is put first, but behind what has to be first.
 *
 * Messages with roles take the place of a whole message, one after the other. Those of the system stand there too, or
 * after the system prompt where the API has it apart. In a part or a system prompt, all texts become one, with blank
 * lines between them. Messages in the place of a stored prompt stand before the input.
 *
 * Of two places one of which is inside the other, the outer one counts.
 */
export function putFillings(
  changes: JsonChanges,
  body: Buffer,
  { root, templates, storedPrompt, fillings }: RequestFields,
  forms: MessageForms,
): void {
  const prompt = storedPrompt === null ? undefined : fillings.get(storedPrompt);
  if (prompt !== undefined && prompt.length > 0) replacePrompt(changes, body, root, prompt, forms);
  const system = new SystemPrompt(changes, body, requestOf(templates) ?? root, forms);
  let filledTo = 0;
  for (const place of templates) {
    const { spot } = place;
    const messages = fillings.get(place) ?? [];
    if (spot === null || spot.object.start < filledTo) continue;
    if (system.isAt(spot)) system.fill(spot, messages.length === 0 ? null : oneText(messages));
    if (messages.length === 0) continue;
    filledTo = skipValue(body, spot.object.start);
    if (spot.kind === "message" && !isPlain(messages)) {
      for (const text of replaceMessage(changes, spot, messages, forms)) system.append(text);
    } else if (!system.isAt(spot)) fill(changes, body, spot, oneText(messages));
  }
  system.write();
}

/** The object that has messages and system prompt: the body's own, or one in it whose tokens are to be counted. */
function requestOf(templates: RequestFields["templates"]): ScannedObject | undefined {
  const isInRequest = ({ spot }: TemplatePlace) => spot?.kind === "message" || spot?.kind === "instruction";
  return templates.find(isInRequest)?.spot?.around;
}

function isPlain([first, ...others]: readonly TemplateMessage[]): boolean {
  return first?.role === null && others.length === 0;
}

function oneText(messages: readonly TemplateMessage[]): string {
  return messages.map(({ text }) => text).join("\n\n");
}

/** Returns the texts that belong to a system prompt which the API has apart. */
function replaceMessage(
  changes: JsonChanges,
  { listStart, index }: Spot,
  messages: readonly TemplateMessage[],
  forms: MessageForms,
): string[] {
  const isApart = ({ role }: TemplateMessage) => role === "system" && forms.system !== null;
  const written = messages
    .filter((message) => !isApart(message))
    .map((message) => writeMessage(message, forms));
  changes.list(listStart).put(index, written);
  return messages.filter(isApart).map(({ text }) => text);
}

function writeMessage({ role, text }: TemplateMessage, forms: MessageForms): string {
  return forms.writeMessage(role ?? "user", text);
}

/** Input that is one text is what the user says. */
function replacePrompt(
  changes: JsonChanges,
  body: Buffer,
  root: ScannedObject,
  messages: readonly TemplateMessage[],
  forms: MessageForms,
): void {
  const top = changes.object(root);
  for (const member of root.members) if (member.key === STORED_PROMPT) top.take(member);
  const written = isPlain(messages)
    ? [forms.writeMessage("system", messages[0]!.text)]
    : messages.map((message) => writeMessage(message, forms));
  const input = lastMember(root, "input");
  if (input === undefined || body[input.start] === NULL) {
    top.set(["input"], `[${written.join(",")}]`);
    return;
  }
  top.keepLast(["input"]);
  if (body[input.start] === QUOTE) {
    changes.insert(input.start, `[${written.join(",")},{"role":"user","content":`);
    changes.insert(input.end, "}]");
  } else changes.list(input.start).addFirst(...written);
}

const NULL = 0x6e;
const QUOTE = 0x22;
