import { arrayOf, isRecord, type JsonObject, numberOf, stringOf } from "../exchange/read.ts";
import type { ListedModel } from "./listed-model.ts";

/** Names are short; a list that is none holds anything. */
const MAX_ID = 300;
const MAX_MODELS = 5000;

/**
 * Reads a provider's models list, in OpenAI's (`data[].id`), Anthropic's (the same with `display_name`) or Gemini's
 * (`models[].name`) form. What is no model is left out.
 */
export function readModelList(body: unknown, provider: string): ListedModel[] {
  if (Array.isArray(body)) return readItems(body, provider);
  if (!isRecord(body)) return [];
  return readItems(arrayOf(body.data ?? body.models), provider);
}

function readItems(items: readonly unknown[], provider: string): ListedModel[] {
  const models = new Map<string, ListedModel>();
  for (const item of items.slice(0, MAX_MODELS)) {
    const model = isRecord(item) ? readModel(item, provider) : null;
    if (model !== null) models.set(model.id, model);
  }
  return [...models.values()];
}

function readModel(item: JsonObject, provider: string): ListedModel | null {
  const name = stringOf(item.id) ?? stringOf(item.name)?.replace(/^models\//, "");
  if (name === undefined || name === "" || name.length > MAX_ID) return null;
  return {
    id: `${provider}/${name}`,
    owner: stringOf(item.owned_by) ?? provider,
    title: stringOf(item.display_name) ?? stringOf(item.displayName) ?? name,
    createdAt: dateOf(item.created) ?? dateOf(item.created_at),
    inputLimit:
      numberOf(item.inputTokenLimit) ??
      numberOf(item.context_length) ??
      numberOf(item.max_input_tokens) ??
      null,
    outputLimit: numberOf(item.outputTokenLimit) ?? numberOf(item.max_tokens) ?? null,
    methods: methodsOf(item.supportedGenerationMethods),
  };
}

function methodsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((method) => typeof method === "string") : null;
}

/** Unix seconds of a date that is written as such or as text; null where it is none, as far as years have four digits. */
function dateOf(value: unknown): number | null {
  const seconds = typeof value === "string" ? Date.parse(value) / 1000 : Number(value ?? Number.NaN);
  return seconds >= 0 && seconds < 253_402_300_800 ? Math.floor(seconds) : null;
}
