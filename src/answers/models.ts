import { GatewayError } from "../exchange/errors.ts";
import { decodePart } from "../lib/request-url.ts";
import { DEMO } from "../providers/catalogue.ts";
import { DEMO_MODELS } from "../providers/demo/behaviours.ts";
import type { Router } from "../routing/router.ts";

/** A model that can be called by this id at the doors that serve every provider. */
interface ListedModel {
  readonly id: string;
  readonly owner: string;
  readonly description: string;
}

export type ModelsShape = "openai" | "anthropic" | "gemini";

/** The models that the gateway itself knows by name: routes, models named in the configuration, and the demo's. */
function listModels(router: Router): ListedModel[] {
  const models: ListedModel[] = [];
  for (const [route, { targets }] of Object.entries(router.config.routes)) {
    models.push({ id: route, owner: "amsterdam", description: `Route to ${targets.join(", ")}` });
  }
  for (const provider of new Set(router.providers.byName.values())) {
    for (const model of provider.config?.models ?? []) {
      if (!model.endsWith("*"))
        models.push({ id: `${provider.name}/${model}`, owner: provider.name, description: model });
    }
  }
  if (router.providers.byName.has(DEMO)) {
    for (const { id, description } of DEMO_MODELS)
      models.push({ id: `${DEMO}/${id}`, owner: DEMO, description });
  }
  return models;
}

/** The body of a models list, or of one model. Throws model_not_found. */
export function modelsBody(router: Router, id: string | null, shape: ModelsShape): object {
  const models = listModels(router);
  if (id === null) return LISTS[shape](models);
  const name = decodePart(id);
  const model = models.find((candidate) => candidate.id === name);
  if (model === undefined)
    throw new GatewayError("model_not_found", `The model "${id.slice(0, 200)}" is not in the list.`);
  return ITEMS[shape](model);
}

/** OpenAI has seconds, Anthropic a date; the gateway does not know when a model was made. */
const UNKNOWN_SECONDS = 0;
const UNKNOWN_DATE = "1970-01-01T00:00:00Z";

const ITEMS: Record<ModelsShape, (model: ListedModel) => object> = {
  openai: (model) => ({ id: model.id, object: "model", created: UNKNOWN_SECONDS, owned_by: model.owner }),
  anthropic: (model) => ({
    type: "model",
    id: model.id,
    display_name: model.description,
    created_at: UNKNOWN_DATE,
  }),
  gemini: (model) => ({
    name: `models/${model.id}`,
    displayName: model.id,
    description: model.description,
    supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens", "embedContent"],
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
