import type { Epoch, Experiment, Unit } from "./experiment.ts";

/** Which variant a unit has and how probable that was: what a record keeps of it. */
export interface Decision {
  /** Its place among the experiment's variants. */
  readonly variant: number;
  readonly probability: number;
  readonly epoch: number;
}

/** What a request has that can be a unit. */
export interface UnitIds {
  readonly runId: string | null;
  readonly threadId: string | null;
  readonly agentId: string | null;
  readonly requestId: string;
  readonly variables: Readonly<Record<string, unknown>> | null;
}

const VARIABLE = "variable:";
const STEPS = 2 ** 53;

/**
 * The variant of a unit; null when the unit stays outside, or no variant takes any. It depends on nothing but the
 * experiment's id, the names of its variants, the epoch's probabilities and the unit, so every process decides alike.
 *
 * Each variant draws a number from the unit's hash, exponential with its probability as the rate, and the smallest wins
 * (weighted rendezvous hashing): when probabilities change, a unit moves only to a variant that gained on its own, and
 * when a variant is switched off, its units alone move.
 */
export function assign(
  experiment: Pick<Experiment, "id" | "variants" | "outside">,
  epoch: Pick<Epoch, "number" | "probabilities">,
  unit: string,
): Decision | null {
  const { id, variants, outside } = experiment;
  if (outside > 0 && uniform("outside", id, "", unit) < outside) return null;
  let chosen = -1;
  let smallest = Number.POSITIVE_INFINITY;
  for (const [index, { name }] of variants.entries()) {
    const probability = epoch.probabilities[index] ?? 0;
    if (!(probability > 0)) continue;
    const drawn = -Math.log(uniform("variant", id, name, unit)) / probability;
    if (drawn >= smallest) continue;
    smallest = drawn;
    chosen = index;
  }
  if (chosen < 0) return null;
  return { variant: chosen, probability: epoch.probabilities[chosen] ?? 0, epoch: epoch.number };
}

/** What identifies the unit that a request belongs to; null when the request has no such thing. */
export function unitOf(unit: Unit, ids: UnitIds): string | null {
  if (unit === "request") return ids.requestId;
  if (unit === "run") return ids.runId;
  if (unit === "thread") return ids.threadId;
  if (unit === "agent") return ids.agentId;
  const name = unit.slice(VARIABLE.length);
  const value = ids.variables && Object.hasOwn(ids.variables, name) ? ids.variables[name] : undefined;
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** Between 0 and 1, neither of them. The lengths keep `a` + `bc` apart from `ab` + `c`. */
function uniform(purpose: string, id: string, name: string, unit: string): number {
  const hash = Bun.hash.xxHash64(`${purpose}:${id.length}:${name.length}:${id}${name}${unit}`);
  return (Number(hash >> 11n) + 0.5) / STEPS;
}
