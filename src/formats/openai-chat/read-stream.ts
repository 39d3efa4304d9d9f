import { GatewayError } from "../../exchange/errors.ts";
import {
  arrayOf,
  countOf,
  isRecord,
  type JsonObject,
  numberOf,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { StreamReader } from "../codec.ts";
import { readUsage } from "../openai-usage.ts";
import { readError, readToldError } from "./errors.ts";
import { extended } from "./own.ts";
import { ChoiceReader } from "./read-choice.ts";
import { usageMembers } from "./read-response.ts";

/** What is no news of the answer: `obfuscation` is there to hide the pieces' lengths. */
const CHUNK = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "obfuscation",
]);

export function createStreamReader(): StreamReader {
  return new ChatStreamReader();
}

class ChatStreamReader implements StreamReader {
  readonly #choices = new Map<number, ChoiceReader>();
  /** Members of the chunks so far; null once they are told. */
  #head: JsonObject | null = {};
  #own: JsonObject | undefined;
  #serviceTier: string | undefined;
  #usageMembers: JsonObject | undefined;
  #done = false;

  push(event: SseEvent): readonly StreamEvent[] {
    if (this.#done || event.data === "") return [];
    if (event.data.startsWith("[DONE]")) return this.#complete();
    const chunk = parsed(event.data);
    const error = errorIn(chunk, event);
    return error === null ? this.#takeChunk(chunk) : this.#fail(error);
  }

  end(): readonly StreamEvent[] {
    if (this.#done) return [];
    const readers = [...this.#choices.values()];
    if (readers.length > 0 && readers.every((reader) => reader.finished)) return this.#complete();
    return this.#fail({
      status: 502,
      message: "The upstream's stream ended before the answer was complete.",
      code: "upstream_disconnected",
    });
  }

  #takeChunk(chunk: JsonObject): StreamEvent[] {
    const events: StreamEvent[] = [];
    const choices = arrayOf(chunk.choices);
    const usage = usageIn(chunk, choices);
    this.#serviceTier = stringOf(chunk.service_tier) ?? this.#serviceTier;
    if (this.#head !== null) this.#takeHead(this.#head, chunk);
    // The first chunks of Azure tell of its filters and have no choice, nor an id.
    if (choices.length > 0 || usage !== undefined) this.#start(events);
    for (const [position, choice] of choices.entries()) {
      if (!isRecord(choice)) continue;
      for (const told of this.#choice(countOf(choice.index) ?? position).take(choice)) events.push(told);
    }
    if (usage === undefined) return events;
    const read = readUsage(usage);
    this.#usageMembers = usageMembers(usage);
    if (read !== undefined) events.push({ type: "usage", usage: read });
    return events;
  }

  #takeHead(head: JsonObject, chunk: JsonObject): void {
    this.#head = {
      id: stringOf(head.id) || chunk.id,
      model: stringOf(head.model) || chunk.model,
      created: numberOf(head.created) || chunk.created,
    };
    const own = restOf(chunk, CHUNK);
    if (own !== undefined) this.#own = { ...this.#own, ...own };
  }

  #start(events: StreamEvent[]): void {
    if (this.#head === null) return;
    const { id, model, created } = this.#head;
    const createdAt = numberOf(created);
    events.push({
      type: "start",
      id: stringOf(id) ?? "",
      model: stringOf(model) ?? "",
      ...(createdAt === undefined ? {} : { createdAt: Math.trunc(createdAt) }),
      ...(this.#serviceTier === undefined ? {} : { serviceTier: this.#serviceTier }),
      ...extended(this.#own),
    });
    this.#head = null;
  }

  #choice(index: number): ChoiceReader {
    let reader = this.#choices.get(index);
    if (reader === undefined) {
      reader = new ChoiceReader(index);
      this.#choices.set(index, reader);
    }
    return reader;
  }

  #complete(): StreamEvent[] {
    if (this.#choices.size === 0)
      return this.#fail({
        status: 502,
        message: "The upstream's stream had no answer in it.",
        code: "upstream_invalid",
      });
    this.#done = true;
    return [
      ...[...this.#choices.values()].flatMap((reader) => reader.complete()),
      {
        type: "end",
        ...(this.#serviceTier === undefined ? {} : { serviceTier: this.#serviceTier }),
        ...extended(this.#usageMembers === undefined ? undefined : { usage: this.#usageMembers }),
      },
    ];
  }

  #fail(error: ToldError): StreamEvent[] {
    this.#done = true;
    return [{ type: "error", error }];
  }
}

function parsed(data: string): JsonObject {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch (cause) {
    throw new GatewayError("upstream_invalid", "The upstream's stream holds an event that is no JSON.", {
      cause,
    });
  }
  if (!isRecord(chunk))
    throw new GatewayError(
      "upstream_invalid",
      "The upstream's stream holds an event that is no JSON object.",
    );
  return chunk;
}

/** An error in a stream: OpenAI's `{error: {…}}`, vLLM's `{object: "error", message, code}`, or an event of that name. */
function errorIn(chunk: JsonObject, { event }: SseEvent): ToldError | null {
  if (chunk.error !== undefined && chunk.error !== null) return readToldError(chunk);
  if (chunk.object !== "error" && event !== "error") return null;
  return { ...readError(chunk, readToldError({ error: chunk }).status) };
}

/** A chunk's usage. Groq has it in `x_groq`, Moonshot in the choice. */
function usageIn(chunk: JsonObject, choices: readonly unknown[]): unknown {
  if (isRecord(chunk.usage)) return chunk.usage;
  if (isRecord(chunk.x_groq) && isRecord(chunk.x_groq.usage)) return chunk.x_groq.usage;
  const [choice] = choices;
  return isRecord(choice) && isRecord(choice.usage) ? choice.usage : undefined;
}
