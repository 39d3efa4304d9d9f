import { GatewayError } from "../../exchange/errors.ts";
import { arrayOf, isRecord, type JsonObject, numberOf, recordOf, stringOf } from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { StreamReader } from "../codec.ts";
import { streamErrorOf } from "./errors.ts";
import { createItemReader, type ItemReader } from "./item-reader.ts";
import { extended } from "./own.ts";
import { finishOf, responseMembers, startOf } from "./read-response.ts";
import { readUsage } from "./usage.ts";

/**
 * Reads a stream of Responses events. An item is known by its `output_index`, for some providers change its id from event
 * to event; where items overlap, the later one waits until the earlier is done. What deltas left out is taken from the
 * events that tell a text as done.
 */
export class ResponsesStreamReader implements StreamReader {
  readonly #items = new Map<number, ItemReader>();
  /** Items that are not done, in the order they began; only the first one's events are handed on. */
  readonly #open: ItemReader[] = [];
  #events: StreamEvent[] = [];
  #started = false;
  #over = false;
  /** The item that an event without an index is about. */
  #lastIndex = 0;

  push(event: SseEvent): readonly StreamEvent[] {
    if (this.#over || event.data === "" || event.data === "[DONE]") return [];
    this.#take(parse(event.data));
    return this.#given();
  }

  end(): readonly StreamEvent[] {
    if (this.#over) return [];
    this.#over = true;
    const message = "The upstream's stream ended before the response was complete.";
    this.#events.push({ type: "error", error: { status: 502, message, code: "upstream_disconnected" } });
    return this.#given();
  }

  #given(): readonly StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #take(event: JsonObject): void {
    switch (event.type) {
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        this.#start(recordOf(event.response) ?? {});
        return;
      case "response.completed":
      case "response.incomplete":
        this.#finish(recordOf(event.response) ?? {}, event.type);
        return;
      case "response.failed":
      case "error":
        this.#fail(event);
        return;
      default:
        if (typeof event.type === "string") this.#takeOfItem(event.type, event);
        else if (event.error !== undefined) this.#fail({ type: "error", ...event });
        else
          throw new GatewayError("upstream_invalid", "The upstream sent an event that is none of Responses.");
    }
  }

  #start(response: JsonObject): void {
    if (this.#started) return;
    this.#started = true;
    this.#events.push({ type: "start", ...startOf(response), ...extended(responseMembers(response)) });
  }

  #fail(event: JsonObject): void {
    const error = streamErrorOf(event) ?? { status: 502, message: "The response failed." };
    this.#over = true;
    // What it took is paid for all the same.
    const usage = this.#started ? readUsage(recordOf(event.response)?.usage) : undefined;
    if (usage !== undefined) this.#events.push({ type: "usage", usage });
    this.#events.push({ type: "error", error });
  }

  #takeOfItem(type: string, event: JsonObject): void {
    const index = this.#indexOf(event);
    const item = this.#items.get(index) ?? this.#openItem(index, type, event);
    if (item === null || item.done) return;
    this.#lastIndex = index;
    item.take(type, event);
    this.#drain();
  }

  #indexOf(event: JsonObject): number {
    const told = numberOf(event.output_index);
    if (told !== undefined) return told;
    const id = stringOf(event.item_id) ?? stringOf(recordOf(event.item)?.id);
    for (const [index, item] of this.#items) if (id !== undefined && item.id === id) return index;
    // A new item without an index comes after all others.
    return event.type === "response.output_item.added" ? this.#items.size : this.#lastIndex;
  }

  /** Null for an event that is of no item, or of one that says nothing. */
  #openItem(index: number, type: string, event: JsonObject): ItemReader | null {
    const item = createItemReader(type, event);
    if (item === null) return null;
    this.#start({});
    this.#items.set(index, item);
    this.#open.push(item);
    return item;
  }

  /** Hands on what the first open item tells, and those after it as far as they are done. */
  #drain(): void {
    for (let first = this.#open[0]; first !== undefined; first = this.#open[0]) {
      for (const event of first.given()) this.#events.push(event);
      if (!first.done) return;
      this.#open.shift();
    }
  }

  #finish(response: JsonObject, type: string): void {
    this.#start(response);
    // Of a stream that told no item, its last event tells all.
    if (this.#items.size === 0)
      for (const [i, item] of arrayOf(response.output).entries())
        if (isRecord(item)) this.#takeOfItem("response.output_item.done", { output_index: i, item });
    for (const item of this.#open) item.close();
    this.#drain();
    const usage = readUsage(response.usage);
    if (usage !== undefined) this.#events.push({ type: "usage", usage });
    const status = type.slice("response.".length);
    const kinds = [...this.#items.values()].flatMap((item) => item.kinds);
    const { finish, ...extensions } = finishOf({ ...response, status }, kinds);
    this.#events.push({ type: "finish", choice: 0, reason: finish, ...extensions });
    const { serviceTier } = startOf(response);
    this.#events.push({
      type: "end",
      ...(serviceTier === undefined ? {} : { serviceTier }),
      ...extended(responseMembers(response)),
    });
    this.#over = true;
  }
}

function parse(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new GatewayError("upstream_invalid", "The upstream sent an event that is not JSON.", { cause });
  }
  if (isRecord(value)) return value;
  throw new GatewayError("upstream_invalid", "The upstream sent an event that is none of Responses.");
}
