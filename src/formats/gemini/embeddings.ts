import type { EmbeddingsRequest, EmbeddingsResponse } from "../../exchange/embeddings.ts";
import { GatewayError } from "../../exchange/errors.ts";
import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  optionalNumber,
  optionalString,
  recordOf,
  requiredArray,
  requiredRecord,
} from "../../exchange/read.ts";
import type { Usage } from "../../exchange/usage.ts";
import type { EmbeddingsCodec } from "../codec.ts";
import { bareModel, camelCased, modelResource } from "./names.ts";
import { readUsage } from "./usage.ts";

const BATCH = "batchEmbedContents";

/** What goes for all inputs of a request. */
type Settings = Pick<EmbeddingsRequest, "dimensions" | "taskType" | "title">;

/** Gemini's embedContent, for one text, and batchEmbedContents, for several. */
export const geminiEmbeddingsCodec: EmbeddingsCodec = {
  readRequest(value, { model, method }) {
    if (!isRecord(value)) throw invalid("body", "must be a JSON object");
    const body = camelCased(value);
    const named = bareModel(model ?? optionalString(body.model, "model") ?? "");
    if (method !== BATCH)
      return { model: named, inputs: [textOf(body.content, "content")], ...settingsOf(body, "") };
    const requests = requiredArray(body.requests, "requests").map((request, index) => {
      const param = `requests[${index}]`;
      const one = camelCased(requiredRecord(request, param));
      return { text: textOf(one.content, `${param}.content`), settings: settingsOf(one, `${param}.`) };
    });
    const [first] = requests;
    if (first === undefined) throw invalid("requests", "must hold at least one request");
    const settings = JSON.stringify(first.settings);
    const other = requests.findIndex((request) => JSON.stringify(request.settings) !== settings);
    if (other >= 0) {
      const message =
        "All requests of a batch must have the same taskType, title and outputDimensionality here.";
      throw new GatewayError("conversion_refused", message, { param: `requests[${other}]` });
    }
    return { model: named, inputs: requests.map(({ text }) => text), ...first.settings };
  },

  writeRequest(request, { model, losses }) {
    const { taskType, title, dimensions } = request;
    const requests = request.inputs.map((input, index) => {
      if (typeof input !== "string")
        return losses.refuse(`inputs[${index}]: token ids`, "it takes text only.");
      return {
        model: modelResource(model),
        content: { parts: [{ text: input }] },
        ...(taskType === undefined ? {} : { taskType }),
        ...(title === undefined ? {} : { title }),
        ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
      };
    });
    const [only] = requests;
    return requests.length === 1 && only !== undefined
      ? { body: only, method: "embedContent" }
      : { body: { requests }, method: BATCH };
  },

  readResponse(body) {
    const answer = recordOf(body);
    const embeddings = answer?.embeddings ?? (answer?.embedding === undefined ? [] : [answer.embedding]);
    const vectors = arrayOf(embeddings).map((embedding) => recordOf(embedding)?.values);
    if (vectors.length === 0 || !vectors.every(isVector))
      throw new GatewayError("upstream_invalid", "The provider's answer holds no vectors.");
    const usage = usageOf(answer?.usageMetadata);
    return { model: "", vectors, ...(usage === undefined ? {} : { usage }) };
  },

  writeResponse({ vectors, usage }: EmbeddingsResponse, _request, method) {
    const embeddings = vectors.map((values) => ({ values }));
    const input = usage?.input;
    return {
      ...(method === BATCH ? { embeddings } : { embedding: embeddings[0] ?? { values: [] } }),
      ...(input === undefined ? {} : { usageMetadata: { promptTokenCount: input, totalTokenCount: input } }),
    };
  },
};

function settingsOf(request: JsonObject, prefix: string): Settings {
  const dimensions = optionalNumber(request.outputDimensionality, `${prefix}outputDimensionality`);
  const taskType = optionalString(request.taskType, `${prefix}taskType`);
  const title = optionalString(request.title, `${prefix}title`);
  return {
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(taskType === undefined ? {} : { taskType }),
    ...(title === undefined ? {} : { title }),
  };
}

/** The text of a content, whose parts are read as one. */
function textOf(value: unknown, param: string): string {
  if (typeof value === "string") return value;
  const { parts } = requiredRecord(value, param);
  const texts = (isRecord(parts) ? [parts] : requiredArray(parts, `${param}.parts`)).map((part, index) => {
    if (isRecord(part) && typeof part.text === "string") return part.text;
    const message = `${param}.parts[${index}] is no text, and other providers embed text only.`;
    throw new GatewayError("conversion_refused", message, { param: `${param}.parts[${index}]` });
  });
  return texts.join("");
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number) => typeof number === "number");
}

function usageOf(value: unknown): Usage | undefined {
  return isRecord(value) ? readUsage(value) : undefined;
}
