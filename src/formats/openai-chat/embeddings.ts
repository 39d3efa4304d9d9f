import type { EmbeddingsRequest, EmbeddingsResponse } from "../../exchange/embeddings.ts";
import { GatewayError } from "../../exchange/errors.ts";
import {
  arrayOf,
  invalid,
  isRecord,
  numberOf,
  optionalNumber,
  optionalString,
  requiredString,
  stringOf,
} from "../../exchange/read.ts";
import type { EmbeddingsCodec, RequestContext } from "../codec.ts";
import { readUsage } from "../openai-usage.ts";

/** OpenAI's `/v1/embeddings`. */
export const openaiEmbeddings: EmbeddingsCodec = { readRequest, writeRequest, readResponse, writeResponse };

function readRequest(body: unknown): EmbeddingsRequest {
  if (!isRecord(body)) throw invalid("body", "must be a JSON object");
  const encoding = optionalString(body.encoding_format, "encoding_format");
  if (encoding !== undefined && encoding !== "float" && encoding !== "base64")
    throw invalid("encoding_format", "must be float or base64");
  const dimensions = optionalNumber(body.dimensions, "dimensions");
  const userId = optionalString(body.user, "user");
  return {
    model: requiredString(body.model, "model"),
    inputs: readInputs(body.input),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(userId === undefined ? {} : { userId }),
  };
}

/** A text, tokens, or an array of either. */
function readInputs(input: unknown): (string | number[])[] {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) throw invalid("input", "must be a string or an array of strings or of tokens");
  if (input.length === 0) throw invalid("input", "must not be empty");
  if (isTokens(input)) return [input];
  return input.map((value: unknown, i) => {
    if (typeof value === "string" || isTokens(value)) return value;
    throw invalid(`input[${i}]`, "must be a string or an array of tokens");
  });
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token));
}

function writeRequest(request: EmbeddingsRequest, { model, losses }: RequestContext) {
  const { inputs, dimensions, encoding, taskType, title, userId } = request;
  if (taskType !== undefined) losses.add("taskType");
  if (title !== undefined) losses.add("title");
  const body = {
    model,
    input: inputs.length === 1 ? inputs[0] : inputs,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(encoding === undefined ? {} : { encoding_format: encoding }),
    ...(userId === undefined ? {} : { user: userId }),
  };
  return { body, method: null };
}

function readResponse(body: unknown): EmbeddingsResponse {
  const data = isRecord(body) ? arrayOf(body.data) : [];
  const entries = data.map((entry, position) => {
    const vector = isRecord(entry) ? readVector(entry.embedding) : null;
    if (vector === null)
      throw new GatewayError("upstream_invalid", `The upstream's answer has no vector at data[${position}].`);
    return { index: (isRecord(entry) ? numberOf(entry.index) : undefined) ?? position, vector };
  });
  if (!isRecord(body) || entries.length === 0)
    throw new GatewayError("upstream_invalid", "The upstream's answer has no vectors.");
  const usage = readUsage(body.usage);
  return {
    model: stringOf(body.model) ?? "",
    vectors: entries.sort((a, b) => a.index - b.index).map((entry) => entry.vector),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** Numbers, or 32-bit little-endian floats in base64. */
function readVector(value: unknown): number[] | null {
  if (Array.isArray(value)) return value.every((number) => typeof number === "number") ? value : null;
  if (typeof value !== "string") return null;
  const bytes = Buffer.from(value, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => bytes.readFloatLE(i * 4));
}

function writeResponse(response: EmbeddingsResponse, request: EmbeddingsRequest): object {
  const { vectors, usage } = response;
  const input = usage?.input ?? 0;
  return {
    object: "list",
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: request.encoding === "base64" ? base64Of(vector) : vector,
    })),
    model: response.model === "" ? request.model : response.model,
    usage: { prompt_tokens: input, total_tokens: input },
  };
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, number] of vector.entries()) bytes.writeFloatLE(number, i * 4);
  return bytes.toString("base64");
}
