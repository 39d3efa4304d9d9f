import type { MatchLogic, ModelInfo } from "@pydantic/genai-prices";

/** What a provider appends to a model's name for a snapshot of it: a date, or that it is the newest. */
const SNAPSHOT = /^(-\d{4}-?\d{2}-?\d{2}|@\d{8}|-latest|-\d{3})$/;

/**
 * Whether the price library means exactly this model, or a dated snapshot of it. Its rules match by beginnings too, so
 * that it would charge a model that it has never heard of as an older one.
 */
export function namesModel(found: ModelInfo, model: string): boolean {
  const name = model.toLowerCase();
  return [found.id, ...textsOf(found.match)].some((text) => {
    const known = text.toLowerCase();
    return name === known || (name.startsWith(known) && SNAPSHOT.test(name.slice(known.length)));
  });
}

/** Names that the rules spell out. */
function textsOf(logic: MatchLogic): string[] {
  if ("or" in logic) return logic.or.flatMap(textsOf);
  if ("and" in logic) return logic.and.flatMap(textsOf);
  if ("equals" in logic) return [logic.equals];
  return "starts_with" in logic ? [logic.starts_with] : [];
}
