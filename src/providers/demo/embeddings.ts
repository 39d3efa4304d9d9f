import { wholeNumber } from "./ask.ts";
import { DemoError } from "./errors.ts";
import { textOf } from "./gemini/read.ts";
import { type JsonObject, objectOf, objectsOf } from "./json.ts";
import { openaiModel, refuseField, requireField } from "./openai-body.ts";
import { countTokens } from "./tokens.ts";
import { DEFAULT_DIMENSIONS, embed, MOST_DIMENSIONS } from "./vectors.ts";

/** Answers OpenAI's `POST /v1/embeddings`. @throws DemoError 400 for a body that the API would refuse. */
export function openaiEmbeddings(body: JsonObject): JsonObject {
  const model = openaiModel(body);
  requireField(body, "input");
  const dimensions = wholeNumber(body, "dimensions", 1, MOST_DIMENSIONS) ?? DEFAULT_DIMENSIONS;
  const encoding = body.encoding_format ?? "float";
  if (encoding !== "float" && encoding !== "base64") refuseField("encoding_format", "float or base64");
  const inputs = readInputs(body.input);
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0);
  return {
    object: "list",
    data: inputs.map(({ text }, index) => {
      const vector = embed(text, dimensions);
      return {
        object: "embedding",
        index,
        embedding: encoding === "base64" ? toBase64(vector) : [...vector],
      };
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

interface EmbeddingInput {
  readonly text: string;
  readonly tokens: number;
}

/** A string, strings, token numbers, or arrays of token numbers. */
function readInputs(input: unknown): EmbeddingInput[] {
  if (typeof input === "string") return [{ text: input, tokens: countTokens(input) }];
  if (!Array.isArray(input) || input.length === 0)
    refuseField("input", "a string or an array that is not empty");
  if (input.every((entry) => typeof entry === "number")) return [tokenInput(input)];
  return input.map((entry, index) => {
    if (typeof entry === "string") return { text: entry, tokens: countTokens(entry) };
    if (Array.isArray(entry) && entry.every((token) => typeof token === "number")) return tokenInput(entry);
    return refuseField(`input[${index}]`, "a string or an array of token numbers");
  });
}

function tokenInput(tokens: readonly number[]): EmbeddingInput {
  return { text: tokens.join(" "), tokens: tokens.length };
}

/** 32-bit floats, lowest byte first. */
function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

/** Answers Gemini's `:embedContent`. @throws DemoError 400 without content. */
export function geminiEmbedding(body: JsonObject): JsonObject {
  return { embedding: { values: geminiValues(body) } };
}

/** Answers Gemini's `:batchEmbedContents`. @throws DemoError 400 without requests or without content. */
export function geminiEmbeddings(body: JsonObject): JsonObject {
  const requests = objectsOf(body.requests);
  if (requests.length === 0) {
    throw new DemoError(400, "* BatchEmbedContentsRequest.requests: must not be empty\n");
  }
  return { embeddings: requests.map((request) => ({ values: geminiValues(request) })) };
}

function geminiValues(request: JsonObject): number[] {
  const parts = objectsOf(objectOf(request.content)?.parts);
  if (parts.length === 0) {
    throw new DemoError(400, "* EmbedContentRequest.content: contents is not specified\n");
  }
  const field = request.outputDimensionality === undefined ? "output_dimensionality" : "outputDimensionality";
  const dimensions = wholeNumber(request, field, 1, MOST_DIMENSIONS) ?? DEFAULT_DIMENSIONS;
  return [...embed(textOf(parts), dimensions)];
}
