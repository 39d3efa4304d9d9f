import { MESSAGES } from "./anthropic/format.ts";
import { readPrompt } from "./anthropic/read.ts";
import { behaviourOf } from "./behaviours.ts";
import { parseBody } from "./body.ts";
import { type Call, jsonResponse, misbehave } from "./call.ts";
import { CHAT } from "./chat/format.ts";
import { COMPLETIONS } from "./completions.ts";
import { geminiEmbedding, geminiEmbeddings, openaiEmbeddings } from "./embeddings.ts";
import { DemoError, type DemoShape } from "./errors.ts";
import { GEMINI_ARRAY, GEMINI_SSE } from "./gemini/format.ts";
import { countPrompt } from "./gemini/read.ts";
import { generate } from "./generate.ts";
import { type JsonObject, objectOf } from "./json.ts";
import {
  anthropicModels,
  anthropicOneModel,
  geminiModels,
  geminiOneModel,
  openaiModels,
  openaiOneModel,
} from "./models.ts";
import { openaiModel } from "./openai-body.ts";
import { PromptCache } from "./prompt-cache.ts";
import { RESPONSES } from "./responses/format.ts";
import { readResponses } from "./responses/read.ts";

type Answer = Response | Promise<Response>;

/** A path of the demo and what answers there. `path` matches the whole path; its groups come decoded. */
interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly answer: (call: Call, ...groups: string[]) => Answer;
}

const GEMINI_CALL =
  /^\/v1(?:beta|alpha)?\/(?:models|tunedModels)\/(.+):([a-zA-Z]*(?:Content|Contents|Tokens))$/;

const ROUTES: readonly Route[] = [
  { method: "POST", path: /^\/v1\/chat\/completions$/, answer: (call) => generate(CHAT, call) },
  { method: "POST", path: /^\/v1\/responses$/, answer: (call) => generate(RESPONSES, call) },
  { method: "POST", path: /^\/v1\/responses\/input_tokens$/, answer: countResponses },
  { method: "POST", path: /^\/v1\/messages$/, answer: (call) => generate(MESSAGES, call) },
  { method: "POST", path: /^\/v1\/messages\/count_tokens$/, answer: countMessages },
  { method: "POST", path: /^\/v1\/completions$/, answer: (call) => generate(COMPLETIONS, call) },
  { method: "POST", path: /^\/v1\/embeddings$/, answer: embeddings },
  { method: "POST", path: GEMINI_CALL, answer: gemini },
  { method: "GET", path: /^\/v1(?:beta|alpha)?\/models$/, answer: listModels },
  { method: "GET", path: /^\/v1(?:beta|alpha)?\/models\/(.+)$/, answer: oneModel },
];

/** Answers a call by its path. @throws DemoError 404 or 405 when nothing does. */
export function route(method: string, call: Call): Answer {
  const allowed: string[] = [];
  for (const candidate of ROUTES) {
    const found = candidate.path.exec(call.path);
    if (!found) continue;
    if (candidate.method === method) return candidate.answer(call, ...found.slice(1).map(decode));
    allowed.push(candidate.method);
  }
  if (allowed.length === 0) throw new DemoError(404, `The demo has nothing at ${method} ${call.path}.`);
  const headers = { allow: allowed.join(", ") };
  throw new DemoError(405, `${method} is not allowed at ${call.path}.`, { headers });
}

/** Whose answers a client that calls this path understands; Google's SDK is known by its headers on `/v1`. */
export function shapeOf(path: string, headers: Headers): DemoShape {
  if (/^\/v1(beta|alpha)\//.test(path) || GEMINI_CALL.test(path)) return "gemini";
  if (path.startsWith("/v1/messages") || headers.has("anthropic-version")) return "anthropic";
  return headers.has("x-goog-api-client") || headers.has("x-goog-api-key") ? "gemini" : "openai";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DemoError(400, "The path holds a wrong percent-encoding.");
  }
}

function json(call: Call, shape: DemoShape, body: JsonObject): Response {
  return jsonResponse(call, shape, JSON.stringify(body));
}

/** Answers with JSON as the model's behaviour allows: it may fail or wait first. */
async function answerJson(call: Call, shape: DemoShape, model: string, body: JsonObject): Promise<Response> {
  return (await misbehave(call, model, behaviourOf(model), shape, false)) ?? json(call, shape, body);
}

function countResponses(call: Call): Answer {
  const { model, input } = readResponses(parseBody(call.body));
  return answerJson(call, "openai", model, { object: "response.input_tokens", input_tokens: input.total });
}

function countMessages(call: Call): Answer {
  const ask = readPrompt(parseBody(call.body), { pathModel: undefined, cache: new PromptCache() });
  return answerJson(call, "anthropic", ask.model, { input_tokens: ask.input.total });
}

function embeddings(call: Call): Answer {
  const body = parseBody(call.body);
  return answerJson(call, "openai", openaiModel(body), openaiEmbeddings(body));
}

function gemini(call: Call, model = "", method = ""): Answer {
  if (method === "generateContent") return generate(GEMINI_SSE, call, { model, stream: false });
  if (method === "streamGenerateContent") {
    const format = call.query.get("alt") === "sse" ? GEMINI_SSE : GEMINI_ARRAY;
    return generate(format, call, { model, stream: true });
  }
  const body = parseBody(call.body);
  const answers: Record<string, () => JsonObject> = {
    countTokens: () => countTokens(body),
    embedContent: () => geminiEmbedding(body),
    batchEmbedContents: () => geminiEmbeddings(body),
  };
  const answer = answers[method];
  if (!answer) throw new DemoError(404, `The demo has no method ${method} for models.`);
  return answerJson(call, "gemini", model, answer());
}

/** The contents stand in the body itself or in a whole `generateContentRequest`. */
function countTokens(body: JsonObject): JsonObject {
  const total = countPrompt(objectOf(body.generateContentRequest) ?? body);
  return { totalTokens: total, promptTokensDetails: [{ modality: "TEXT", tokenCount: total }] };
}

const LISTS = { openai: openaiModels, anthropic: anthropicModels, gemini: geminiModels };
const ONES = { openai: openaiOneModel, anthropic: anthropicOneModel, gemini: geminiOneModel };

function listModels(call: Call): Answer {
  const shape = shapeOf(call.path, call.headers);
  return json(call, shape, LISTS[shape]());
}

function oneModel(call: Call, name = ""): Answer {
  const shape = shapeOf(call.path, call.headers);
  return json(call, shape, ONES[shape](name));
}
