import { GatewayError } from "../exchange/errors.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { decodePart } from "../lib/request-url.ts";
import { type ListedModel, namedModel } from "../models/listed-model.ts";
import type { ProviderLists } from "../models/provider-lists.ts";
import { DEMO } from "../providers/catalogue.ts";
import { DEMO_MODELS } from "../providers/demo/behaviours.ts";
import type { Door } from "../routing/doors.ts";
import type { Router } from "../routing/router.ts";

export type ModelsShape = "openai" | "anthropic" | "gemini";

/**
 * The models that can be called: routes, those that the configuration names, the demo's, and those that the providers
 * list. A provider that does not answer is represented by what the configuration names.
 */
async function listModels(router: Router, lists: ProviderLists): Promise<ListedModel[]> {
  const models = new Map<string, ListedModel>();
  const add = (model: ListedModel) => {
    if (!models.has(model.id)) models.set(model.id, model);
  };
  for (const [route, { targets }] of Object.entries(router.config.routes))
    add(namedModel(route, "amsterdam", `Route to ${targets.join(", ")}`));
  for (const [alias, model] of Object.entries(router.config.aliases))
    if (!alias.includes("*")) add(namedModel(alias, "amsterdam", `Stands for ${model}`));
  const providers = [...new Set(router.providers.byName.values())];
  const listed = await Promise.all(
    providers.map((provider) => (provider.name === DEMO ? [] : lists.modelsOf(provider))),
  );
  for (const [index, provider] of providers.entries()) {
    for (const model of listed[index]!) add(model);
    for (const model of provider.config?.models ?? [])
      if (!model.endsWith("*")) add(namedModel(`${provider.name}/${model}`, provider.name, model));
  }
  if (router.providers.byName.has(DEMO))
    for (const { id, description } of DEMO_MODELS) add(namedModel(`${DEMO}/${id}`, DEMO, description));
  return [...models.values()];
}

/** The body of a models list, or of one model. Rejects with model_not_found. */
export async function modelsBody(
  router: Router,
  lists: ProviderLists,
  id: string | null,
  shape: ModelsShape,
): Promise<object> {
  const models = await listModels(router, lists);
  if (id === null) return LISTS[shape](models);
  const name = decodePart(id);
  const model = models.find((candidate) => candidate.id === name);
  if (model === undefined)
    throw new GatewayError("model_not_found", `The model "${id.slice(0, 200)}" is not in the list.`);
  return ITEMS[shape](model);
}

const GEMINI_METHODS = ["generateContent", "streamGenerateContent", "countTokens", "embedContent"];

const ITEMS: Record<ModelsShape, (model: ListedModel) => object> = {
  openai: ({ id, createdAt, owner }) => ({ id, object: "model", created: createdAt ?? 0, owned_by: owner }),
  anthropic: ({ id, title, createdAt }) => ({
    type: "model",
    id,
    display_name: title,
    created_at: new Date((createdAt ?? 0) * 1000).toISOString().replace(".000Z", "Z"),
  }),
  gemini: ({ id, title, inputLimit, outputLimit, methods }) => ({
    name: `models/${id}`,
    displayName: id,
    description: title,
    ...(inputLimit === null ? {} : { inputTokenLimit: inputLimit }),
    ...(outputLimit === null ? {} : { outputTokenLimit: outputLimit }),
    supportedGenerationMethods: methods ?? GEMINI_METHODS,
  }),
};

const LISTS: Record<ModelsShape, (models: ListedModel[]) => object> = {
  openai: (models) => ({ object: "list", data: models.map(ITEMS.openai) }),
  anthropic: (models) => ({
    data: models.map(ITEMS.anthropic),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }),
  gemini: (models) => ({ models: models.map(ITEMS.gemini) }),
};

/** Three APIs list their models at `/v1/models`; the clients of two of them say in a header who they are. */
export function modelsShape(door: Door, headers: HeaderFields): ModelsShape {
  if (
    door.name.startsWith("/v1beta") ||
    headers["x-goog-api-client"] !== undefined ||
    headers["x-goog-api-key"] !== undefined
  )
    return "gemini";
  return headers["anthropic-version"] !== undefined ? "anthropic" : "openai";
}
