import type * as PriceLibrary from "@pydantic/genai-prices";
import { namesModel } from "../costs/exact-model.ts";
import { type ModelFacts, UNKNOWN_FACTS } from "./abilities.ts";
import { familyFacts } from "./model-families.ts";

/**
 * What is known of a provider's model: `own`, which somebody has configured, then what its family has in common, and the
 * context window of the price library where that is wider. Takes some 20 microseconds and, the first time, the library's
 * loading of 20 ms: it is for when a configuration is read.
 */
export function modelFacts(provider: string, model: string, own: Partial<ModelFacts> = {}): ModelFacts {
  const family = { ...UNKNOWN_FACTS, ...familyFacts(model) };
  const listed = listedWindow(provider, model);
  // Of two figures the wider one counts: a refusal by the model can be mended by another target, an unasked model cannot.
  const contextWindow =
    listed === null ? family.contextWindow : Math.max(listed, family.contextWindow ?? listed);
  return { ...family, contextWindow, ...own };
}

/** Of exactly this model: one whose name merely begins as an older one's is not the older one. */
function listedWindow(provider: string, model: string): number | null {
  const { calcPrice }: typeof PriceLibrary = require("@pydantic/genai-prices");
  const found = calcPrice({}, model, { providerId: provider });
  if (found === null || !namesModel(found.model, model)) return null;
  return found.model.context_window ?? null;
}
