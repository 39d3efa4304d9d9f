import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GenerateAnswer } from "../../../src/conversion/answer.ts";
import { SealStash } from "../../../src/conversion/seals.ts";
import { ToolAdapter } from "../../../src/conversion/tools.ts";
import type { Format } from "../../../src/exchange/formats.ts";
import { Losses } from "../../../src/exchange/losses.ts";
import { CODECS } from "../../../src/formats/codecs.ts";
import type { BodyConsumer, ByteSource } from "../../../src/lib/byte-source.ts";
import { type RecordedExchange, recordedExchanges } from "../../support/exchanges.ts";
import { VERSIONS } from "../../support/replay-targets.ts";

const FORMATS = Object.keys(VERSIONS) as Format[];
const QUESTIONS: Readonly<Record<Format, object>> = {
  "openai-chat": { stream_options: { include_usage: true }, messages: [{ role: "user", content: "hi" }] },
  "openai-responses": { input: "hi" },
  "anthropic-messages": { max_tokens: 1024, messages: [{ role: "user", content: "hi" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
};

/** The converted stream of a recording whose bytes come cut at these places; ids and time are the same each time. */
function converted(client: Format, target: Format, pieces: readonly Uint8Array[]): string {
  const codec = CODECS[client].generate;
  const request = codec.readRequest(
    { model: "m", stream: true, ...QUESTIONS[client] },
    { model: "m", stream: true },
  );
  let made = 0;
  const answer = new GenerateAnswer({
    client: codec,
    target: CODECS[target].generate,
    context: {
      request,
      model: "m",
      losses: new Losses(),
      newId: () => `${made++}`.padStart(24, "0"),
      now: () => 1_800_000_000,
    },
    tools: new ToolAdapter(request, target, target),
    stash: new SealStash(),
    owner: "key",
    asArray: false,
  });
  let text = "";
  answer.stream(sourceOf(pieces)).consume({
    data(chunk) {
      text += Buffer.from(chunk).toString();
    },
    end() {},
    failed(error) {
      text += `failed: ${error.message}`;
    },
  });
  return withKnownIds(text);
}

/** Ids that a target did not give are made at random while its stream is read. */
function withKnownIds(text: string): string {
  const seen: string[] = [];
  return text.replace(/call_[0-9a-f]{24}/g, (id) => {
    if (!seen.includes(id)) seen.push(id);
    return `call_${seen.indexOf(id)}`;
  });
}

function sourceOf(pieces: readonly Uint8Array[]): ByteSource {
  let given = true;
  return {
    consume(consumer: BodyConsumer) {
      for (const piece of pieces) if (given) consumer.data(piece);
      if (given) consumer.end();
    },
    pause() {},
    resume() {},
    cancel() {
      given = false;
    },
  };
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

/** Streams of moderate length: the longest take their time in single bytes and show nothing more. */
const streamsOf = (format: Format): RecordedExchange[] =>
  recordedExchanges(format).filter(
    ({ stream, status, body }) => stream && status === 200 && !body.startsWith("[") && body.length < 40_000,
  );

const PAIRS = FORMATS.flatMap((target) =>
  FORMATS.filter((client) => client !== target).map((client) => ({ client, target })),
);

describe.each(PAIRS)("a stream of $target as $client", ({ client, target }) => {
  const recordings = streamsOf(target);

  test("is the same bytes whichever way the recorded bytes are cut", () => {
    expect(recordings.length).toBeGreaterThan(5);
    const places = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...recordings), places, ({ body }, cuts) => {
        const bytes = Buffer.from(body);
        const whole = converted(client, target, [bytes]);
        expect(whole.length).toBeGreaterThan(0);
        expect(converted(client, target, cutAt(bytes, cuts))).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("is the same bytes for single bytes, CRLF and comments between events", () => {
    for (const { body } of recordings) {
      const whole = converted(client, target, [Buffer.from(body)]);
      const single = Buffer.from(body);
      expect(
        converted(
          client,
          target,
          Array.from(single, (_, index) => single.subarray(index, index + 1)),
        ),
      ).toBe(whole);
      const lines = body.replace(/\r?\n/g, "\r\n");
      expect(converted(client, target, [Buffer.from(lines)])).toBe(whole);
      const comments = `\ufeff${body.replace(/(?:\r?\n){2}/g, "$&: ping\n\n")}`;
      expect(converted(client, target, [Buffer.from(comments)])).toBe(whole);
    }
  });
});
