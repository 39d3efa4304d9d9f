import { bareModel, behaviourOf, DEMO_MODELS } from "./behaviours.ts";
import { DemoError } from "./errors.ts";
import type { JsonObject } from "./json.ts";

type Entry = (typeof DEMO_MODELS)[number];
type Write = (entry: Entry) => JsonObject;

/** 2026-01-01T00:00:00Z, in seconds and as text. */
const RELEASED = 1_767_225_600;
const RELEASED_AT = "2026-01-01T00:00:00Z";
const INPUT_LIMIT = 1_048_576;
const OUTPUT_LIMIT = 1_048_576;

/** OpenAI's list of models. */
export function openaiModels(): JsonObject {
  return { object: "list", data: DEMO_MODELS.map(openaiModelEntry) };
}

/** Anthropic's list of models, all on one page. */
export function anthropicModels(): JsonObject {
  const data = DEMO_MODELS.map(anthropicModelEntry);
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** Gemini's list of models, all on one page. */
export function geminiModels(): JsonObject {
  return { models: DEMO_MODELS.map(geminiModelEntry) };
}

/** One model in OpenAI's shape. @throws DemoError 404 for a name that is none of the demo's. */
export function openaiOneModel(name: string): JsonObject {
  return describeModel(name, openaiModelEntry);
}

/** One model in Anthropic's shape. @throws DemoError 404 for a name that is none of the demo's. */
export function anthropicOneModel(name: string): JsonObject {
  return describeModel(name, anthropicModelEntry);
}

/** One model in Gemini's shape. @throws DemoError 404 for a name that is none of the demo's. */
export function geminiOneModel(name: string): JsonObject {
  return describeModel(name, geminiModelEntry);
}

/** Names with a number in them, such as `slow-200`, are known though the table lists one of a kind. */
function describeModel(name: string, write: Write): JsonObject {
  const id = bareModel(name);
  if (!behaviourOf(id).known) {
    throw new DemoError(404, `The model '${name}' is not one of the demo's.`, {
      param: "model",
      code: "model_not_found",
    });
  }
  const description = DEMO_MODELS.find((entry) => entry.id === id)?.description;
  return write({ id, description: description ?? "A demo model with a number in its name." });
}

function openaiModelEntry({ id, description }: Entry): JsonObject {
  return { id, object: "model", created: RELEASED, owned_by: "amsterdam-demo", description };
}

function anthropicModelEntry({ id }: Entry) {
  return {
    type: "model",
    id,
    display_name: `Demo ${id}`,
    created_at: RELEASED_AT,
    max_input_tokens: INPUT_LIMIT,
    max_tokens: OUTPUT_LIMIT,
    capabilities: null,
  };
}

function geminiModelEntry({ id, description }: Entry): JsonObject {
  return {
    name: `models/${id}`,
    version: "demo",
    displayName: `Demo ${id}`,
    description,
    inputTokenLimit: INPUT_LIMIT,
    outputTokenLimit: OUTPUT_LIMIT,
    supportedGenerationMethods: ["generateContent", "countTokens", "embedContent"],
    temperature: 1,
    topP: 0.95,
    maxTemperature: 2,
  };
}
