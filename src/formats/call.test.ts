import { describe, expect, test } from "bun:test";
import { callOfPath } from "./call.ts";

describe("a path of a provider's API", () => {
  test.each([
    ["chat/completions", "generate", "openai-chat", "openai"],
    ["v1/chat/completions", "generate", "openai-chat", "openai"],
    ["openai/v1/chat/completions", "generate", "openai-chat", "openai"],
    ["v1/responses", "generate", "openai-responses", "openai"],
    ["v1/messages", "generate", "anthropic-messages", "anthropic"],
    ["messages/count_tokens", "count-tokens", "anthropic-messages", "anthropic"],
    ["v1/embeddings", "embeddings", "openai-chat", "openai"],
    ["v1/completions", "completions", "openai-chat", "openai"],
    ["v1/models", "models", null, "openai"],
    ["models", "models", null, "openai"],
    ["v1beta/models", "models", null, "gemini"],
    ["v1beta/files", "other", null, "gemini"],
    ["v1/files", "other", null, "openai"],
    ["v1/messages/batches", "other", null, "anthropic"],
    ["v1/responses/resp_1", "other", null, "openai"],
    ["files", "other", null, "plain"],
    ["", "other", null, "plain"],
    ["chat/completions/", "other", null, "plain"],
  ] as const)("%j asks for %s in %p", (path, operation, format, errorShape) => {
    expect(callOfPath(path)).toEqual({ operation, format, errorShape, pathModel: null, method: null });
  });

  test.each([
    "constructor",
    "v1/constructor",
    "v1/toString",
    "__proto__",
    "v1/__proto__",
    "v1beta/hasOwnProperty",
  ])("%j, a name that every object has, is no call of its own", (path) =>
    expect(callOfPath(path)).toMatchObject({ operation: "other", format: null }),
  );
});

describe("a Gemini path", () => {
  test.each([
    ["v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", "generateContent", "generate"],
    [
      "models/gemini-2.5-flash:streamGenerateContent",
      "gemini-2.5-flash",
      "streamGenerateContent",
      "generate",
    ],
    ["v1/models/demo/echo:generateContent", "demo/echo", "generateContent", "generate"],
    ["v1beta/models/demo%2Fecho:generateContent", "demo/echo", "generateContent", "generate"],
    ["v1beta/models/a%3Ab:generateContent", "a:b", "generateContent", "generate"],
    ["v1beta/models/ollama/llama3:8b:generateContent", "ollama/llama3:8b", "generateContent", "generate"],
    ["v1beta/models/a/models/b:countTokens", "a/models/b", "countTokens", "count-tokens"],
    ["v1beta/models/e:embedContent", "e", "embedContent", "embeddings"],
    ["v1beta/models/e:batchEmbedContents", "e", "batchEmbedContents", "embeddings"],
    [
      "v1/projects/p/locations/l/publishers/google/models/gemini:generateContent",
      "gemini",
      "generateContent",
      "generate",
    ],
  ] as const)("%s names its model", (path, pathModel, method, operation) => {
    expect(callOfPath(path)).toEqual({
      operation,
      format: "gemini",
      errorShape: "gemini",
      pathModel,
      method,
    });
  });

  test.each([
    "v1beta/models/:generateContent",
    "v1beta/models/a:unknownMethod",
    "v1beta/models/a:constructor",
    "v1beta/models/%zz:generateContent",
    "v1beta/tunedModels/a:generateContent",
    "v1beta/models/a",
  ])("%s names none", (path) => {
    expect(callOfPath(path)).toMatchObject({
      operation: "other",
      format: null,
      pathModel: null,
      errorShape: "gemini",
    });
  });
});
