import { type AnswerFacts, StreamFacts } from "../exchange/answer-facts.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import { CODECS } from "../formats/codecs.ts";
import { JsonSyntaxError, skipSpace, skipValue } from "../lib/json-scan.ts";
import { type SseEvent, SseSplitter } from "../lib/sse.ts";
import { lastUsageIn } from "./answer-json.ts";
import { pause, Slice } from "./slices.ts";

/** What a stream told, and when its first output left. */
export interface StreamReading {
  readonly facts: AnswerFacts;
  /** Which of the chunks held the model's first output; null where none did. */
  readonly firstOutput: number | null;
}

/** A stream as it was captured. */
export interface CapturedStream {
  readonly chunks: readonly Uint8Array[];
  /** The end of the stream where something is missing before it; otherwise empty. */
  readonly tail: readonly Uint8Array[];
}

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
/** After this many bytes, chunks are put together: a stream in single bytes would take for ever. */
const JOINED_BYTES = 64 * 1024;

/** Reads a stream of a format, SSE or one JSON array, in slices between which other work runs. */
export async function readStream(format: Format, stream: CapturedStream): Promise<StreamReading> {
  const reading = new Reading(format);
  const slice = new Slice();
  const first = stream.chunks.find((chunk) => chunk.length > 0);
  if (first === undefined) return reading.result();
  if (first[0] === OPEN_BRACKET) {
    await reading.readArray(Buffer.concat(stream.chunks), slice);
  } else {
    let index = 0;
    for (; index < stream.chunks.length && reading.firstOutput === null; index++) {
      reading.push(stream.chunks[index]!, index);
      if (slice.over()) await pause();
    }
    for (const joined of joinedChunks(stream.chunks, index)) {
      reading.push(joined, index);
      if (slice.over()) await pause();
    }
    if (stream.tail.length === 0) reading.end();
  }
  if (stream.tail.length > 0) reading.readTail(Buffer.concat(stream.tail));
  return reading.result();
}

function* joinedChunks(chunks: readonly Uint8Array[], from: number): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (let i = from; i < chunks.length; i++) {
    waiting.push(chunks[i]!);
    bytes += chunks[i]!.length;
    if (bytes < JOINED_BYTES && i < chunks.length - 1) continue;
    yield waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
}

class Reading {
  firstOutput: number | null = null;
  readonly #format: Format;
  readonly #reader;
  readonly #splitter = new SseSplitter();
  readonly #facts = new StreamFacts();
  #late: Partial<AnswerFacts> = {};
  /** What is no stream of the format is read no further; what it told before counts. */
  #broken = false;
  #at = 0;

  constructor(format: Format) {
    this.#format = format;
    this.#reader = CODECS[format].generate.createStreamReader();
  }

  push(chunk: Uint8Array, index: number): void {
    this.#at = index;
    this.#safely(() => this.#splitter.push(chunk, this.#take));
  }

  end(): void {
    this.#safely(() => {
      this.#splitter.end(this.#take);
      for (const event of this.#reader.end()) this.#facts.take(event);
    });
  }

  /** The elements of an array whose end may be missing. */
  async readArray(text: Buffer, slice: Slice): Promise<void> {
    let at = skipSpace(text, skipSpace(text, 0) + 1);
    while (at < text.length && !this.#broken) {
      const end = endOfValue(text, at);
      if (end === null) return;
      const element = text.toString("utf8", at, end);
      this.#safely(() => this.#take({ event: null, data: element }));
      at = skipSpace(text, end);
      if (text[at] !== COMMA) break;
      at = skipSpace(text, at + 1);
      if (slice.over()) await pause();
    }
    if (at < text.length) this.end();
  }

  /** The stream's end, which begins somewhere within an event. */
  readTail(tail: Buffer): void {
    const begins = tail.indexOf("\n\n");
    const usage = lastUsageIn(this.#format, tail);
    if (begins >= 0) {
      const last = new Reading(this.#format);
      last.push(tail.subarray(begins + 2), 0);
      last.end();
      const { finish, complete } = last.result().facts;
      this.#late = { finish, complete };
    }
    if (usage !== undefined)
      this.#late = { ...this.#late, usage: { ...this.#facts.facts().usage, ...usage } };
  }

  result(): StreamReading {
    const facts = this.#facts.facts();
    const usage = this.#late.usage ?? facts.usage;
    const finish = this.#late.finish ?? facts.finish;
    const complete = this.#late.complete ?? facts.complete;
    return { facts: { ...facts, usage, finish, complete }, firstOutput: this.firstOutput };
  }

  readonly #take = (event: SseEvent): void => {
    for (const told of this.#reader.push(event)) this.#facts.take(told);
    if (this.firstOutput === null && this.#facts.begun) this.firstOutput = this.#at;
  };

  #safely(work: () => void): void {
    if (this.#broken) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof GatewayError || error instanceof RangeError || error instanceof SyntaxError))
        throw error;
      this.#broken = true;
    }
  }
}

/** Null where the value's end is missing. */
function endOfValue(text: Buffer, at: number): number | null {
  try {
    return skipValue(text, at);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}
