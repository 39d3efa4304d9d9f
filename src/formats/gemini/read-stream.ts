import { GatewayError } from "../../exchange/errors.ts";
import { arrayOf, isRecord, type JsonObject, recordOf, restOf, stringOf } from "../../exchange/read.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { StreamReader } from "../codec.ts";
import { readError } from "./errors.ts";
import { extended } from "./extensions.ts";
import { CandidateReader } from "./read-candidate.ts";
import { readUsage } from "./usage.ts";

const KNOWN: ReadonlySet<string> = new Set(["candidates", "modelVersion", "responseId"]);

/** Service tiers that other APIs call otherwise. */
const TIERS: Readonly<Record<string, string>> = { standard: "default" };

export function createStreamReader(): StreamReader {
  return new AnswerReader();
}

/**
 * Reads an answer, whole or in chunks, each of which is an answer in itself. The stream has no end mark: it is complete
 * when every candidate has said how it ended, or the prompt was refused.
 */
export class AnswerReader implements StreamReader {
  readonly #candidates = new Map<number, CandidateReader>();
  /** Members of the answer beside those of the neutral form, each the latest. */
  #rest: JsonObject | undefined;
  #usage: JsonObject | undefined;
  #started = false;
  #ended = false;

  push(event: SseEvent): readonly StreamEvent[] {
    if (this.#ended || event.data === "" || event.data === "[DONE]") return [];
    return this.take(parsed(event.data));
  }

  /** The events that a chunk, or a whole answer, tells. */
  take(chunk: unknown): readonly StreamEvent[] {
    if (!isRecord(chunk))
      throw new GatewayError("upstream_invalid", "The provider's stream is not Gemini's.");
    const events: StreamEvent[] = [];
    this.#start(chunk, events);
    if (chunk.error !== undefined && chunk.error !== null) {
      this.#fail(readError(chunk, 502), events);
      return events;
    }
    arrayOf(chunk.candidates).forEach((candidate, place) => {
      if (isRecord(candidate)) this.#candidate(candidate, place, events);
    });
    const rest = restOf(chunk, KNOWN);
    if (rest !== undefined) this.#rest = { ...this.#rest, ...rest };
    this.#count(recordOf(chunk.usageMetadata), events);
    return events;
  }

  /** `whole` is of an answer that was not streamed: it is over, whether it says so or not. */
  end(whole = false): readonly StreamEvent[] {
    if (this.#ended) return [];
    const events: StreamEvent[] = [];
    const refused =
      this.#candidates.size === 0 && recordOf(this.#rest?.promptFeedback)?.blockReason !== undefined;
    const finished = this.#candidates.size > 0 && [...this.#candidates.values()].every((one) => one.finished);
    this.#start({}, events);
    if (!refused && !finished && !whole) {
      const message = "The provider's stream ended before the answer did.";
      this.#fail({ status: 502, message, code: "upstream_disconnected" }, events);
      return events;
    }
    for (const candidate of this.#candidates.values()) candidate.end(events);
    if (refused) events.push({ type: "finish", choice: 0, reason: "content-filter" });
    const tier = stringOf(this.#usage?.serviceTier)?.toLowerCase();
    const serviceTier = tier === undefined ? {} : { serviceTier: TIERS[tier] ?? tier };
    events.push({ type: "end", ...serviceTier, ...extended(this.#rest) });
    this.#ended = true;
    return events;
  }

  #start(chunk: JsonObject, events: StreamEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    const createdAt = Math.floor(Date.parse(stringOf(chunk.createTime) ?? "") / 1000);
    events.push({
      type: "start",
      id: stringOf(chunk.responseId) ?? "",
      model: stringOf(chunk.modelVersion) ?? "",
      ...(Number.isNaN(createdAt) ? {} : { createdAt }),
    });
  }

  #candidate(candidate: JsonObject, place: number, events: StreamEvent[]): void {
    const index = Number.isInteger(candidate.index) ? (candidate.index as number) : place;
    let reader = this.#candidates.get(index);
    if (reader === undefined) {
      reader = new CandidateReader(index);
      this.#candidates.set(index, reader);
    }
    reader.take(candidate, events);
  }

  /** Every chunk tells the counts so far, mostly the same as before. */
  #count(usage: JsonObject | undefined, events: StreamEvent[]): void {
    if (usage === undefined) return;
    const before = this.#usage;
    this.#usage = usage;
    if (COUNTS.every((count) => before?.[count] === usage[count])) return;
    const read = readUsage(usage);
    if (read !== undefined) events.push({ type: "usage", usage: read });
  }

  #fail(error: ToldError, events: StreamEvent[]): void {
    this.#ended = true;
    events.push({ type: "error", error });
  }
}

const COUNTS = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"];

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new GatewayError("upstream_invalid", "The provider's stream holds an event that is no JSON.", {
      cause,
    });
  }
}
