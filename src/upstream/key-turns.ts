import { Cooldowns } from "./cooldowns.ts";

/**
 * Whose turn it is among a provider's keys, over all requests. A key that is limited or refused is passed over for its
 * time while another one serves; where all are out, the one that is back soonest is taken.
 */
export class KeyTurns {
  readonly #turns = new Map<string, number>();
  readonly #outs = new Cooldowns();

  /** Index of the key that goes next, of `keys` (at least 1). `model` is the one that is called, where it is known. */
  next(provider: string, keys: number, model: string | null = null, now = performance.now()): number {
    if (keys <= 1) return 0;
    const turn = (this.#turns.get(provider) ?? 0) % keys;
    const index = this.#outs.size === 0 ? turn : this.#soonest(provider, keys, turn, model, now);
    this.#turns.set(provider, (index + 1) % keys);
    return index;
  }

  /**
   * A key is out until `until`, a moment of `performance.now()`: for one model, whose limit says little about another's,
   * or for all (null), as one that is refused or whose quota is used up.
   */
  limited(
    provider: string,
    index: number,
    until: number,
    model: string | null = null,
    now = performance.now(),
  ): void {
    this.#outs.note(nameOf(provider, index, model), until, now);
  }

  /** The moment from which one of the keys may be used for the model; 0 where one may now. */
  backAt(provider: string, keys: number, model: string | null = null, now = performance.now()): number {
    if (this.#outs.size === 0) return 0;
    let soonest = Number.POSITIVE_INFINITY;
    for (let index = 0; index < keys; index++) {
      const until = this.#until(provider, index, model, now);
      if (until === 0) return 0;
      soonest = Math.min(soonest, until);
    }
    return keys === 0 ? 0 : soonest;
  }

  /** Forgets everything, after a reload: the keys may be others. */
  reset(): void {
    this.#turns.clear();
    this.#outs.reset();
  }

  #soonest(provider: string, keys: number, turn: number, model: string | null, now: number): number {
    let best = turn;
    let bestUntil = Number.POSITIVE_INFINITY;
    for (let step = 0; step < keys; step++) {
      const index = (turn + step) % keys;
      const until = this.#until(provider, index, model, now);
      if (until < bestUntil) {
        best = index;
        bestUntil = until;
      }
    }
    return best;
  }

  #until(provider: string, index: number, model: string | null, now: number): number {
    const forAll = this.#outs.until(nameOf(provider, index, null), now);
    return model === null ? forAll : Math.max(forAll, this.#outs.until(nameOf(provider, index, model), now));
  }
}

/** A provider's name holds no slash. */
function nameOf(provider: string, index: number, model: string | null): string {
  return model === null ? `${provider}/${index}` : `${provider}/${index}/${model}`;
}
