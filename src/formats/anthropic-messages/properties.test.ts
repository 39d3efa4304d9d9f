import { expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import fc from "fast-check";
import { validateMessage } from "../../../test/support/anthropic-message.ts";
import { validateStream } from "../../../test/support/anthropic-stream.ts";
import { requests, responses, streams } from "../../../test/support/neutral.ts";
import { Assembler } from "../../exchange/assemble.ts";
import { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { parseEvent } from "../../lib/sse.ts";
import type { AnswerContext } from "../codec.ts";
import { anthropicCodec } from "./codec.ts";
import { anthropicCount } from "./count.ts";

/** A model that takes all kinds of sampling, and one that takes all kinds of tools and shapes. */
const SAMPLING = "claude-3-7-sonnet-20250219";

const context = (request: GenerateRequest): AnswerContext => ({
  request,
  model: "model-1",
  losses: new Losses(true),
  newId: () => "0".repeat(24),
  now: () => 0,
});
const request: GenerateRequest = { model: "m", stream: true, streamUsage: true, messages: [], tools: [] };

/** Without what tells that it came in this format. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (key === "extensions" ? [] : [[key, bare(member)]])),
  );
}

const readable = requests({
  developer: false,
  imageUrls: true,
  documents: true,
  cacheMarks: true,
  resultErrors: true,
  thoughts: "anthropic-messages",
  stop: true,
  topK: true,
  userId: true,
});

/** What has no words is left out: what remains is what the API takes. */
const worded = readable.filter((made) =>
  made.messages.every(({ parts }) => parts.every((part) => part.kind !== "text" || part.text.trim() !== "")),
);

/** White space at the end of the last answer is cut; the default of the sampling members need not come back. */
const normal = worded.filter(
  ({ messages, stop }) =>
    messages.at(-1)?.role !== "assistant" && (stop ?? []).every((text) => text.trim() !== ""),
);

test("a request that was written is read back as it was", () => {
  fc.assert(
    fc.property(normal, (made) => {
      const body = anthropicCodec.writeRequest(made, {
        model: SAMPLING,
        losses: new Losses(true),
        provider: "anthropic",
      });
      const read = anthropicCodec.readRequest(JSON.parse(JSON.stringify(body)), {
        model: null,
        stream: false,
      });
      expect(bare({ ...read, model: made.model })).toEqual(bare(made));
    }),
    { numRuns: 300 },
  );
});

test("what is counted is the request without what only an answer needs", () => {
  fc.assert(
    fc.property(readable, (made) => {
      const context = { model: SAMPLING, losses: new Losses(), provider: "anthropic" };
      const { max_tokens, stream, temperature, top_p, top_k, stop_sequences, metadata, ...rest } =
        anthropicCodec.writeRequest(made, context) as Record<string, unknown>;
      expect(anthropicCount.writeRequest(made, context)).toEqual(rest);
      expect(
        anthropicCount.readRequest(rest, { model: null, stream: false }).messages.length,
      ).toBeGreaterThan(0);
    }),
  );
});

const answers = responses({
  thoughts: "anthropic-messages",
  usage: ["input", "cachedInput", "cacheWriteInput", "output", "reasoning"],
  id: "msg_1",
});

test("an answer that was written is read back as it was", () => {
  fc.assert(
    fc.property(answers, (made) => {
      const message = anthropicCodec.writeResponse(made, context(request));
      expect(validateMessage(message)).toEqual([]);
      expect(bare(anthropicCodec.readResponse(message))).toEqual(made);
    }),
    { numRuns: 300 },
  );
});

const cutAnswers = responses({ thoughts: "gemini", refusals: true, citations: true, choices: false }).chain(
  (response) => fc.tuple(fc.constant(response), streams(response)),
);

function written(
  events: Iterable<Parameters<ReturnType<typeof anthropicCodec.createStreamWriter>["write"]>[0]>,
): string {
  const writer = anthropicCodec.createStreamWriter(context(request));
  return [...events].map((event) => writer.write(event)).join("");
}

function readBack(text: string): GenerateResponse {
  const reader = anthropicCodec.createStreamReader();
  const assembler = new Assembler();
  const told = text.trim().split("\n\n").map(parseEvent);
  for (const event of [...told.flatMap((each) => reader.push(each)), ...reader.end()]) assembler.take(event);
  const { response, complete } = assembler.result();
  expect(complete).toBe(true);
  return response;
}

test("a stream, however it is cut, is valid and tells what the whole message tells", () => {
  fc.assert(
    fc.property(cutAnswers, ([response, events]) => {
      const text = written(events);
      expect(validateStream(text.trim().split("\n\n").map(parseEvent))).toEqual([]);
      const message = anthropicCodec.writeResponse(response, context(request));
      const { choices, usage } = anthropicCodec.readResponse(message);
      expect(readBack(text)).toMatchObject({ choices, usage });
    }),
    { numRuns: 300 },
  );
});

test("the SDK puts a stream together to the whole message", async () => {
  await fc.assert(
    fc.asyncProperty(cutAnswers, async ([response, events]) => {
      const text = written(events);
      const client = new Anthropic({
        apiKey: "none",
        fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
      });
      const { parsed_output, ...message } = await client.messages
        .stream({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }] })
        .finalMessage();
      expect(JSON.parse(JSON.stringify(message))).toEqual(
        JSON.parse(JSON.stringify(anthropicCodec.writeResponse(response, context(request)))),
      );
    }),
    { numRuns: 50 },
  );
});
