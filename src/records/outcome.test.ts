import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { RECORDINGS, type RecordedExchange, recordedExchanges } from "../../test/support/exchanges.ts";
import { factsOfResponse, StreamFacts } from "../exchange/answer-facts.ts";
import type { Format } from "../exchange/formats.ts";
import { CODECS } from "../formats/codecs.ts";
import { SseSplitter } from "../lib/sse.ts";
import { testTrace } from "../telemetry/test-trace.ts";
import { Capture, CaptureBudget } from "./capture.ts";
import { readOutcome } from "./outcome.ts";
import type { Trace } from "./trace.ts";
import { countUsage } from "./usage.ts";

const FORMATS = Object.keys(RECORDINGS) as Format[];
const LIMIT = 1024 * 1024;

function capture(limit = LIMIT): Capture {
  return new Capture(true, limit, new CaptureBudget(Infinity));
}

function traceOf(format: Format, recording: RecordedExchange, changes: Partial<Trace> = {}): Trace {
  const { status, stream } = recording;
  return testTrace({
    status,
    stream,
    clientFormat: format,
    targetFormat: format,
    startedTick: 100,
    ...changes,
  });
}

function captured(recording: RecordedExchange, size: number, limit = LIMIT): Capture {
  const kept = capture(limit);
  kept.contentType = recording.content_type;
  kept.asked(Buffer.from(JSON.stringify(recording.request)));
  const bytes = Buffer.from(recording.body);
  if (!recording.stream) kept.answered(bytes);
  else
    for (let at = 0; at < bytes.length; at += size) kept.add(bytes.subarray(at, at + size), 100 + at, false);
  return kept;
}

/** What the whole codec reads of an exchange. */
function readWhole(format: Format, recording: RecordedExchange) {
  const codec = CODECS[format].generate;
  if (!recording.stream) return factsOfResponse(codec.readResponse(JSON.parse(recording.body)));
  const reader = codec.createStreamReader();
  const facts = new StreamFacts();
  const splitter = new SseSplitter();
  const take = (event: Parameters<typeof reader.push>[0]) => {
    for (const told of reader.push(event)) facts.take(told);
  };
  if (recording.body.startsWith("["))
    for (const chunk of JSON.parse(recording.body)) take({ event: null, data: JSON.stringify(chunk) });
  splitter.push(Buffer.from(recording.body), take);
  splitter.end(take);
  for (const told of reader.end()) facts.take(told);
  return facts.facts();
}

const answers = (format: Format) => recordedExchanges(format).filter(({ status }) => status === 200);

describe.each(FORMATS)("recorded answers of %s", (format) => {
  test.each([1, 7, 1000, 1_000_000])("tell what their codec reads, in pieces of %p bytes", async (size) => {
    for (const recording of answers(format)) {
      const { facts } = await readOutcome(traceOf(format, recording), captured(recording, size));
      const { model, finish, usage } = readWhole(format, recording);
      expect({ id: recording.id, model: facts?.model, finish: facts?.finish, usage: facts?.usage }).toEqual({
        id: recording.id,
        model,
        finish,
        usage,
      });
    }
  });

  test("tell their usage when they are too long to be kept whole", async () => {
    for (const recording of answers(format)) {
      const { usage } = readWhole(format, recording);
      const { facts } = await readOutcome(traceOf(format, recording), captured(recording, 100, 800));
      expect({ id: recording.id, usage: facts?.usage }).toEqual({ id: recording.id, usage });
    }
  });

  test("tell the same when they were compressed", async () => {
    for (const recording of answers(format).slice(0, 8)) {
      const packed = capture();
      packed.contentType = recording.content_type;
      packed.contentEncoding = "gzip";
      packed.answered(gzipSync(recording.body));
      const { facts, response } = await readOutcome(traceOf(format, recording), packed);
      expect(facts?.usage).toEqual(readWhole(format, recording).usage);
      expect(Buffer.from(response!).toString()).toBe(recording.body);
    }
  });

  test("that were refused tell nothing", async () => {
    for (const recording of recordedExchanges(format).filter(({ status }) => status >= 400)) {
      const { facts, response } = await readOutcome(traceOf(format, recording), captured(recording, 1000));
      expect(facts).toBeNull();
      expect(Buffer.from(response!).toString()).toBe(recording.body);
    }
  });

  test("are counted as their provider did, whole", async () => {
    for (const recording of answers(format)) {
      const trace = traceOf(format, recording);
      const kept = captured(recording, 1000);
      const { usage } = readWhole(format, recording);
      const counted = await countUsage(
        trace,
        kept,
        (await readOutcome(trace, kept)).facts,
        performance.now() + 60_000,
      );
      if (usage?.output === undefined || usage.input === undefined) expect(counted.source).toBe("estimated");
      else expect(counted).toEqual({ usage, source: "provider" });
    }
  });

  test("that were cut off anywhere keep what the provider told, and count the rest", async () => {
    for (const recording of answers(format).filter(({ body }) => /^(data|event):/.test(body)))
      for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
        const broken = recording.body.slice(0, recording.body.length * share);
        const cut = { ...recording, body: /^[\s\S]*\r?\n\r?\n/.exec(broken)?.[0] ?? "" };
        if (cut.body === "") continue;
        const trace = traceOf(format, cut);
        const kept = captured(cut, 500);
        const { facts } = await readOutcome(trace, kept);
        const { usage, source } = await countUsage(trace, kept, facts, performance.now() + 60_000);
        const told = readWhole(format, cut).usage;
        if (told?.input !== undefined) expect(usage?.input).toBe(told.input);
        expect(usage?.output).toBeGreaterThanOrEqual(told?.output ?? 0);
        if (facts?.finish === null) expect(source).toBe(told === undefined ? "estimated" : "partial");
      }
  });
});

describe("the first token", () => {
  test("is the first words of a stream, not its head", async () => {
    const recording = answers("anthropic-messages").find(({ stream }) => stream)!;
    const kept = capture();
    kept.contentType = recording.content_type;
    const events = recording.body.split(/(?<=\n\n)/);
    for (const [index, event] of events.entries()) kept.add(Buffer.from(event), 1_000 + index * 10, false);
    const { firstTokenAt } = await readOutcome(traceOf("anthropic-messages", recording), kept);
    const delta = events.findIndex((event) => event.includes("content_block_delta"));
    expect(firstTokenAt).toBe(1_000 + delta * 10 - 100);
    expect(kept.longestGap).toBe(10);
  });

  test("of a whole answer is not known", async () => {
    const recording = answers("openai-chat").find(({ stream }) => !stream)!;
    const { firstTokenAt } = await readOutcome(traceOf("openai-chat", recording), captured(recording, 10));
    expect(firstTokenAt).toBeNull();
  });
});

test("a Gemini stream that is one array is read, also when it breaks off", async () => {
  const recording = answers("gemini").find(({ stream, body }) => stream && body.split("data:").length > 4)!;
  const elements = recording.body
    .split(/\r?\n\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5));
  const read = async (text: string) => {
    const kept = capture();
    kept.contentType = "application/json";
    for (let at = 0; at < text.length; at += 100) kept.add(Buffer.from(text.slice(at, at + 100)), 1, false);
    return (await readOutcome(traceOf("gemini", recording), kept)).facts;
  };
  const whole = `[${elements.join(",\r\n")}]`;
  expect(await read(whole)).toMatchObject({ ...readWhole("gemini", recording), complete: true });
  const broken = await read(whole.slice(0, -20));
  expect(broken?.complete).toBe(false);
  expect(broken?.model).toBe(readWhole("gemini", recording).model);
});

describe("what is no answer of its format", () => {
  test.each([
    ["application/json", "{"],
    ["application/json", "null"],
    ["application/json", '{"usage":{"prompt_tokens":"many"}}'],
    ["application/json", ""],
    ["text/event-stream", "data: {\n\n"],
    ["text/event-stream", 'data: []\n\ndata: {"choices":1}\n\n'],
    ["text/event-stream", "\u0000\u0001"],
  ])("tells nothing and breaks nothing: %s %s", async (type, body) => {
    for (const format of FORMATS) {
      const kept = capture();
      kept.contentType = type;
      kept.answered(Buffer.from(body));
      const trace = testTrace({ clientFormat: format, targetFormat: format });
      const { facts } = await readOutcome(trace, kept);
      expect(facts?.usage).toBeUndefined();
    }
  });
});
