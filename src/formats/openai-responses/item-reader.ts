import type { Part } from "../../exchange/parts.ts";
import { isRecord, type JsonObject, recordOf, stringOf } from "../../exchange/read.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { callOf, partsOfItem } from "./items.ts";
import { MessageReader } from "./message-reader.ts";
import { PartTeller } from "./part-teller.ts";
import { withoutStatus } from "./read-response.ts";
import { ReasoningReader } from "./reasoning-reader.ts";

/** Reads the events of one item of a stream. */
export interface ItemReader {
  readonly id: string | undefined;
  readonly done: boolean;
  /** What its parts are. */
  readonly kinds: readonly Pick<Part, "kind">[];
  take(type: string, event: JsonObject): void;
  /** The stream has ended without telling the item as done. */
  close(): void;
  /** What was read since it was asked last. */
  given(): readonly StreamEvent[];
}

/** The reader of the item that an event is the first of; null for an event that is of no item. */
export function createItemReader(type: string, event: JsonObject): ItemReader | null {
  const item = isRecord(event.item) ? withoutStatus(event.item) : {};
  switch (item.type ?? typeOf(type, event)) {
    case "message":
      return new MessageReader(item);
    case "reasoning":
      return new ReasoningReader(item);
    case "function_call":
      return new CallReader({ type: "function_call", ...item });
    case "custom_tool_call":
      return new CallReader({ type: "custom_tool_call", ...item });
    case undefined:
      return null;
    default:
      return new WholeReader(item);
  }
}

/** The type of the item that an event belongs to, where the item itself was not announced. */
function typeOf(type: string, event: JsonObject): string | undefined {
  if (type.startsWith("response.function_call_arguments.")) return "function_call";
  if (type.startsWith("response.custom_tool_call_input.")) return "custom_tool_call";
  if (type.startsWith("response.reasoning")) return "reasoning";
  if (type.startsWith("response.content_part."))
    return recordOf(event.part)?.type === "reasoning_text" ? "reasoning" : "message";
  return type.startsWith("response.output_text.") || type.startsWith("response.refusal.")
    ? "message"
    : undefined;
}

/** A call, which begins when its name is known. */
class CallReader extends PartTeller implements ItemReader {
  #item: JsonObject;
  #open: PartStart | null = null;
  /** Arguments that came before the name. */
  #held = "";

  constructor(item: JsonObject) {
    super();
    this.#item = item;
  }

  get id(): string | undefined {
    return stringOf(this.#item.id);
  }

  take(type: string, event: JsonObject): void {
    if (type.endsWith(".delta")) {
      this.#tell(stringOf(event.delta) ?? "");
      return;
    }
    const item = isRecord(event.item) ? withoutStatus(event.item) : null;
    if (item !== null) {
      // The first event told the id that the client is to know it by.
      this.#item = { ...item, ...(this.#open === null ? {} : { id: this.#item.id }) };
      this.#begin();
    }
    const whole = type.endsWith(".done") ? this.#wholeIn(item ?? event) : undefined;
    if (whole !== undefined && whole !== "") this.#complete(whole);
    if (type === "response.output_item.done") this.close();
  }

  close(): void {
    if (this.#open !== null) {
      const { extensions } = callOf(this.#item);
      this.endPart(extensions);
    }
    this.#open = null;
    this.done = true;
  }

  #wholeIn(of: JsonObject): string | undefined {
    return stringOf(this.#item.type === "custom_tool_call" ? of.input : of.arguments);
  }

  #begin(): void {
    if (this.#open !== null || !this.#item.name) return;
    const { arguments: _text, ...start } = callOf(this.#item);
    this.#open = start;
    this.startPart(start);
    this.deltaOf(this.#held);
    this.#held = "";
  }

  #tell(text: string): void {
    if (this.#open === null) this.#held += text;
    else this.deltaOf(text);
  }

  #complete(whole: string): void {
    if (this.#open === null) this.#held = whole;
    else this.restOf(whole);
  }
}

/** An item that is told when it is done: a hosted tool's, or one of a type that is not known. */
class WholeReader extends PartTeller implements ItemReader {
  readonly id: string | undefined;

  constructor(item: JsonObject) {
    super();
    this.id = stringOf(item.id);
  }

  take(type: string, event: JsonObject): void {
    if (type !== "response.output_item.done" || !isRecord(event.item)) return;
    for (const part of partsOfItem(event.item))
      if (part.kind === "native" || part.kind === "media") this.wholePart(part);
    this.done = true;
  }

  close(): void {
    this.done = true;
  }
}
