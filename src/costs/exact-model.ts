import type { MatchLogic, ModelInfo } from "@pydantic/genai-prices";

/** What providers append to a model's name for a snapshot of it: a date, a version, or that it is the newest. */
const SNAPSHOT = /^(-\d{4}-\d{2}-\d{2}|[-@]\d{8}|-\d{4}|-00\d|-latest)$/;
/** Expressions that spell a name out but for digits, from its beginning to its end. */
const SPELLED_OUT = /^\^(?:[\w/@:-]|\\\.|\\d(?:\{\d+\})?)+\$$/;

/**
 * Whether the price library means exactly this model, of which it has found that one of the rules of `found` fits. A
 * dated snapshot counts where a rule is made for all names with this beginning: of models whose snapshots differ in
 * price, the library lists each. Otherwise such a rule would charge a model that it has never heard of as an older one.
 */
export function namesModel(found: ModelInfo, model: string): boolean {
  const name = model.trim().toLowerCase();
  return isSnapshotOf(name, found.id) || fits(found.match, name);
}

function fits(logic: MatchLogic, name: string): boolean {
  if ("or" in logic) return logic.or.some((one) => fits(one, name));
  if ("and" in logic) return logic.and.some((one) => fits(one, name));
  if ("regex" in logic) return SPELLED_OUT.test(logic.regex) && new RegExp(logic.regex).test(name);
  if ("equals" in logic) return isSnapshotOf(name, logic.equals);
  if ("starts_with" in logic) return isSnapshotOf(name, logic.starts_with);
  return name === ("contains" in logic ? logic.contains : logic.ends_with).toLowerCase();
}

function isSnapshotOf(name: string, text: string): boolean {
  const known = text.toLowerCase().replace(/-$/, "");
  return name === known || (name.startsWith(known) && SNAPSHOT.test(name.slice(known.length)));
}
