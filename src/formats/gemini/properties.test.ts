import { expect, test } from "bun:test";
import fc from "fast-check";
import { validateResponse, validateStream } from "../../../test/support/gemini-stream.ts";
import { requests, responses, streams } from "../../../test/support/neutral.ts";
import { eventsOf } from "../../../test/support/protocol.ts";
import { Assembler } from "../../exchange/assemble.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Extensions, Part } from "../../exchange/parts.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { AnswerContext } from "../codec.ts";
import { geminiCodec } from "./codec.ts";

const request: GenerateRequest = { model: "m", stream: true, streamUsage: true, messages: [], tools: [] };
const context: AnswerContext = {
  request,
  model: "model-1",
  losses: new Losses(true),
  newId: () => "0".repeat(24),
  now: () => 0,
};

function assembled(events: readonly StreamEvent[]) {
  const assembler = new Assembler();
  for (const event of events) assembler.take(event);
  return assembler.result();
}

/** The answer without what only remembers how it stood on the wire. */
function core(response: GenerateResponse): unknown {
  const plain = <T extends { readonly extensions?: Extensions }>({ extensions: _, ...rest }: T) => rest;
  const choices = response.choices.map((choice) => ({
    ...plain(choice),
    parts: choice.parts.map((part) => ("extensions" in part ? plain(part) : part)),
  }));
  return { ...plain(response), choices };
}

const answers = responses({
  id: "id-1",
  thoughts: "gemini",
  citations: true,
  choices: true,
  usage: ["input", "cachedInput", "output", "reasoning"],
});

/** A stream tells the sources of its text at its end, when the text before a call is over: so without such. */
function citesOrCalls(response: GenerateResponse): GenerateResponse {
  const choices = response.choices.map((choice) => {
    const calls = choice.parts.some(({ kind }) => kind === "tool-call");
    const parts = choice.parts.map((part): Part => {
      if (part.kind !== "text" || !calls) return part;
      const { citations: _, ...text } = part;
      return text;
    });
    return { ...choice, parts };
  });
  return { ...response, choices };
}

test("a request that is written is read as it was", () => {
  const asked = requests({
    resultNames: true,
    resultErrors: true,
    audio: true,
    thoughts: "gemini",
    allowedTools: true,
    stop: true,
    topK: true,
    seed: true,
    choices: true,
    logprobs: true,
    jsonObject: true,
  });
  fc.assert(
    fc.property(asked, (made) => {
      // One name that is allowed, and must be called, is the tool that must be called.
      fc.pre(made.toolChoice?.mode !== "required" || made.toolChoice.allowed?.length !== 1);
      // Beside functions this model is asked for JSON in words.
      fc.pre(made.output === undefined || made.tools.length === 0);
      const losses = new Losses(true);
      const body = geminiCodec.writeRequest(made, { model: "gemini-2.0-flash", losses, provider: "gemini" });
      const path = { model: made.model, stream: made.stream };
      const read = geminiCodec.readRequest(JSON.parse(JSON.stringify(body)), path);
      expect(read).toEqual(made);
    }),
  );
});

test("an answer that is written is read as it was, and is valid", () => {
  const logged = responses({ id: "id-1", thoughts: "anthropic-messages", citations: true, choices: true });
  fc.assert(
    fc.property(fc.oneof(answers, logged), (made) => {
      const body = JSON.parse(JSON.stringify(geminiCodec.writeResponse(made, context)));
      expect(validateResponse(body)).toEqual([]);
      expect(core(geminiCodec.readResponse(body))).toEqual(made as object);
    }),
  );
});

test("a stream that is written is read as it was, and is valid, however it is cut", () => {
  const cut = answers.map(citesOrCalls).chain((made) => fc.tuple(fc.constant(made), streams(made)));
  fc.assert(
    fc.property(cut, ([made, events]) => {
      const writer = geminiCodec.createStreamWriter(context);
      const written = eventsOf(events.map((event) => writer.write(event)).join(""));
      expect(validateStream(written)).toEqual([]);
      const reader = geminiCodec.createStreamReader();
      const read = assembled([...written.flatMap((event) => reader.push(event)), ...reader.end()]);
      expect(read.complete).toBe(true);
      expect(core(read.response)).toEqual(made as object);
    }),
  );
});

test("whatever stands in a chunk or a body, it is read or told to be wrong", () => {
  const key = fc.constantFrom(
    ...["candidates", "content", "parts", "text", "functionCall", "name", "args", "thoughtSignature"],
    ...["usageMetadata", "finishReason", "groundingMetadata", "groundingSupports", "segment", "endIndex"],
    ...["promptFeedback", "error", "__proto__", "partialArgs", "jsonPath", "willContinue", "inlineData"],
    ...[
      "contents",
      "role",
      "tools",
      "functionDeclarations",
      "parameters",
      "generationConfig",
      "functionResponse",
    ],
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom<unknown>(null, 1, -1, "", "a", "$.a[0].__proto__", "STOP", true),
      fc.array(tie("value"), { maxLength: 2 }),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map(Object.fromEntries),
    ),
  }));
  fc.assert(
    fc.property(value, value, (one, other) => {
      const told = (act: () => unknown) => {
        try {
          act();
        } catch (error) {
          expect(error).toMatchObject({ name: "GatewayError" });
        }
      };
      told(() => {
        const reader = geminiCodec.createStreamReader();
        const events = [one, other].flatMap((chunk) =>
          reader.push({ event: null, data: JSON.stringify({ candidates: [chunk], error: undefined }) }),
        );
        assembled([...events, ...reader.end()]);
      });
      told(() => geminiCodec.readResponse(one));
      told(() => geminiCodec.readRequest({ contents: one, tools: other }, { model: null, stream: false }));
      told(() =>
        geminiCodec.readRequest({ contents: "hi", generationConfig: one }, { model: null, stream: false }),
      );
      expect(geminiCodec.readError(one, 500).message).toBeString();
    }),
    { numRuns: 500 },
  );
  expect(Object.keys(Object.prototype)).toEqual([]);
});
