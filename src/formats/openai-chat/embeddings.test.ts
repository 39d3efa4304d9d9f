import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import type { EmbeddingsRequest } from "../../exchange/embeddings.ts";
import { openaiEmbeddings as codec } from "./embeddings.ts";
import { requestContext } from "./testing.ts";

const path = { model: null, method: null };
const read = (body: unknown) => codec.readRequest(body, path);

describe("a request for vectors", () => {
  test.each([
    ["a", ["a"]],
    ["", [""]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[1, 2], [[1, 2]]],
    [
      [[1, 2], [3]],
      [[1, 2], [3]],
    ],
  ])("with input %j is of %j", (input, inputs) => {
    expect(read({ model: "m", input }).inputs).toEqual(inputs as never);
  });

  test("that is written and read again is the same", () => {
    const tokens = fc.array(fc.nat(), { minLength: 1 });
    const inputs = fc.array(fc.oneof(fc.string(), tokens), { minLength: 1 });
    const request: fc.Arbitrary<EmbeddingsRequest> = fc
      .record(
        {
          dimensions: fc.nat(),
          encoding: fc.constantFrom("float" as const, "base64" as const),
          userId: fc.string(),
        },
        { requiredKeys: [] },
      )
      .chain((members) => inputs.map((texts) => ({ model: "model-1", inputs: texts, ...members })));
    fc.assert(
      fc.property(request, (made) => {
        const { body, method } = codec.writeRequest(made, requestContext());
        expect(read(JSON.parse(JSON.stringify(body)))).toEqual(made);
        expect(method).toBeNull();
      }),
    );
  });

  test("loses what Gemini alone knows", () => {
    const context = requestContext();
    codec.writeRequest({ model: "m", inputs: ["a"], taskType: "RETRIEVAL_QUERY", title: "t" }, context);
    expect(context.losses.items).toEqual(["taskType", "title"]);
  });

  test.each([
    ["body", null],
    ["model", { input: "a" }],
    ["input", { model: "m" }],
    ["input", { model: "m", input: [] }],
    ["input", { model: "m", input: 7 }],
    ["input[1]", { model: "m", input: ["a", 1] }],
    ["input[0]", { model: "m", input: [[]] }],
    ["encoding_format", { model: "m", input: "a", encoding_format: "ubinary" }],
    ["dimensions", { model: "m", input: "a", dimensions: "8" }],
  ])("that is wrong is told at %s", (param, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: "invalid_request", param }));
  });
});

describe("an answer of vectors", () => {
  const request: EmbeddingsRequest = { model: "m", inputs: ["a", "b"] };
  const response = { model: "x", vectors: [[0.5, -1], [0.25]], usage: { input: 3 } };

  test("is what OpenAI's would be", () => {
    expect(codec.writeResponse(response, request, null)).toEqual({
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: [0.5, -1] },
        { object: "embedding", index: 1, embedding: [0.25] },
      ],
      model: "x",
      usage: { prompt_tokens: 3, total_tokens: 3 },
    } satisfies CreateEmbeddingResponse);
  });

  test("is 32-bit floats in base64 where that was asked for, and reads the same", () => {
    const written = codec.writeResponse(response, { ...request, encoding: "base64" }, null);
    expect(written).toMatchObject({ data: [{ embedding: "AAAAPwAAgL8=" }, {}] });
    expect(codec.readResponse(written, null)).toEqual({ ...response, usage: { input: 3 } });
  });

  test("comes in the order of the inputs", () => {
    const data = [
      { index: 1, embedding: [1] },
      { index: 0, embedding: [0] },
    ];
    expect(codec.readResponse({ data }, null)).toEqual({ model: "", vectors: [[0], [1]] });
  });

  test.each([null, {}, { data: [] }, { data: [{}] }, { data: [{ embedding: ["x"] }] }])(
    "%j is none",
    (body) => {
      expect(() => codec.readResponse(body, null)).toThrow(
        expect.objectContaining({ code: "upstream_invalid" }),
      );
    },
  );
});
