import type { Losses } from "../../exchange/losses.ts";
import type { Citation } from "../../exchange/parts.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { PartStart } from "../../exchange/stream.ts";
import { writeLogprobs } from "./logprobs.ts";
import { searchArguments } from "./tool-search.ts";
import type {
  CustomToolCallItem,
  FunctionCallItem,
  MessageItem,
  OutputItem,
  OutputText,
  ReasoningItem,
  ToolSearchCallItem,
} from "./wire.ts";
import { addThought, isFull, writeRefusal, writeText } from "./write-output.ts";

/** A part that is being written. Its events are put together by hand: there is one for every few words of a stream. */
export interface OpenPart {
  begin(): string;
  delta(text: string, logprobs?: readonly TokenLogprob[]): string;
  cite(citation: Citation): void;
  /** Tells the part as done and puts it into its item. */
  end(): string;
}

interface Place {
  readonly outputIndex: number;
  readonly item: OutputItem;
  readonly part: PartStart;
  readonly losses: Losses;
}

/** `sequence` gives the number of the next event. */
export function partWriter(place: Place, sequence: () => number): OpenPart {
  switch (place.part.kind) {
    case "text":
      return new TextWriter(place, sequence);
    case "refusal":
      return new RefusalWriter(place, sequence);
    case "reasoning":
      return new ThoughtWriter(place, sequence);
    case "tool-call":
      return place.item.type === "tool_search_call"
        ? new SearchWriter(place.item as ToolSearchCallItem)
        : new CallWriter(place, sequence);
  }
}

/** What all have in common: the text so far, and events that name the item. */
abstract class PartWriter implements OpenPart {
  protected text = "";
  readonly #sequence: () => number;
  readonly #item: string;
  /** What stands before a delta's text in its event, and what after it. */
  readonly #before: string;
  readonly #after: string;

  constructor(place: Place, sequence: () => number, deltaType: string, index: string, after = "") {
    this.#sequence = sequence;
    this.#item = `"item_id":${JSON.stringify(place.item.id)},"output_index":${place.outputIndex}${index}`;
    this.#before = `event: ${deltaType}\ndata: {"type":"${deltaType}",${this.#item},"delta":`;
    this.#after = after;
  }

  abstract begin(): string;
  abstract end(): string;

  delta(text: string, _logprobs?: readonly TokenLogprob[]): string {
    this.text += text;
    return `${this.#before}${JSON.stringify(text)}${this.#after},"sequence_number":${this.#sequence()}}\n\n`;
  }

  cite(_citation: Citation): void {}

  /** An event about the part; `members` is JSON text with a comma before it. */
  protected tell(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}",${this.#item}${members},"sequence_number":${this.#sequence()}}\n\n`;
  }
}

class TextWriter extends PartWriter {
  readonly #place: Place;
  readonly #message: MessageItem;
  readonly #citations: Citation[] = [];
  readonly #logprobs: TokenLogprob[] = [];

  constructor(place: Place, sequence: () => number) {
    const message = place.item as MessageItem;
    super(place, sequence, "response.output_text.delta", indexed(message), ',"logprobs":[]');
    this.#place = place;
    this.#message = message;
  }

  begin(): string {
    const { losses, part } = this.#place;
    return this.tell("response.content_part.added", partJson(writeText(asText(part, "", []), [], losses)));
  }

  override delta(text: string, logprobs?: readonly TokenLogprob[]): string {
    if (logprobs === undefined) return super.delta(text);
    this.text += text;
    this.#logprobs.push(...logprobs);
    const told = JSON.stringify(writeLogprobs(logprobs));
    return this.tell("response.output_text.delta", `,"delta":${JSON.stringify(text)},"logprobs":${told}`);
  }

  override cite(citation: Citation): void {
    this.#citations.push(citation);
  }

  end(): string {
    const { losses, part } = this.#place;
    const done = writeText(asText(part, this.text, this.#citations), this.#logprobs, losses);
    this.#message.content.push(done);
    // Not before the text is whole: a citation without a range is of all of it.
    const cited = done.annotations.map((annotation, i) =>
      this.tell(
        "response.output_text.annotation.added",
        `,"annotation_index":${i},"annotation":${JSON.stringify(annotation)}`,
      ),
    );
    const text = `,"text":${JSON.stringify(this.text)},"logprobs":${JSON.stringify(done.logprobs)}`;
    return (
      cited.join("") +
      this.tell("response.output_text.done", text) +
      this.tell("response.content_part.done", partJson(done))
    );
  }
}

function asText(part: PartStart, text: string, citations: readonly Citation[]) {
  return { text, citations, ...(part.extensions === undefined ? {} : { extensions: part.extensions }) };
}

class RefusalWriter extends PartWriter {
  readonly #message: MessageItem;

  constructor(place: Place, sequence: () => number) {
    const message = place.item as MessageItem;
    super(place, sequence, "response.refusal.delta", indexed(message));
    this.#message = message;
  }

  begin(): string {
    return this.tell("response.content_part.added", partJson(writeRefusal("")));
  }

  end(): string {
    const done = writeRefusal(this.text);
    this.#message.content.push(done);
    return (
      this.tell("response.refusal.done", `,"refusal":${JSON.stringify(this.text)}`) +
      this.tell("response.content_part.done", partJson(done))
    );
  }
}

/** Where a thought's text stands, and what its events are called. */
interface ThoughtPlace {
  readonly type: "summary_text" | "reasoning_text";
  readonly partEvents: string;
  readonly textEvents: string;
  readonly index: string;
}

const SUMMARY: ThoughtPlace = {
  type: "summary_text",
  partEvents: "response.reasoning_summary_part",
  textEvents: "response.reasoning_summary_text",
  index: "summary_index",
};
const CONTENT: ThoughtPlace = {
  type: "reasoning_text",
  partEvents: "response.content_part",
  textEvents: "response.reasoning_text",
  index: "content_index",
};

/** Begins with its first words: a thought that is sealed only has no text to be told. */
class ThoughtWriter extends PartWriter {
  readonly #item: ReasoningItem;
  readonly #place: ThoughtPlace;

  constructor(place: Place, sequence: () => number) {
    const item = place.item as ReasoningItem;
    const where = isFull(place.part) ? CONTENT : SUMMARY;
    const index = where === CONTENT ? (item.content?.length ?? 0) : item.summary.length;
    super(place, sequence, `${where.textEvents}.delta`, `,"${where.index}":${index}`);
    this.#item = item;
    this.#place = where;
  }

  begin(): string {
    return "";
  }

  override delta(text: string): string {
    if (this.text !== "") return super.delta(text);
    const { partEvents, type } = this.#place;
    return this.tell(`${partEvents}.added`, partJson({ type, text: "" })) + super.delta(text);
  }

  end(): string {
    if (this.text === "") return "";
    const { type, partEvents, textEvents } = this.#place;
    const done = { type, text: this.text };
    addThought(this.#item, done);
    return (
      this.tell(`${textEvents}.done`, `,"text":${JSON.stringify(this.text)}`) +
      this.tell(`${partEvents}.done`, partJson(done))
    );
  }
}

class CallWriter extends PartWriter {
  readonly #item: FunctionCallItem | CustomToolCallItem;

  constructor(place: Place, sequence: () => number) {
    const item = place.item as FunctionCallItem | CustomToolCallItem;
    super(place, sequence, `${eventsOf(item)}.delta`, "");
    this.#item = item;
  }

  begin(): string {
    return "";
  }

  end(): string {
    const item = this.#item;
    if (item.type === "custom_tool_call") {
      item.input = this.text;
      return this.tell(`${eventsOf(item)}.done`, `,"input":${JSON.stringify(this.text)}`);
    }
    // A call without arguments has an empty object of them, and the deltas are to tell all of it.
    const whole = this.text === "" ? this.delta("{}") : "";
    item.arguments = this.text;
    const members = `,"name":${JSON.stringify(item.name)},"arguments":${JSON.stringify(this.text)}`;
    return whole + this.tell(`${eventsOf(item)}.done`, members);
  }
}

/** A call of the client's search for tools has no events of its own: its item is told when it is whole. */
class SearchWriter implements OpenPart {
  readonly #item: ToolSearchCallItem;
  #text = "";

  constructor(item: ToolSearchCallItem) {
    this.#item = item;
  }

  begin(): string {
    return "";
  }

  delta(text: string): string {
    this.#text += text;
    return "";
  }

  cite(): void {}

  end(): string {
    this.#item.arguments = searchArguments(this.#text);
    return "";
  }
}

function eventsOf(item: FunctionCallItem | CustomToolCallItem): string {
  return item.type === "custom_tool_call"
    ? "response.custom_tool_call_input"
    : "response.function_call_arguments";
}

const indexed = (message: MessageItem) => `,"content_index":${message.content.length}`;
const partJson = (part: OutputText | object) => `,"part":${JSON.stringify(part)}`;
