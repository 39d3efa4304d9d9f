import { GatewayError } from "../../exchange/errors.ts";
import { isRecord, type JsonObject, numberOf, restOf, stringOf } from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { StreamReader } from "../codec.ts";
import { readErrorEvent } from "./errors.ts";
import { extended } from "./extensions.ts";
import { OpenBlock } from "./open-block.ts";
import { answerExtensions, readStop } from "./read-response.ts";
import { laterUsage, readUsage, restOfUsage } from "./usage.ts";

export function createStreamReader(): StreamReader {
  return new AnthropicStreamReader();
}

/** Members of `message_start`'s message that are told by events of their own. */
const MESSAGE: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "stop_details",
  "container",
  "usage",
]);

class AnthropicStreamReader implements StreamReader {
  readonly #blocks = new BlocksInOrder();
  #started = false;
  #ended = false;
  #usage: JsonObject = {};
  /** What `message_delta` told of the end; null before. */
  #stop: JsonObject | null = null;

  push({ data }: SseEvent): readonly StreamEvent[] {
    if (this.#ended || data === "" || data === "[DONE]") return [];
    const event = parse(data);
    if (event === null) return [];
    const out: StreamEvent[] = [];
    this.#take(event, out);
    return out;
  }

  end(): readonly StreamEvent[] {
    if (this.#ended) return [];
    const out: StreamEvent[] = [];
    // A server that leaves message_stop out has told why the answer ended.
    if (this.#stop !== null) this.#finish(out);
    else out.push({ type: "error", error: DISCONNECTED });
    this.#ended = true;
    return out;
  }

  #take(event: JsonObject, out: StreamEvent[]): void {
    switch (event.type) {
      case "message_start":
        this.#begin(isRecord(event.message) ? event.message : {}, out);
        return;
      case "content_block_start":
        this.#begin({}, out);
        if (isRecord(event.content_block)) this.#blocks.open(indexOf(event), event.content_block, out);
        return;
      case "content_block_delta":
        this.#begin({}, out);
        if (isRecord(event.delta)) this.#blocks.delta(indexOf(event), event.delta, out);
        return;
      case "content_block_stop":
        this.#blocks.close(indexOf(event), out);
        return;
      case "message_delta":
        this.#begin({}, out);
        this.#messageDelta(event, out);
        return;
      case "message_stop":
        this.#begin({}, out);
        this.#finish(out);
        return;
      case "error":
        this.#ended = true;
        out.push({ type: "error", error: readErrorEvent(event) ?? DISCONNECTED });
    }
  }

  /** The first event begins the answer, whatever it is; a message_start that comes again only counts. */
  #begin(message: JsonObject, out: StreamEvent[]): void {
    if (!this.#started) {
      this.#started = true;
      const usage = isRecord(message.usage) ? message.usage : {};
      const serviceTier = stringOf(usage.service_tier);
      out.push({
        type: "start",
        id: stringOf(message.id) ?? "",
        model: stringOf(message.model) ?? "",
        ...(serviceTier === undefined ? {} : { serviceTier }),
        ...extended(restOf(message, MESSAGE)),
      });
    }
    if (isRecord(message.usage)) this.#count(message.usage, out);
  }

  #count(usage: JsonObject, out: StreamEvent[]): void {
    this.#usage = laterUsage(this.#usage, usage);
    out.push({ type: "usage", usage: readUsage(this.#usage) });
  }

  #messageDelta(event: JsonObject, out: StreamEvent[]): void {
    if (isRecord(event.usage)) this.#count(event.usage, out);
    if (!isRecord(event.delta)) return;
    const { stop_reason } = event.delta;
    if (typeof stop_reason === "string") this.#stop = { ...this.#stop, ...event.delta };
  }

  #finish(out: StreamEvent[]): void {
    this.#ended = true;
    this.#blocks.closeAll(out);
    const { finish, ...stop } = readStop(this.#stop ?? {});
    out.push({ type: "finish", choice: 0, reason: finish, ...stop });
    out.push({ type: "end", ...answerExtensions(undefined, restOfUsage(this.#usage)) });
  }
}

const DISCONNECTED = {
  status: 502,
  message: "The provider's stream ended before its answer was complete.",
  code: "upstream_disconnected",
};

function indexOf(event: JsonObject): number {
  return numberOf(event.index) ?? 0;
}

function parse(data: string): JsonObject | null {
  try {
    const event: unknown = JSON.parse(data);
    return isRecord(event) ? event : null;
  } catch (cause) {
    throw new GatewayError("upstream_invalid", "The provider's stream holds an event that is not JSON.", {
      cause,
    });
  }
}

interface QueuedBlock {
  readonly index: number;
  readonly block: OpenBlock;
  /** Events that wait until the blocks before have ended. */
  readonly waiting: StreamEvent[];
  closed: boolean;
}

/** Lets one block out after the other, in the order of their starts, also where the server mixes their pieces. */
class BlocksInOrder {
  readonly #queue: QueuedBlock[] = [];

  open(index: number, wire: JsonObject, out: StreamEvent[]): void {
    if (this.#find(index) !== undefined) return;
    const block = new OpenBlock(wire);
    const queued = { index, block, waiting: [], closed: false };
    this.#queue.push(queued);
    this.#emit(queued, block.begin(), out);
  }

  delta(index: number, delta: JsonObject, out: StreamEvent[]): void {
    if (this.#find(index) === undefined) {
      // A start that did not come; of a tool's call nothing could be made without its name.
      const type = IMPLIED.get(delta.type);
      if (type === undefined) return;
      this.open(index, { type }, out);
    }
    const queued = this.#find(index)!;
    this.#emit(queued, queued.block.delta(delta), out);
  }

  close(index: number, out: StreamEvent[]): void {
    const queued = this.#find(index);
    if (queued === undefined) return;
    queued.closed = true;
    this.#emit(queued, queued.block.end(), out);
    while (this.#queue[0]?.closed === true) {
      this.#queue.shift();
      const next = this.#queue[0];
      if (next !== undefined) out.push(...next.waiting.splice(0));
    }
  }

  closeAll(out: StreamEvent[]): void {
    for (const { index, closed } of [...this.#queue]) if (!closed) this.close(index, out);
  }

  /** The open block of an index. */
  #find(index: number): QueuedBlock | undefined {
    return this.#queue.find((queued) => queued.index === index && !queued.closed);
  }

  #emit(queued: QueuedBlock, events: readonly StreamEvent[], out: StreamEvent[]): void {
    (queued === this.#queue[0] ? out : queued.waiting).push(...events);
  }
}

const IMPLIED: ReadonlyMap<unknown, string> = new Map([
  ["text_delta", "text"],
  ["citations_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "thinking"],
]);
