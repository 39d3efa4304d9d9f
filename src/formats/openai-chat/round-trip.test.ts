import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { validateStream } from "../../../test/support/chat-stream.ts";
import { type RequestFeatures, requests, responses, streams } from "../../../test/support/neutral.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { openaiChatCodec } from "./codec.ts";
import { answerContext, assembled, readStream, requestContext, sseEvents } from "./testing.ts";

const onTheWire = (body: object): unknown => JSON.parse(JSON.stringify(body));
const path = { model: null, stream: false };

/** Without this format's own members, which say again what some providers alone know. */
function neutral({ extensions: _own, ...request }: GenerateRequest): GenerateRequest {
  return request;
}

function thereAndBack(request: GenerateRequest, provider: string): GenerateRequest {
  const context = requestContext(provider);
  const body = onTheWire(openaiChatCodec.writeRequest(request, context));
  expect(context.losses.items).toEqual([]);
  return openaiChatCodec.readRequest(body, path);
}

const COMMON: RequestFeatures = {
  strict: true,
  names: true,
  imageUrls: true,
  imageDetail: true,
  documents: true,
  audio: true,
  parallel: true,
  stop: true,
  seed: true,
  penalties: true,
  choices: true,
  logprobs: true,
  effort: true,
  jsonObject: true,
  jsonSchema: true,
};

describe("a request that is written and read again is the same", () => {
  test.each(["openai", "deepseek", "openrouter", "mistral", "groq"])("without more, at %s", (provider) => {
    fc.assert(
      fc.property(requests(), (request) => {
        // Mistral is not asked for usage, which it tells unasked.
        const streamUsage = provider !== "mistral" || !request.stream;
        expect(thereAndBack(request, provider)).toEqual({ ...request, streamUsage });
      }),
    );
  });

  test("with all that OpenAI knows", () => {
    const features: RequestFeatures = {
      ...COMMON,
      developer: true,
      allowedTools: true,
      customTools: true,
      metadata: true,
      userId: true,
      verbosity: true,
      store: true,
      promptCacheKey: true,
    };
    fc.assert(
      fc.property(requests(features), (request) => {
        expect(neutral(thereAndBack(request, "openai"))).toEqual(request);
      }),
    );
  });

  test("with thoughts, marks and top_k where a provider knows them", () => {
    const features: RequestFeatures = {
      ...COMMON,
      effort: false,
      thoughts: "openai-chat",
      cacheMarks: true,
      topK: true,
    };
    fc.assert(
      fc.property(requests(features), (request) => {
        expect(strip(thereAndBack(request, "openrouter"))).toEqual(strip(request));
      }),
    );
  });

  test.each(["deepseek", "groq", "mistral"])("with thoughts that are not sealed, at %s", (provider) => {
    fc.assert(
      fc.property(requests({ thoughts: null }), (request) => {
        expect(strip(thereAndBack({ ...request, stream: false }, provider))).toEqual(
          strip({ ...request, stream: false }),
        );
      }),
    );
  });
});

/** Without own members anywhere: cache marks and `top_k` are kept as they were written too. */
function strip<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (key, member) => (key === "extensions" ? undefined : member)));
}

const answers = responses({
  id: "chatcmpl-1",
  createdAt: 3,
  thoughts: "openai-chat",
  refusals: true,
  citations: true,
  choices: true,
  logprobs: true,
  usage: ["input", "cachedInput", "cacheWriteInput", "audioInput", "output", "reasoning", "audioOutput"],
});

const wholeAgain = (response: GenerateResponse) =>
  openaiChatCodec.readResponse(onTheWire(openaiChatCodec.writeResponse(response, answerContext())));

function streamText(response: GenerateResponse, events = fc.sample(streams(response), 1)[0]!): string {
  const writer = openaiChatCodec.createStreamWriter(answerContext());
  return events.map((event) => writer.write(event)).join("");
}

describe("an answer", () => {
  test("that is written and read again is the same", () => {
    fc.assert(
      fc.property(answers, (response) => {
        expect(wholeAgain(response)).toEqual(response);
      }),
    );
  });

  test("with summaries, too", () => {
    fc.assert(
      fc.property(responses({ thoughts: "openai-chat", summaries: true, createdAt: 1 }), (response) => {
        expect({ ...wholeAgain(response), id: "" }).toEqual(response);
      }),
    );
  });

  test("that is streamed and put together again is the same, however it is cut", () => {
    const cut = answers.chain((response) => streams(response).map((events) => ({ response, events })));
    fc.assert(
      fc.property(cut, ({ response, events }) => {
        const text = streamText(response, events);
        const read = assembled(readStream(text, openaiChatCodec.createStreamReader()));
        expect(read).toEqual({ response, error: null, complete: true });
      }),
    );
  });

  test("with summaries and ids of thoughts, streamed, is what the whole is", () => {
    const told = responses({ thoughts: "openai-chat", summaries: true, id: "chatcmpl-1", createdAt: 1 });
    const identified = told.map((response) => ({
      ...response,
      choices: response.choices.map((choice) => ({
        ...choice,
        parts: choice.parts.flatMap((part): Part[] =>
          part.kind === "reasoning"
            ? [
                { kind: "reasoning", text: "first" },
                { ...part, itemId: "rs_1" },
                { kind: "reasoning", text: "last" },
              ]
            : [part],
        ),
      })),
    }));
    fc.assert(
      fc.property(identified, (response) => {
        const read = assembled(readStream(streamText(response), openaiChatCodec.createStreamReader()));
        expect(read.response).toEqual(wholeAgain(response));
        expect(read.response).toEqual(response);
      }),
    );
  });

  test("streams as OpenAI's chunks do", () => {
    fc.assert(
      fc.property(answers, (response) => {
        expect(validateStream(sseEvents(streamText(response)), { includeUsage: true })).toEqual([]);
      }),
    );
  });
});
