import { BoundedMemory } from "./bounded-memory.ts";
import { distance } from "./rendezvous.ts";
import type { Asked, Option, Ranking, Report, Strategy } from "./strategy.ts";

/** Conversations whose option is remembered: some 20 MB. */
const MOST_CONVERSATIONS = 100_000;
/** No provider keeps a prompt for longer. */
const LIFETIME_MS = 3_600_000;

/**
 * A conversation stays with the option that served it, so that the provider's cache of its prompt is hit. A new one goes
 * where its hash sends it, which is the same in every process; one whose option is out goes to the next by its hash and
 * then stays there. Requests without a conversation are spread by weight.
 */
export class Sticky implements Strategy {
  readonly name = "sticky";
  readonly #served: BoundedMemory<string>;
  readonly #random: () => number;

  constructor(random: () => number = Math.random, most = MOST_CONVERSATIONS) {
    this.#random = random;
    this.#served = new BoundedMemory(most, LIFETIME_MS);
  }

  order(options: readonly Option[], { conversation, now }: Asked): Ranking {
    const key = conversation ?? String(this.#random());
    const order = byDistance(options, key);
    const served = conversation === null ? null : this.#served.get(conversation, now);
    const stays = served === null ? -1 : order.findIndex(({ name }) => name === served);
    if (stays > 0) order.unshift(...order.splice(stays, 1));
    const first =
      stays >= 0
        ? "served this conversation before"
        : conversation === null
          ? "drawn by weight, for the request belongs to no conversation"
          : served === null
            ? "chosen by the conversation's hash"
            : `chosen by the conversation's hash, for ${served} cannot serve`;
    return { order, reason: (_, at) => (at === 0 ? first : "next by the hash") };
  }

  observe(option: string, { conversation, failed, now }: Report): void {
    if (conversation !== null && !failed) this.#served.set(conversation, option, now);
  }
}

function byDistance(options: readonly Option[], key: string): Option[] {
  return options
    .map((option) => ({ option, distance: distance(key, option.name, option.weight) }))
    .sort((a, b) => (a.distance === b.distance ? a.option.place - b.option.place : a.distance - b.distance))
    .map(({ option }) => option);
}
