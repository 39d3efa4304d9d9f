import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import { geminiCountCodec } from "./count.ts";
import { geminiEmbeddingsCodec } from "./embeddings.ts";
import { readError, rpcStatus } from "./errors.ts";

const context = (provider = "gemini") => ({ model: "gemini-2.5-flash", provider, losses: new Losses(true) });

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  return "none";
}

describe("countTokens", () => {
  const path = { model: "m", stream: false };
  const contents = [{ role: "user", parts: [{ text: "a" }] }];
  const messages: GenerateRequest["messages"] = [{ role: "user", parts: [{ kind: "text", text: "a" }] }];

  test("counts contents alone, or a whole request", () => {
    expect(geminiCountCodec.readRequest({ contents }, path)).toMatchObject({ model: "m", messages });
    const systemInstruction = "s";
    for (const body of [
      { generateContentRequest: { model: "models/x", contents, systemInstruction } },
      { generate_content_request: { contents, system_instruction: "s" } },
    ])
      expect(geminiCountCodec.readRequest(body, path).messages.map(({ role }) => role)).toEqual([
        "system",
        "user",
      ]);
    expect(codeOf(() => geminiCountCodec.readRequest({}, path))).toBe("invalid_request");
  });

  test("asks with contents alone where there is no more", () => {
    const request = { model: "m", stream: false, streamUsage: true, messages, tools: [] };
    expect(geminiCountCodec.writeRequest(request, context())).toEqual({ contents });
    const tools: GenerateRequest["tools"] = [{ kind: "function", name: "f" }];
    const whole = { contents, tools: [{ functionDeclarations: [{ name: "f" }] }] };
    expect(geminiCountCodec.writeRequest({ ...request, tools }, context())).toEqual({
      generateContentRequest: { model: "models/gemini-2.5-flash", ...whole },
    });
    expect(geminiCountCodec.writeRequest({ ...request, tools }, context("vertex"))).toEqual(whole);
  });

  test("the count comes and goes", () => {
    expect(geminiCountCodec.readResponse({ totalTokens: 7 })).toBe(7);
    expect(geminiCountCodec.writeResponse(7)).toMatchObject({ totalTokens: 7 });
    expect(codeOf(() => geminiCountCodec.readResponse({}))).toBe("upstream_invalid");
  });
});

describe("embeddings", () => {
  const content = (text: string) => ({ parts: [{ text }] });

  test("one text, and several with the same settings", () => {
    const one = {
      content: content("a"),
      taskType: "RETRIEVAL_DOCUMENT",
      title: "t",
      outputDimensionality: 3,
    };
    const settings = { taskType: "RETRIEVAL_DOCUMENT", title: "t", dimensions: 3 };
    expect(geminiEmbeddingsCodec.readRequest(one, { model: "m", method: "embedContent" })).toEqual({
      model: "m",
      inputs: ["a"],
      ...settings,
    });
    const batch = {
      requests: [one, { ...one, model: "models/m", content: { parts: [{ text: "b" }, { text: "c" }] } }],
    };
    expect(geminiEmbeddingsCodec.readRequest(batch, { model: "m", method: "batchEmbedContents" })).toEqual({
      model: "m",
      inputs: ["a", "bc"],
      ...settings,
    });
    const mixed = { requests: [one, { content: content("b") }] };
    const read = () => geminiEmbeddingsCodec.readRequest(mixed, { model: "m", method: "batchEmbedContents" });
    expect(codeOf(read)).toBe("conversion_refused");
  });

  test("are asked for with the method that fits", () => {
    const request = { model: "m", inputs: ["a"], dimensions: 3 };
    const written = geminiEmbeddingsCodec.writeRequest(request, context());
    const one = { model: "models/gemini-2.5-flash", content: content("a"), outputDimensionality: 3 };
    expect(written).toEqual({ method: "embedContent", body: one });
    expect(geminiEmbeddingsCodec.writeRequest({ ...request, inputs: ["a", "b"] }, context())).toEqual({
      method: "batchEmbedContents",
      body: { requests: [one, { ...one, content: content("b") }] },
    });
    const ids = () => geminiEmbeddingsCodec.writeRequest({ model: "m", inputs: [[1, 2]] }, context());
    expect(codeOf(ids)).toBe("conversion_refused");
  });

  test("the vectors come and go", () => {
    const vectors = [
      [1, 2],
      [3, 4],
    ];
    const embeddings = vectors.map((values) => ({ values }));
    expect(geminiEmbeddingsCodec.readResponse({ embedding: embeddings[0] }, "embedContent")).toEqual({
      model: "",
      vectors: [[1, 2]],
    });
    const answer = geminiEmbeddingsCodec.readResponse(
      { embeddings, usageMetadata: { promptTokenCount: 3 } },
      "batchEmbedContents",
    );
    expect(answer).toEqual({ model: "", vectors, usage: { input: 3 } });
    const request = { model: "m", inputs: ["a", "b"] };
    expect(geminiEmbeddingsCodec.writeResponse(answer, request, "batchEmbedContents")).toEqual({
      embeddings,
      usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 },
    });
    expect(geminiEmbeddingsCodec.writeResponse({ model: "", vectors }, request, "embedContent")).toEqual({
      embedding: { values: [1, 2] },
    });
    for (const body of [{}, { embeddings: [] }, { embedding: { values: ["a"] } }, null])
      expect(codeOf(() => geminiEmbeddingsCodec.readResponse(body, null))).toBe("upstream_invalid");
  });

  test("of what is no text are refused", () => {
    const image = { content: { parts: [{ inlineData: { mimeType: "image/png", data: "aaaa" } }] } };
    const read = (body: unknown) => () =>
      geminiEmbeddingsCodec.readRequest(body, { model: "m", method: "embedContent" });
    expect(codeOf(read(image))).toBe("conversion_refused");
    expect(codeOf(read({}))).toBe("invalid_request");
    expect(codeOf(read([]))).toBe("invalid_request");
  });
});

describe("errors", () => {
  test("are read with their reason, or the word of their status, and their field", () => {
    const error = {
      code: 400,
      message: "API key not valid.",
      status: "INVALID_ARGUMENT",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" },
        { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field: "contents[0]" }] },
      ],
    };
    const told = {
      status: 400,
      message: "API key not valid.",
      code: "API_KEY_INVALID",
      param: "contents[0]",
    };
    expect(readError({ error }, 400)).toEqual(told);
    expect(readError([{ error }], 400)).toEqual(told);
    expect(readError({ error: { code: 503, message: "busy", status: "UNAVAILABLE" } }, 500)).toEqual({
      status: 503,
      message: "busy",
      code: "UNAVAILABLE",
    });
  });

  test("of any other shape are told as far as they say something", () => {
    expect(readError("<html>", 502)).toEqual({ status: 502, message: "<html>" });
    expect(readError({ error: "no" }, 500)).toEqual({ status: 500, message: "no" });
    for (const body of [null, undefined, [], 5, { error: {} }, { message: "" }])
      expect(readError(body, 500)).toEqual({ status: 500, message: "status 500" });
  });

  test("are written as google.rpc.Status, with the upstream's own code where it told one", () => {
    const told = { status: 429, message: "slow", code: "rate_limit_error" };
    expect(rpcStatus(new GatewayError("upstream_limited", "slow", { status: 429, told }))).toEqual({
      code: 429,
      message: "slow",
      status: "RESOURCE_EXHAUSTED",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "RATE_LIMIT_ERROR",
          domain: "amsterdam",
        },
      ],
    });
    expect(rpcStatus(new GatewayError("invalid_request", "m")).details).toMatchObject([
      { reason: "INVALID_REQUEST" },
    ]);
  });
});
