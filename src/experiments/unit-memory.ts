import type { Decision } from "./assign.ts";

/** Units remembered: between so many and twice as many. */
const REMEMBERED = 50_000;

/**
 * What was decided for the latest units, so that a unit keeps its variant when probabilities change. Two generations, of
 * which the older is dropped as a whole.
 */
export class UnitMemory {
  #young = new Map<string, Decision>();
  #old = new Map<string, Decision>();

  get(unit: string): Decision | undefined {
    return this.#young.get(unit) ?? this.#old.get(unit);
  }

  note(unit: string, decision: Decision): void {
    if (this.#young.size >= REMEMBERED && !this.#young.has(unit)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(unit, decision);
  }
}
