import type { Asked, Option, Ranking, Report, Strategy } from "./strategy.ts";

/** Each first token counts at least this much in the mean, and more the longer ago the last one was. */
const LEAST_STEP = 0.25;
/** After this time what was known counts 37 %, after twice the time nothing. */
const TIME_CONSTANT_MS = 5_000;
/** A failure counts as a first token after this time. */
const FAILURE_MS = 10_000;
/** An option that was not asked for this time is asked again, by at most one request in so many. */
const PROBE_AFTER_MS = 10_000;
const PROBE_EVERY = 20;
/** One that takes this many times as long as the fastest is not drawn: of two slow ones, one would be chosen. */
const MOST_TIMES = 2;
/** A request that was sent longer ago than this and never told of does not count as waiting any more. */
const FORGOTTEN_MS = 300_000;

interface Measured {
  /** Mean milliseconds to the first token; null before the first one. */
  mean: number | null;
  /** When it last answered, and when it was last asked. */
  toldAt: number;
  askedAt: number;
  /** Requests that wait for their first token, and when the first of them was sent, or the last answer came. */
  waiting: number;
  since: number;
}

/**
 * The faster of two that are drawn at random (power of two choices), by an exponentially weighted mean of the time to the
 * first token. An option that was never measured comes first, and one that nobody asked for 10 seconds is asked again,
 * by one request in 20 at most: that is how one that was slow comes back. While requests wait for an option longer than
 * its mean, that time counts instead, so that one that hangs is left before its first time-out.
 */
export class Latency implements Strategy {
  readonly name = "latency";
  readonly #measured = new Map<string, Measured>();
  readonly #random: () => number;
  #sinceProbe = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  order(options: readonly Option[], { now }: Asked): Ranking {
    const times = new Map<Option, number>();
    for (const option of options) times.set(option, this.#expected(option.name, now));
    const order = [...options].sort(
      (a, b) =>
        compare(times.get(a)!, times.get(b)!) || this.#waiting(a) - this.#waiting(b) || a.place - b.place,
    );
    const fresh = options.find(({ name }) => !this.#measured.has(name));
    const probed = fresh === undefined ? this.#dueForProbe(options, now) : undefined;
    const first = fresh ?? probed ?? this.#fasterOfTwo(order, times);
    order.splice(order.indexOf(first), 1);
    order.unshift(first);
    const told = (option: Option) => {
      const time = times.get(option)!;
      return Number.isFinite(time) ? `${Math.round(time)} ms to the first token` : "no first token yet";
    };
    const why =
      fresh !== undefined
        ? "not measured yet"
        : `${probed !== undefined ? "asked again after a pause" : "the faster of two"}: ${told(first)}`;
    return { order, reason: (option, at) => (at === 0 ? why : told(option)) };
  }

  took({ order }: Ranking, { now }: Asked): void {
    const { name } = order[0]!;
    const known = this.#measured.get(name);
    if (known === undefined) {
      this.#measured.set(name, { mean: null, toldAt: now, askedAt: now, waiting: 1, since: now });
      return;
    }
    this.#sinceProbe = isResting(known, now) ? 0 : this.#sinceProbe + 1;
    if (known.waiting === 0 || now - known.since > FORGOTTEN_MS) {
      known.waiting = 0;
      known.since = now;
    }
    known.waiting++;
    known.askedAt = Math.max(known.askedAt, now);
  }

  left(option: string, now: number): void {
    const known = this.#measured.get(option);
    if (known === undefined) return;
    known.waiting = Math.max(0, known.waiting - 1);
    known.since = Math.max(known.since, now);
  }

  observe(option: string, { firstTokenMs, failed, now }: Report): void {
    const known = this.#measured.get(option) ?? {
      mean: null,
      toldAt: now,
      askedAt: now,
      waiting: 0,
      since: now,
    };
    this.#measured.set(option, known);
    const sample = failed ? Math.max(FAILURE_MS, firstTokenMs ?? 0) : firstTokenMs;
    if (sample === null || !(sample >= 0 && sample < Number.POSITIVE_INFINITY)) return;
    known.mean =
      known.mean === null ? sample : known.mean + stepAfter(now - known.toldAt) * (sample - known.mean);
    known.toldAt = Math.max(known.toldAt, now);
  }

  /** Milliseconds; infinite for one that was never asked, or was and has not answered yet. */
  #expected(name: string, now: number): number {
    const known = this.#measured.get(name);
    if (known === undefined || known.mean === null) return Number.POSITIVE_INFINITY;
    const silent = known.waiting > 0 ? now - known.since : 0;
    return silent > FORGOTTEN_MS ? known.mean : Math.max(known.mean, silent);
  }

  #waiting({ name }: Option): number {
    return this.#measured.get(name)?.waiting ?? 0;
  }

  #dueForProbe(options: readonly Option[], now: number): Option | undefined {
    if (this.#sinceProbe < PROBE_EVERY) return undefined;
    return options.find(({ name }) => isResting(this.#measured.get(name)!, now));
  }

  /** `order` is by expected time, so that of two places the lower one is the faster. */
  #fasterOfTwo(order: readonly Option[], times: ReadonlyMap<Option, number>): Option {
    const most = MOST_TIMES * times.get(order[0]!)!;
    const beyond = order.findIndex((option) => times.get(option)! > most);
    const count = beyond < 0 ? order.length : beyond;
    if (count === 1) return order[0]!;
    const one = Math.min(count - 1, Math.floor(this.#random() * count));
    const step = 1 + Math.min(count - 2, Math.floor(this.#random() * (count - 1)));
    return order[Math.min(one, (one + step) % count)]!;
  }
}

function isResting({ toldAt, askedAt }: Measured, now: number): boolean {
  return now - Math.max(toldAt, askedAt) >= PROBE_AFTER_MS;
}

/** How much a first token counts in the mean, by the time since the one before. */
function stepAfter(pause: number): number {
  if (pause >= 2 * TIME_CONSTANT_MS) return 1;
  return Math.max(LEAST_STEP, 1 - Math.exp(-Math.max(0, pause) / TIME_CONSTANT_MS));
}

/** Two infinities are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
