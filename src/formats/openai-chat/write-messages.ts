import type {
  CacheMark,
  MediaPart,
  NativePart,
  Part,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { writeCall } from "./calls.ts";
import { ownMembers } from "./own.ts";
import type { Dialect } from "./providers.ts";
import { Results } from "./results.ts";
import { withSignature } from "./signatures.ts";
import { joinThoughts, writeEntries } from "./thoughts.ts";
import { type ContentPlace, isPlain, writeContent, writeNative, writeText } from "./write-content.ts";

/** Writes a conversation, with each result right after the message that called for it. */
export function writeMessages(
  messages: readonly Message[],
  context: RequestContext,
  dialect: Dialect,
  legacy: boolean,
): object[] {
  const writer = new Writer(messages, context, dialect, legacy);
  messages.forEach((message, index) => {
    writer.write(message, index);
  });
  return writer.written;
}

class Writer {
  readonly written: object[] = [];
  readonly #results: Results;
  readonly #context: RequestContext;
  readonly #dialect: Dialect;
  readonly #legacy: boolean;

  constructor(messages: readonly Message[], context: RequestContext, dialect: Dialect, legacy: boolean) {
    this.#results = new Results(messages);
    this.#context = context;
    this.#dialect = dialect;
    this.#legacy = legacy;
  }

  write(message: Message, index: number): void {
    const place = this.#place(index, message);
    switch (message.role) {
      case "assistant":
        this.#writeAssistant(message, place);
        this.#writeResults(this.#results.after(index));
        return;
      case "tool":
        this.#writeResults(this.#results.left(index));
        return;
      default: {
        const { name } = message;
        const known = message.role !== "developer" || this.#dialect.openai;
        this.written.push({
          role: known ? message.role : "system",
          content: writeContent(message.parts, place),
          ...(name === undefined ? {} : { name }),
          ...ownMembers(message),
        });
      }
    }
  }

  #place(index: number, message?: Message): ContentPlace {
    // A mark that the client put on the whole message goes back there.
    const marked = message !== undefined && ownMembers(message)?.cache_control !== undefined;
    const dialect = marked ? { ...this.#dialect, cacheMarks: false } : this.#dialect;
    return { context: this.#context, dialect, path: `messages[${index}]` };
  }

  #writeAssistant(message: Message, place: ContentPlace): void {
    const { name } = message;
    const parts = sorted(message.parts);
    const thoughts = this.#writeThoughts(parts.thoughts, message);
    const content = this.#writeSpoken(parts, place);
    const [call] = parts.calls;
    const legacy = this.#legacy && call !== undefined;
    this.written.push({
      role: "assistant",
      content: content ?? (call === undefined ? "" : null),
      ...(name === undefined ? {} : { name }),
      ...thoughts,
      ...refusalOf(parts),
      ...(call === undefined || legacy ? {} : { tool_calls: parts.calls.map(writeCall) }),
      ...(legacy ? { function_call: { name: call.name, arguments: call.arguments } } : {}),
      ...withSignature(ownMembers(message), parts.seal),
    });
  }

  /** The members that send thoughts back. */
  #writeThoughts(thoughts: readonly ReasoningPart[], message: Message): object {
    const member = this.#dialect.thoughts;
    if (thoughts.length === 0 || member === "content") return {};
    if (member === null) {
      this.#context.losses.add("messages: reasoning");
      return {};
    }
    const asWritten = typeof ownMembers(message)?.reasoning === "string";
    // What is sealed came from a provider that knows entries; they say all that the text would.
    const isEntry = (part: ReasoningPart) => part.seal !== undefined || ownMembers(part) !== undefined;
    if (thoughts.some(isEntry) || (this.#dialect.reasoningObjects && !asWritten))
      return { reasoning_details: thoughts.flatMap(writeEntries) };
    return asWritten ? {} : { [member]: joinThoughts(thoughts) };
  }

  #writeSpoken(parts: Sorted, place: ContentPlace): string | object[] | null {
    const { dialect, path } = place;
    const thinking =
      dialect.thoughts === "content"
        ? parts.thoughts.map(({ text }) => ({ type: "thinking", thinking: [{ type: "text", text }] }))
        : [];
    const { texts, refusals, others } = parts;
    for (const part of others) place.context.losses.add(`${path}: ${part.kind}`);
    const natives = parts.natives.flatMap((part) => writeNative(part, place));
    const plain = texts.every((part) => isPlain(part, dialect)) && refusals.every((part) => isAlone(part));
    if (thinking.length + natives.length === 0 && plain) {
      return texts.length === 0 ? null : texts.map((part) => part.text).join("");
    }
    const spoken = [...texts, ...(plain ? [] : refusals)].map((part) => writeText(part, dialect));
    return [...thinking, ...spoken, ...natives];
  }

  #writeResults(results: readonly { part: ToolResultPart; message: number }[]): void {
    const shown: object[] = [];
    for (const { part, message } of results) {
      const place = this.#place(message);
      if (part.isError === true) this.#context.losses.add("messages: that a tool failed");
      const inside = part.parts.filter((piece) => piece.kind !== "media" || ownMembers(piece) !== undefined);
      const outside = part.parts.filter((piece) => !inside.includes(piece));
      this.written.push({
        ...(this.#legacy
          ? { role: "function", name: part.name }
          : { role: "tool", tool_call_id: part.callId }),
        content: writeContent(markLast(inside, part.cache), place),
        ...ownMembers(part),
      });
      if (outside.length > 0) shown.push(...showMedia(part, outside, place));
    }
    if (shown.length > 0) this.written.push({ role: "user", content: shown });
  }
}

/** A mark on a result stands on the last of its parts. */
function markLast(parts: ToolResultPart["parts"], cache: CacheMark | undefined): ToolResultPart["parts"] {
  if (cache === undefined) return parts;
  return parts.map((part, index) =>
    index === parts.length - 1 && part.kind !== "native" ? { ...part, cache } : part,
  );
}

/** A tool's result is text here. What it shows besides is shown in a user's message that follows. */
function showMedia(part: ToolResultPart, media: ToolResultPart["parts"], place: ContentPlace): object[] {
  const written = writeContent(media, place);
  return [{ type: "text", text: `Of the result of ${part.callId}:` }, ...(written as object[])];
}

interface Sorted {
  readonly thoughts: readonly ReasoningPart[];
  readonly texts: readonly TextPart[];
  readonly refusals: readonly RefusalPart[];
  readonly calls: readonly ToolCallPart[];
  readonly natives: readonly NativePart[];
  readonly others: readonly (MediaPart | ToolResultPart)[];
  readonly seal: TextPart["seal"];
}

/** A message's parts by kind, as this format keeps them apart. */
function sorted(parts: readonly Part[]): Sorted {
  const of = <K extends Part["kind"]>(kind: K) =>
    parts.filter((part): part is Extract<Part, { kind: K }> => part.kind === kind);
  const texts = of("text");
  return {
    thoughts: of("reasoning"),
    texts,
    refusals: of("refusal"),
    calls: of("tool-call"),
    natives: of("native"),
    others: [...of("media"), ...of("tool-result")],
    seal: texts.findLast((part) => part.seal !== undefined)?.seal,
  };
}

/** Whether a refusal stood in its own member, not in a part of the content. */
const isAlone = (part: RefusalPart) => ownMembers(part) === undefined;

function refusalOf({ refusals }: Sorted): object {
  const alone = refusals.filter(isAlone);
  return alone.length === 0 ? {} : { refusal: alone.map((part) => part.text).join("") };
}
