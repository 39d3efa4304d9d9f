import { type AnswerFacts, factsOfResponse, StreamFacts } from "../exchange/answer-facts.ts";
import { Assembler } from "../exchange/assemble.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { GenerateResponse } from "../exchange/response.ts";
import { eventsOf } from "../exchange/split.ts";
import type { StreamEvent } from "../exchange/stream.ts";
import type { ToldError } from "../exchange/told-error.ts";
import type { AnswerContext, ClientCodec, StreamWriter, TargetCodec } from "../formats/codec.ts";
import type { ByteSource } from "../lib/byte-source.ts";
import { SseSplitter } from "../lib/sse.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import type { SealStash } from "./seals.ts";
import { ConvertedStream, errorOf, toldOf } from "./stream.ts";
import { ToolEvents } from "./tool-events.ts";
import type { ToolAdapter } from "./tools.ts";

export interface AnswerParts {
  readonly client: ClientCodec;
  readonly target: TargetCodec;
  readonly context: AnswerContext;
  readonly tools: ToolAdapter;
  readonly stash: SealStash;
  /** The gateway key whose answer it is. */
  readonly owner: string;
  /** Whether the stream is one JSON array, as Gemini's is without `alt=sse`. */
  readonly asArray: boolean;
}

/** White space says nothing between the elements of an array. */
const ARRAY_KEEP_ALIVE = "\n";

/** The answer to one try, on its way from the target's format to the client's. */
export class GenerateAnswer implements AnswerConverter {
  readonly streams: boolean;
  readonly contentType: string;
  readonly keepAlive: string | null;
  readonly #parts: AnswerParts;
  #writer: StreamWriter | null = null;
  #facts: (() => AnswerFacts) | null = null;

  constructor(parts: AnswerParts) {
    const { client, asArray } = parts;
    this.#parts = parts;
    this.streams = parts.context.request.stream;
    this.contentType = this.streams && !asArray ? "text/event-stream" : "application/json";
    this.keepAlive = asArray ? ARRAY_KEEP_ALIVE : client.keepAlive;
  }

  get losses(): readonly string[] {
    return this.#parts.context.losses.items;
  }

  whole(body: Uint8Array, isEvents: boolean): Uint8Array {
    const { target, tools, client, context, stash, owner } = this.#parts;
    const read = isEvents ? readEvents(target, body) : target.readResponse(parsed(body));
    const response = { ...read, choices: read.choices.map((choice) => tools.answer(choice)) };
    for (const choice of response.choices) stash.keep(owner, choice.parts);
    this.#facts = () => factsOfResponse(read);
    if (!this.streams) return Buffer.from(JSON.stringify(client.writeResponse(response, context)));
    const writer = this.#startWriter();
    let text = "";
    for (const event of eventsOf(response)) text += writer.write(event);
    return Buffer.from(text);
  }

  stream(source: ByteSource): ByteSource {
    const { target, tools, stash, owner } = this.#parts;
    const toolEvents = new ToolEvents(tools);
    const assembler = new Assembler();
    const facts = new StreamFacts();
    this.#facts = () => facts.facts();
    return new ConvertedStream(source, {
      reader: target.createStreamReader(),
      writer: this.#startWriter(),
      adapt(event) {
        facts.take(event);
        const adapted = toolEvents.take(event);
        for (const each of adapted) assembler.take(each);
        if (event.type === "end")
          for (const choice of assembler.result().response.choices) stash.keep(owner, choice.parts);
        return adapted;
      },
    });
  }

  streamError(error: GatewayError): string {
    return (this.#writer ?? this.#startWriter()).write({ type: "error", error: toldOf(error) });
  }

  facts(): AnswerFacts | null {
    return this.#facts?.() ?? null;
  }

  readError(body: unknown, status: number): ToldError {
    return this.#parts.target.readError(body, status);
  }

  #startWriter(): StreamWriter {
    const { client, context, asArray } = this.#parts;
    this.#writer =
      asArray && client.createArrayStreamWriter !== undefined
        ? client.createArrayStreamWriter(context)
        : client.createStreamWriter(context);
    return this.#writer;
  }
}

/** A target's JSON. Throws upstream_invalid. */
export function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw new GatewayError("upstream_invalid", "The upstream's answer is not the JSON that it says it is.", {
      cause: error,
    });
  }
}

/** A stream that came where a whole answer was asked for. */
function readEvents(target: TargetCodec, body: Uint8Array): GenerateResponse {
  const reader = target.createStreamReader();
  const splitter = new SseSplitter();
  const assembler = new Assembler();
  const take = (events: readonly StreamEvent[]) => {
    for (const event of events) assembler.take(event);
  };
  splitter.push(body, (event) => take(reader.push(event)));
  splitter.end((event) => take(reader.push(event)));
  take(reader.end());
  const { response, error } = assembler.result();
  if (error !== null) throw errorOf(error);
  return response;
}
