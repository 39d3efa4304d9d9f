import { BoundedMemory } from "./bounded-memory.ts";

/** Nothing is out for longer, whatever it asks for: its clock or its header may be wrong. */
const LONGEST_MS = 3_600_000;
/** Of a limit that does not say how long it holds: this, and twice as long each time in a row, up to a minute. */
const FIRST_MS = 1_000;
const LONGEST_UNSAID_MS = 60_000;
/** A quota that is used up is rarely filled within minutes. */
const QUOTA_MS = 600_000;
const MOST_NAMES = 10_000;

interface Cooldown {
  until: number;
  /** Limits in a row that did not say how long they hold. */
  unsaid: number;
}

/**
 * What is to be left alone for a time because it has said so: a target, an upstream, or one of a provider's keys, by any
 * name. Times are in milliseconds on a clock that is never set, as `performance.now()`.
 */
export class Cooldowns {
  readonly #byName = new BoundedMemory<Cooldown>(MOST_NAMES, Number.POSITIVE_INFINITY);

  /** It answered that it is asked too often (429), and to wait for `asked` milliseconds, or null where it did not say. */
  limited(name: string, asked: number | null, now: number): void {
    const known = this.#of(name, now);
    const isSaid = asked !== null && asked >= 0;
    const unsaid = Math.min(LONGEST_UNSAID_MS, FIRST_MS * 2 ** known.unsaid);
    known.unsaid = isSaid ? 0 : Math.min(known.unsaid + 1, 10);
    this.#rest(known, isSaid ? asked : unsaid, now);
  }

  /** Its quota is used up, or its account is without money. */
  exhausted(name: string, now: number): void {
    this.#rest(this.#of(name, now), QUOTA_MS, now);
  }

  /** It answered. A time that it has asked for since the request was sent still holds. */
  worked(name: string, now: number): void {
    const known = this.#byName.get(name, now);
    if (known !== null) known.unsaid = 0;
  }

  /** When it is back; `now` or before where it is not out. */
  until(name: string, now: number): number {
    const until = this.#byName.get(name, now)?.until ?? now;
    // A clock that went back must not keep it out for longer than anything is.
    return until > now + LONGEST_MS ? now + LONGEST_MS : until;
  }

  isOut(name: string, now: number): boolean {
    return this.until(name, now) > now;
  }

  #rest(known: Cooldown, milliseconds: number, now: number): void {
    known.until = Math.max(known.until, now + Math.min(milliseconds, LONGEST_MS));
  }

  #of(name: string, now: number): Cooldown {
    const known = this.#byName.get(name, now) ?? { until: 0, unsaid: 0 };
    this.#byName.set(name, known, now);
    return known;
  }
}

/**
 * Those that are not out, in their order, then those that are, the one that is back soonest first. `until` tells when one is
 * back.
 */
export function byReturn<T>(all: readonly T[], until: (one: T) => number, now: number): T[] {
  const here = all.filter((one) => !(until(one) > now));
  if (here.length === all.length) return here;
  const out = all.filter((one) => until(one) > now);
  return [...here, ...out.sort((a, b) => until(a) - until(b))];
}
