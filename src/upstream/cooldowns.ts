/** No limit keeps anything out for longer: what an upstream says may be wrong, and a quota may be filled up meanwhile. */
export const MAX_COOLDOWN_MS = 5 * 60_000;

const MAX_NAMES = 1000;
/** Models' names come from clients; those that are longer are none. */
const MAX_NAME = 300;

/**
 * What has had enough for now, and until when, by name. Times are moments of `performance.now()`, which no change of the
 * clock moves. It holds 1,000 names: those that are over go first, then those that were noted first.
 */
export class Cooldowns {
  readonly #outs = new Map<string, { readonly until: number; readonly notedAt: number }>();

  /** How many names are held, those included whose time is over and was not asked for since. */
  get size(): number {
    return this.#outs.size;
  }

  /** The moment from which it may be asked again; 0 where that is now. */
  until(name: string, now = performance.now()): number {
    const until = this.#outs.get(name)?.until ?? 0;
    if (until === 0) return 0;
    if (until > now) return until;
    this.#outs.delete(name);
    return 0;
  }

  /** It is out until `until`, at most `MAX_COOLDOWN_MS` from now, or longer where that was known before. */
  note(name: string, until: number, now = performance.now()): void {
    const bounded = Math.min(until, now + MAX_COOLDOWN_MS);
    // Written so that a NaN is no time either.
    if (!(bounded > now) || name.length > MAX_NAME) return;
    if (!this.#outs.has(name)) this.#makeRoom(now);
    this.#outs.set(name, { until: Math.max(bounded, this.#outs.get(name)?.until ?? 0), notedAt: now });
  }

  /** A request that was sent at `sentAt` was answered: it is back, unless it has been limited since. */
  answered(name: string, sentAt: number): void {
    const out = this.#outs.get(name);
    if (out !== undefined && out.notedAt <= sentAt) this.#outs.delete(name);
  }

  /** Forgets everything, after a reload: keys and limits may be others. */
  reset(): void {
    this.#outs.clear();
  }

  #makeRoom(now: number): void {
    if (this.#outs.size < MAX_NAMES) return;
    for (const [name, { until }] of this.#outs) if (until <= now) this.#outs.delete(name);
    if (this.#outs.size < MAX_NAMES) return;
    const [oldest] = this.#outs.keys();
    this.#outs.delete(oldest!);
  }
}
