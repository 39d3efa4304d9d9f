import { isDeepStrictEqual } from "node:util";
import { Assembler } from "../exchange/assemble.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Part } from "../exchange/parts.ts";
import type { GenerateRequest } from "../exchange/request.ts";
import { CODECS } from "../formats/codecs.ts";
import { type SseEvent, SseSplitter } from "../lib/sse.ts";
import type { RecordedBodies, RequestRecord } from "./record.ts";

/** A piece of a message. */
export interface SaidPart {
  readonly kind: Part["kind"];
  /** Words; of a call its arguments, of a result what came out. */
  readonly text?: string | undefined;
  /** The tool's name; of media its type. */
  readonly name?: string | undefined;
  /** By which a result names its call. */
  readonly call_id?: string | undefined;
  readonly is_error?: boolean | undefined;
}

/** As the management API tells it. */
export interface Message {
  readonly role: GenerateRequest["messages"][number]["role"];
  readonly parts: readonly SaidPart[];
}

/** What was said in one request, in no provider's format. */
interface Said {
  readonly messages: readonly Message[];
  readonly answer: Message | null;
}

export interface Turn {
  readonly record: RequestRecord;
  /** Null where nothing was kept that can be read. */
  readonly said: Said | null;
  /** Messages at the beginning that the turn before had asked or got too. */
  readonly repeated: number;
}

/** A request of a conversation; most clients send all that was said before with each of them. */
export function turnOf(record: RequestRecord, bodies: RecordedBodies | null, before: Turn | null): Turn {
  const said = bodies === null ? null : saidIn(record, bodies);
  if (said === null || before?.said == null) return { record, said, repeated: 0 };
  const { messages, answer } = before.said;
  const known = answer === null ? messages : [...messages, answer];
  let repeated = 0;
  while (repeated < known.length && isSame(said.messages[repeated], known[repeated]!)) repeated++;
  return { record, said, repeated };
}

/** Many clients leave out what the model thought when they send its answer back. */
function isSame(message: Message | undefined, known: Message): boolean {
  const spoken = ({ role, parts }: Message) => ({
    role,
    parts: parts.filter(({ kind }) => kind !== "reasoning"),
  });
  return message !== undefined && isDeepStrictEqual(spoken(message), spoken(known));
}

function saidIn(record: RequestRecord, bodies: RecordedBodies): Said | null {
  const { clientFormat, operation } = record;
  if (clientFormat === null || operation !== "generate" || bodies.request === null) return null;
  const codec = CODECS[clientFormat].generate;
  const path = { model: record.requestedModel, stream: record.stream };
  const request = readable(() => codec.readRequest(parsed(bodies.request!), path));
  if (request === null) return null;
  const { response } = bodies;
  const answer = response === null ? null : readable(() => answerIn(clientFormat, response));
  return {
    messages: request.messages.map(({ role, parts }) => ({ role, parts: parts.map(partOf) })),
    answer: answer && { role: "assistant", parts: answer.map(partOf) },
  };
}

/** Null where what was kept is not whole, or is none of the format: bodies are kept of what failed too. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const isUnreadable =
      error instanceof GatewayError || error instanceof SyntaxError || error instanceof RangeError;
    if (isUnreadable) return null;
    throw error;
  }
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** The parts of the first answer: of a whole body, an event stream or an array of events. */
function answerIn(format: Format, body: Uint8Array): readonly Part[] {
  const codec = CODECS[format].generate;
  if (body[0] === OPEN_BRACE) return codec.readResponse(parsed(body)).choices[0]?.parts ?? [];
  const reader = codec.createStreamReader();
  const assembler = new Assembler();
  const take = (event: SseEvent) => {
    for (const told of reader.push(event)) assembler.take(told);
  };
  if (body[0] === OPEN_BRACKET) {
    for (const event of parsed(body) as unknown[]) take({ event: null, data: JSON.stringify(event) });
  } else {
    const splitter = new SseSplitter();
    splitter.push(body, take);
    splitter.end(take);
  }
  for (const told of reader.end()) assembler.take(told);
  return assembler.result().response.choices[0]?.parts ?? [];
}

function parsed(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}

function partOf(part: Part): SaidPart {
  switch (part.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      return { kind: part.kind, text: part.text };
    case "tool-call":
      return { kind: part.kind, name: part.name, call_id: part.id, text: part.arguments };
    case "tool-result": {
      const text = part.parts.map((each) => (each.kind === "text" ? each.text : "")).join("");
      const error = part.isError === true ? { is_error: true } : {};
      return { kind: part.kind, call_id: part.callId, text, ...error };
    }
    case "media":
      return { kind: part.kind, name: part.mimeType ?? part.media };
    case "native":
      return { kind: part.kind, name: part.type };
  }
}
