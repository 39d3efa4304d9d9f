const STEPS = 2 ** 32;

/** Of each name, what it mixes into the hash of a key. */
const seeds = new Map<string, number>();
const MOST_SEEDS = 10_000;

/**
 * How strongly a key is drawn to a name: the smallest wins. Exponential with the weight as its rate, so that keys spread
 * over names as their weights say, and where a name is added or taken away only its own keys move (weighted rendezvous
 * hashing).
 */
export function distance(key: string, name: string, weight: number): number {
  if (!(weight > 0)) return Number.POSITIVE_INFINITY;
  return -Math.log(uniform(key, name)) / weight;
}

/** Between 0 and 1, neither of them, and the same for the same two in every process. */
export function uniform(key: string, name: string): number {
  return (Bun.hash.xxHash32(key, seedOf(name)) + 0.5) / STEPS;
}

function seedOf(name: string): number {
  const known = seeds.get(name);
  if (known !== undefined) return known;
  const seed = Bun.hash.xxHash32(name, 0x5eed);
  if (seeds.size >= MOST_SEEDS) seeds.clear();
  seeds.set(name, seed);
  return seed;
}
