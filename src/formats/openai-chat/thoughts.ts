import type { Format } from "../../exchange/formats.ts";
import type { ReasoningPart, Seal } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { writeSeal } from "../../exchange/seals.ts";
import { extended, FORMAT, ownMembers } from "./own.ts";

/**
 * Thoughts have no place in OpenAI's Chat Completions. Other providers put their text into `reasoning_content`
 * (DeepSeek and most) or `reasoning` (OpenRouter, Groq), and OpenRouter, with whatever is signed or encrypted, into
 * `reasoning_details`: entries `reasoning.text` {text, signature}, `reasoning.summary` {summary} and
 * `reasoning.encrypted` {data}, each with id, format and index (openrouter.ai/docs, "Reasoning tokens"). All three are
 * read; the texts beside `reasoning_details` repeat what these say.
 */

/** How what stands in this format's place for seals is to be taken. */
export type SealReader = (text: string) => Seal;

/** In an answer a seal is of the API that answered. */
export const ownSeal: SealReader = (value) => ({ origin: FORMAT, value });

/** What is set between two thoughts where they stand in one text. */
export const BETWEEN = "\n\n";

/** How OpenRouter names where an entry comes from. */
const ORIGIN_NAMES: Readonly<Record<Format, string>> = {
  "openai-chat": "unknown",
  "openai-responses": "openai-responses-v1",
  "anthropic-messages": "anthropic-claude-v1",
  gemini: "google-gemini-v1",
};
const CLAUDE = ORIGIN_NAMES["anthropic-messages"];

/** One entry of `reasoning_details`. */
export interface Entry {
  readonly kind: "text" | "summary" | "encrypted";
  readonly text: string;
  readonly seal: Seal | undefined;
  readonly id: string | undefined;
  readonly format: unknown;
  readonly index: unknown;
  readonly wire: JsonObject;
}

const KINDS: ReadonlyMap<unknown, Entry["kind"]> = new Map([
  ["reasoning.text", "text"],
  ["reasoning.summary", "summary"],
  ["reasoning.encrypted", "encrypted"],
]);
const ENTRY = new Set(["type", "text", "summary", "data", "signature", "id"]);

/** Null for what is no entry of a known type. */
export function readEntry(wire: unknown, sealOf: SealReader): Entry | null {
  const kind = isRecord(wire) ? KINDS.get(wire.type) : undefined;
  if (!isRecord(wire) || kind === undefined) return null;
  const text = kind === "encrypted" ? "" : stringOf(wire[kind]);
  const seal = stringOf(kind === "encrypted" ? wire.data : wire.signature);
  return {
    kind,
    text: text ?? "",
    seal: seal === undefined || seal === "" ? undefined : sealOf(seal),
    id: stringOf(wire.id),
    format: wire.format,
    index: wire.index,
    wire,
  };
}

/** Whether an entry holds the encrypted form of a summary before it. */
export function isSealOf(entry: Entry, summary: Entry): boolean {
  return (
    entry.kind === "encrypted" &&
    summary.kind === "summary" &&
    summary.id === entry.id &&
    summary.format === entry.format &&
    summary.index === entry.index
  );
}

/** The thought that an entry is, the `position`th of its message. */
export function partOfEntry(entry: Entry, position: number): ReasoningPart {
  return {
    kind: "reasoning",
    text: entry.text,
    ...(entry.kind === "summary" ? { summary: true } : {}),
    ...(entry.kind === "encrypted" && entry.format === CLAUDE ? { redacted: true } : {}),
    ...(entry.seal === undefined ? {} : { seal: entry.seal }),
    ...(entry.id === undefined ? {} : { itemId: entry.id }),
    ...extended(specialMembers(entry, position)),
  };
}

/** Members that `writeEntries` would not write the same by itself. */
function specialMembers({ wire, seal, format, index }: Entry, position: number): JsonObject | undefined {
  const derived = new Set(ENTRY);
  if (format === undefined || format === originName(seal)) derived.add("format");
  if (index === undefined || index === position) derived.add("index");
  return restOf(wire, derived);
}

const originName = (seal: Seal | undefined) => ORIGIN_NAMES[seal?.origin ?? FORMAT];

/** The thoughts of an assistant's message, in an answer or in a conversation's history. Never throws. */
export function readThoughts(message: JsonObject, sealOf: SealReader): ReasoningPart[] {
  const entries = arrayOf(message.reasoning_details)
    .map((wire) => readEntry(wire, sealOf))
    .filter((entry) => entry !== null);
  const told = stringOf(message.reasoning_content) || stringOf(message.reasoning) || "";
  // Entries may hold no more than the seals of what is told beside them.
  let unsaid = entries.every((entry) => entry.text === "") ? told : "";
  const thoughts: { readonly entry: Entry; seal: Seal | undefined }[] = [];
  for (const entry of entries) {
    const last = thoughts.at(-1);
    if (last !== undefined && last.seal === undefined && isSealOf(entry, last.entry)) {
      last.seal = entry.seal;
    } else if (entry.kind === "text" && unsaid !== "") {
      thoughts.push({ entry: { ...entry, text: unsaid }, seal: entry.seal });
      unsaid = "";
    } else if (entry.text !== "" || entry.seal !== undefined) {
      thoughts.push({ entry, seal: entry.seal });
    }
  }
  const first: ReasoningPart[] = unsaid === "" ? [] : [{ kind: "reasoning", text: unsaid }];
  return [
    ...first,
    ...thoughts.map(({ entry, seal }, index) => partOfEntry({ ...entry, seal }, first.length + index)),
  ];
}

/** The entries of a thought, the `position`th of its message; none where it has neither text nor seal. */
export function writeEntries(part: ReasoningPart, position: number): object[] {
  const { text, seal, itemId } = part;
  const value = seal === undefined ? undefined : writeSeal(seal, FORMAT);
  const members = {
    ...(itemId === undefined ? {} : { id: itemId }),
    format: originName(seal),
    index: position,
    ...ownMembers(part),
  };
  const encrypted = { type: "reasoning.encrypted", data: value, ...members };
  if (part.summary === true && text !== "") {
    const summary = { type: "reasoning.summary", summary: text, ...members };
    return value === undefined ? [summary] : [summary, encrypted];
  }
  // Claude signs thoughts that it does not show, and hides others wholly: the latter alone are `encrypted`.
  if (text === "" && (part.redacted === true || members.format !== CLAUDE))
    return value === undefined ? [] : [encrypted];
  return [{ type: "reasoning.text", text, ...(value === undefined ? {} : { signature: value }), ...members }];
}

/** The text of several thoughts in one. */
export function joinThoughts(parts: readonly ReasoningPart[]): string {
  const texts = parts.map((part) => part.text).filter((text) => text !== "");
  return texts.join(BETWEEN);
}
