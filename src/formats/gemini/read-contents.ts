import { Assembler } from "../../exchange/assemble.ts";
import type { Part } from "../../exchange/parts.ts";
import { invalid, isRecord, requiredArray, restOf } from "../../exchange/read.ts";
import type { Message, Role } from "../../exchange/request.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { extended } from "./extensions.ts";
import { JoinedParts } from "./joined-parts.ts";
import { camelCased } from "./names.ts";
import { nameCalls } from "./open-calls.ts";
import { readPart } from "./read-part.ts";

interface Turn {
  readonly role: Role;
  readonly parts: Part[];
}

/** What Google's API takes for a role; absent is `user`. Results of functions were once of role `function`. */
const ROLES: Readonly<Record<string, Role>> = { user: "user", function: "user", model: "assistant" };

/**
 * Reads `contents`: neighbouring contents of one role become one message, results of functions a message of their own.
 * What a model said is joined as in an answer, for SDKs send a streamed answer back in the pieces it came in.
 */
export function readContents(value: unknown, param: string): Message[] {
  const contents = isRecord(value) ? [value] : requiredArray(value, param);
  if (contents.length === 0) throw invalid(param, "must hold at least one content");
  const turns: Turn[] = [];
  for (const [index, content] of contents.entries()) readContent(content, `${param}[${index}]`, index, turns);
  nameCalls(turns);
  return turns
    .map(({ role, parts }) => ({ role, parts: role === "assistant" ? joined(parts) : parts }))
    .filter(({ parts }) => parts.length > 0);
}

const PARTS: ReadonlySet<string> = new Set(["parts"]);

/** Reads `systemInstruction`: a content, its parts alone, or a text. */
export function readSystem(value: unknown, param: string): Message | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return { role: "system", parts: [{ kind: "text", text: value }] };
  const content = isRecord(value) && value.parts !== undefined ? value : { parts: value };
  const parts = partsOf(content.parts, param, "system").map(plainText);
  return parts.length === 0 ? null : { role: "system", parts, ...extended(restOf(content, PARTS)) };
}

function readContent(value: unknown, param: string, index: number, turns: Turn[]): void {
  if (!isRecord(value)) throw invalid(param, "must be an object");
  const { role, parts } = camelCased(value);
  const name = role ?? "user";
  if (typeof name !== "string" || !Object.hasOwn(ROLES, name))
    throw invalid(`${param}.role`, 'must be "user" or "model"');
  const speaker = ROLES[name] as Role;
  for (const part of partsOf(parts, param, `call_${index}`)) {
    if (part.kind === "tool-call") addPart(turns, "assistant", part);
    else if (part.kind === "tool-result") addPart(turns, "tool", part);
    else addPart(turns, speaker, speaker === "user" ? plainText(part) : part);
  }
}

function partsOf(value: unknown, param: string, prefix: string): Part[] {
  if (value === undefined || value === null) return [];
  const parts = Array.isArray(value) ? value : [value];
  return parts.map((part, index) => {
    const where = `${param}.parts[${index}]`;
    const read = readPart(part, () => `${prefix}_${index}`);
    if (typeof read === "string") throw invalid(where, read);
    return read;
  });
}

/** A thought is a model's alone; said by somebody else it is a text. */
function plainText(part: Part): Part {
  if (part.kind !== "reasoning") return part;
  const { text, seal, extensions } = part;
  const gemini = { ...extensions?.gemini, thought: true };
  return { kind: "text", text, ...(seal === undefined ? {} : { seal }), extensions: { gemini } };
}

function addPart(turns: Turn[], role: Role, part: Part): void {
  const last = turns.at(-1);
  if (last?.role === role) last.parts.push(part);
  else turns.push({ role, parts: [part] });
}

function joined(parts: readonly Part[]): readonly Part[] {
  const events: StreamEvent[] = [];
  const join = new JoinedParts(0);
  for (const part of parts) join.take(part, events);
  join.close(events);
  const assembler = new Assembler();
  for (const event of events) assembler.take(event);
  return assembler.result().response.choices[0]?.parts ?? [];
}
