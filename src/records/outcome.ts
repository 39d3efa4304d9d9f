import { type AnswerFacts, factsOfResponse } from "../exchange/answer-facts.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import { isRecord } from "../exchange/read.ts";
import { CODECS } from "../formats/codecs.ts";
import { readStream } from "./answer-events.ts";
import { factsOfJson, isPending, lastUsageIn } from "./answer-json.ts";
import type { Capture } from "./capture.ts";
import { plainBody } from "./plain-body.ts";
import type { Trace } from "./trace.ts";

/** What came of a request, read from what passed. */
export interface Outcome {
  /** Null where no model answered, or nothing can be read of its answer. */
  readonly facts: AnswerFacts | null;
  /** Milliseconds after the start; null where the answer was no stream, or said nothing. */
  readonly firstTokenAt: number | null;
  /** The answer as the client got it, unpacked; null where there is none that can be shown. */
  readonly response: Uint8Array | null;
}

/** Longest JSON that is parsed for its facts; of longer answers only the counts are looked for. */
const MAX_PARSED = 256 * 1024;
/** Longest answer that is unpacked. */
const MAX_UNPACKED = 32 * 1024 * 1024;
const EVENT_STREAM = "text/event-stream";
/** Of an answer of which nothing but its counts is known, or nothing else is. */
const COUNTS_ALONE = { model: null, finish: null, serviceTier: null, uncounted: [], complete: true } as const;

/** Reads what came of a finished request; at once for the usual answers, otherwise in slices and off the main thread. */
export function readOutcome(trace: Trace, capture: Capture): Outcome | Promise<Outcome> {
  const { chunks, contentEncoding } = capture;
  if (chunks.length === 0 || contentEncoding === null || contentEncoding === "identity")
    return readPlain(trace, capture, bytesOf(capture));
  return unpackAndRead(trace, capture, contentEncoding);
}

/** Bytes of an answer: all of them in `chunks`, or its beginning, with its end in `tail`. */
interface Captured extends Pick<Capture, "times"> {
  readonly chunks: readonly Uint8Array[];
  readonly tail: readonly Uint8Array[];
}

function bytesOf({ chunks, times, tail, gap }: Capture): Captured {
  return gap || tail.length === 0
    ? { chunks, times, tail }
    : { chunks: [...chunks, ...tail], times, tail: [] };
}

async function unpackAndRead(trace: Trace, capture: Capture, coding: string): Promise<Outcome> {
  // Nothing can be unpacked from behind a gap.
  const plain = await plainBody(joined(bytesOf(capture).chunks), coding, MAX_UNPACKED);
  if (plain !== null) return readPlain(trace, capture, { chunks: [plain], times: [], tail: [] });
  return { facts: capture.converted?.() ?? null, firstTokenAt: null, response: null };
}

function readPlain(trace: Trace, capture: Capture, bytes: Captured): Outcome | Promise<Outcome> {
  const response = bytes.chunks.length === 0 ? null : joined(bytes.chunks);
  const format = trace.clientFormat ?? trace.targetFormat;
  if (format === null || trace.status >= 400 || response === null)
    return { facts: capture.converted?.() ?? null, firstTokenAt: null, response };
  const isStream = capture.contentType?.startsWith(EVENT_STREAM) === true || response[0] === 0x5b;
  if (isStream && (trace.operation === "generate" || trace.operation === "completions"))
    return readStreamed(trace, capture, bytes, format, response);
  const facts = capture.converted?.() ?? wholeFacts(trace, bytes, format, response);
  return { facts, firstTokenAt: null, response };
}

async function readStreamed(
  trace: Trace,
  capture: Capture,
  bytes: Captured,
  format: Format,
  response: Uint8Array,
): Promise<Outcome> {
  // Of a converted stream the client's bytes tell when its first output left, and the conversion the rest.
  const { facts, firstOutput } = await readStream(format, bytes);
  const at = firstOutput === null ? undefined : bytes.times[firstOutput];
  const firstTokenAt = at === undefined ? null : at - trace.startedTick;
  return {
    facts: capture.converted?.() ?? withHidden(facts, format, capture.hidden),
    firstTokenAt,
    response,
  };
}

/** With what was told in an event that the client did not get. */
function withHidden(facts: AnswerFacts, format: Format, hidden: Uint8Array | null): AnswerFacts {
  const usage = hidden === null ? undefined : lastUsageIn(format, bufferOf(hidden));
  return usage === undefined ? facts : { ...facts, usage, uncounted: [] };
}

function wholeFacts(
  trace: Trace,
  { tail }: Captured,
  format: Format,
  response: Uint8Array,
): AnswerFacts | null {
  const text = bufferOf(response);
  try {
    if (trace.operation === "count-tokens") return countedFacts(format, text);
    if (tail.length === 0 && text.length <= MAX_PARSED) return parsedFacts(trace, format, text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof GatewayError)) throw error;
    return null;
  }
  const usage = lastUsageIn(format, tail.length === 0 ? text : Buffer.concat(tail));
  return { ...COUNTS_ALONE, usage };
}

function parsedFacts(trace: Trace, format: Format, text: Buffer): AnswerFacts | null {
  if (trace.operation === "embeddings") {
    // Vectors are long, and the counts stand behind them.
    const usage = lastUsageIn(format, text);
    return { ...COUNTS_ALONE, usage };
  }
  const body: unknown = JSON.parse(text.toString("utf8"));
  if (!isRecord(body) || isPending(format, body)) return null;
  const facts = factsOfJson(format, body);
  if (facts.usage?.output !== undefined) return { ...facts, uncounted: [], complete: true };
  if (trace.operation !== "generate" && trace.operation !== "completions") return null;
  return factsOfResponse(CODECS[format].generate.readResponse(body));
}

function countedFacts(format: Format, text: Buffer): AnswerFacts | null {
  const count = CODECS[format].count;
  if (count === null) return null;
  const input = count.readResponse(JSON.parse(text.toString("utf8")));
  return { ...COUNTS_ALONE, usage: { input } };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
