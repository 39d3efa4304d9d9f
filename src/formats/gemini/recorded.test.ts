import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { validateChunks, validateResponse, validateStream } from "../../../test/support/gemini-stream.ts";
import { eventsOf } from "../../../test/support/protocol.ts";
import { Assembler } from "../../exchange/assemble.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { AnswerContext } from "../codec.ts";
import { geminiCodec } from "./codec.ts";
import { createArrayStreamWriter } from "./write-stream.ts";

interface Exchange {
  readonly id: string;
  readonly url: string;
  readonly request: Json;
  readonly stream: boolean;
  readonly body: string;
}
type Json = Record<string, unknown>;

const recorded: Exchange[] = recordedExchanges("gemini");
const agents = JSON.parse(
  readFileSync(`${import.meta.dir}/../../../test/fixtures/agents/gemini-cli.json`, "utf8"),
) as { path: string; body: Json }[];
const requests: { id: string; url: string; request: Json }[] = [
  ...recorded,
  ...agents.map(({ path, body }, index) => ({ id: `gemini-cli ${index}`, url: path, request: body })),
];
const answered = recordedExchanges("gemini").filter(({ status }) => status === 200);
const whole = answered.filter(({ stream }) => !stream);
const streamed = answered.filter(({ stream }) => stream);

const modelOf = (url: string) => url.slice(url.indexOf("/models/") + "/models/".length, url.lastIndexOf(":"));
const read = ({ request, url }: { request: Json; url: string }) =>
  geminiCodec.readRequest(request, { model: modelOf(url), stream: false });

function answerContext(request: GenerateRequest, model: string): AnswerContext {
  return { request, model, losses: new Losses(true), newId: () => "0".repeat(24), now: () => 0 };
}

/** The SSE events of a recorded stream, one of which came as an array. */
function chunksOf(body: string): SseEvent[] {
  if (!body.startsWith("[")) return eventsOf(body);
  return (JSON.parse(body) as object[]).map((chunk) => ({ event: null, data: JSON.stringify(chunk) }));
}

function neutralOf(events: readonly SseEvent[]): StreamEvent[] {
  const reader = geminiCodec.createStreamReader();
  return [...events.flatMap((event) => reader.push(event)), ...reader.end()];
}

function assembled(events: readonly StreamEvent[]) {
  const assembler = new Assembler();
  for (const event of events) assembler.take(event);
  return assembler.result();
}

/** A client's own values, in which nothing is renamed or left out. */
const OPAQUE = new Set([
  "args",
  "response",
  "parameters",
  "parametersJsonSchema",
  "responseSchema",
  "responseJsonSchema",
]);

/**
 * A body as the codec writes it: names in camel case, nothing that is null or false or empty, functions in one tool
 * before the hosted ones, and a model's text in one part that was cut into many.
 */
function normal(value: unknown, name = ""): unknown {
  if (OPAQUE.has(name)) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item, name) as Json);
    if (name === "tools") return normalTools(items);
    if (name === "contents") return normalContents(items);
    return items;
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).flatMap(([key, member]) => {
    const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const named = normal(member, camel);
    const dull = named === null || (camel === "thought" && named === false);
    const empty =
      (camel === "generationConfig" && Object.keys(named ?? {}).length === 0) ||
      (camel === "systemInstruction" && JSON.stringify(named) === '{"parts":[{"text":""}]}');
    return dull || empty ? [] : [[camel, named] as const];
  });
  const object = Object.fromEntries(members) as Json;
  if (name === "systemInstruction" && !Array.isArray(object.parts)) object.parts = [object.parts];
  if (name === "content" && Array.isArray(object.parts)) object.parts = joined(object.parts);
  return object;
}

function normalTools(tools: readonly Json[]): Json[] {
  const functions = tools.flatMap((tool) => (tool.functionDeclarations as Json[] | undefined) ?? []);
  const hosted = tools.flatMap(({ functionDeclarations: _, ...others }) =>
    Object.entries(others).map(([type, settings]) => ({ [type]: settings })),
  );
  return [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...hosted];
}

function normalContents(contents: readonly Json[]): Json[] {
  const turns: { role: string; parts: Json[] }[] = [];
  for (const { role, parts } of contents as { role?: string; parts: Json[] }[]) {
    for (const part of parts) {
      const speaker = part.functionResponse ? "user" : part.functionCall ? "model" : (role ?? "user");
      const last = turns.at(-1);
      if (last?.role === speaker) last.parts.push(part);
      else turns.push({ role: speaker, parts: [part] });
    }
  }
  return turns.map((turn) => (turn.role === "model" ? { ...turn, parts: joined(turn.parts) } : turn));
}

function joined(parts: readonly Json[]): Json[] {
  const all: Json[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    const goesOn = typeof last?.text === "string" && typeof part.text === "string" && part.text !== "";
    if (goesOn && last.thought === part.thought && last.thoughtSignature === undefined)
      all[all.length - 1] = { ...part, text: `${last.text}${part.text}` };
    else if (part.text !== "" || part.thoughtSignature !== undefined) all.push(part);
  }
  return all;
}

/** Every breach of the order that `StreamEvent` describes. */
function disorder(events: readonly StreamEvent[]): string[] {
  const found: string[] = [];
  const open = new Set<number>();
  const finished = new Set<number>();
  events.forEach((event, index) => {
    const say = (problem: string) => found.push(`${index} ${event.type}: ${problem}`);
    if ((event.type === "start") !== (index === 0)) say("start is the first");
    if ((event.type === "end" || event.type === "error") !== (index === events.length - 1))
      say("end is the last");
    if (!("choice" in event)) return;
    if (finished.has(event.choice)) say("after the finish");
    const inside = ["delta", "citation", "seal", "part-end"].includes(event.type);
    if (inside !== open.has(event.choice)) say(inside ? "no part is open" : "a part is open");
    if (event.type === "delta" && event.text === "") say("empty");
    if (event.type === "part-start") open.add(event.choice);
    if (event.type === "part-end") open.delete(event.choice);
    if (event.type === "finish") finished.add(event.choice);
  });
  return found;
}

/** Without what is new each time the answer is read: ids that Gemini did not give. */
function withoutIds(response: GenerateResponse): unknown {
  const plain = (part: Part) => (part.kind === "tool-call" ? { ...part, id: "" } : part);
  return response.choices.map((choice) => ({ ...choice, parts: choice.parts.map(plain) }));
}

describe("a recorded request comes back as it was", () => {
  // Google's API refused its role too.
  const readable = requests.filter(({ id }) => id !== "opentelemetry-python-contrib-0078");
  test.each(readable)("$id", (exchange) => {
    const losses = new Losses(true);
    const written = geminiCodec.writeRequest(read(exchange), {
      model: modelOf(exchange.url),
      losses,
      provider: "gemini",
    });
    expect(written).toEqual(normal(exchange.request) as object);
  });
});

describe("a recorded answer comes back as it was", () => {
  // Recorded from gRPC, where enumerations are numbers.
  const json = whole.filter(({ id }) => id !== "opentelemetry-python-contrib-0073");
  test.each(json)("$id", (exchange) => {
    const body = JSON.parse(exchange.body);
    const response = geminiCodec.readResponse(body);
    const written = geminiCodec.writeResponse(response, answerContext(read(exchange), body.modelVersion));
    for (const candidate of body.candidates) candidate.index ??= 0;
    expect(written).toEqual(normal(body) as object);
    expect(validateResponse(written)).toEqual([]);
  });
});

describe("a recorded stream", () => {
  test.each(streamed)("$id is read in order, to its end", ({ body }) => {
    const events = neutralOf(chunksOf(body));
    expect(disorder(events)).toEqual([]);
    expect(assembled(events).complete).toBe(true);
  });

  test.each(streamed)("$id tells the same as its chunks in one array", ({ body }) => {
    const chunks = chunksOf(body).map(({ data }) => JSON.parse(data));
    const { response } = assembled(neutralOf(chunksOf(body)));
    expect(withoutIds(geminiCodec.readResponse(chunks))).toEqual(withoutIds(response));
    expect(geminiCodec.readResponse(chunks).usage).toEqual(response.usage!);
  });

  test.each(streamed)("$id, read and written, is a valid stream that tells the same", (exchange) => {
    const events = neutralOf(chunksOf(exchange.body));
    const { response } = assembled(events);
    const writer = geminiCodec.createStreamWriter(answerContext(read(exchange), response.model));
    const written = eventsOf(events.map((event) => writer.write(event)).join(""));
    expect(validateStream(written)).toEqual([]);
    const again = assembled(neutralOf(written)).response;
    expect(again.usage).toEqual(response.usage!);
    // A signature that stood on its text comes after it in a stream, on a part of its own.
    const unmarked = JSON.stringify(withoutIds(again)).replaceAll(
      /,"extensions":\{"gemini":\{"amsterdam.marks":\{"signedAfter":"text"\}\}\}/g,
      "",
    );
    const before = JSON.stringify(withoutIds(response)).replaceAll(
      /,"extensions":\{"gemini":\{"amsterdam.marks":\{"signedAfter":"text"\}\}\}/g,
      "",
    );
    expect(JSON.parse(unmarked)).toEqual(JSON.parse(before));
  });

  test.each(streamed)("$id, written without SSE, is one array of the same chunks", (exchange) => {
    const events = neutralOf(chunksOf(exchange.body));
    const context = answerContext(read(exchange), "m");
    const array = createArrayStreamWriter(context);
    const chunks = JSON.parse(events.map((event) => array.write(event)).join(""));
    const sse = geminiCodec.createStreamWriter(context);
    const text = events.map((event) => sse.write(event)).join("");
    expect(chunks).toEqual(eventsOf(text).map(({ data }) => JSON.parse(data)));
    expect(validateChunks(chunks)).toEqual([]);
  });
});
