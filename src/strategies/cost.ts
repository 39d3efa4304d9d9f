import { costOfTokens } from "../costs/token-prices.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { RunningMean } from "./running-mean.ts";
import type { Asked, Option, Ranking, Report, Strategy } from "./strategy.ts";

const SPAN = 50;
/** Before an option has answered, its answers are taken to be this long, and this share of a prompt to be cached. */
const USUAL_OUTPUT = 500;
const USUAL_CACHED = 0.8;
/** What was assumed is worth a single answer. */
const ASSUMED = 1;
/** Providers keep prompts for 5 to 10 minutes after they were last used. */
const CACHE_LIFETIME_MS = 300_000;
const MOST_CONVERSATIONS = 100_000;

interface Learned {
  /** Tokens of an answer. */
  readonly output: RunningMean;
  /** Of a prompt whose conversation the option served last, the share that was read from the cache. */
  readonly cached: RunningMean;
}

/**
 * The cheapest for this request: by its estimated prompt, the share of it that an option has in its cache because it
 * served the conversation last, and the length that its answers have on average. So a model that is cheap by the token
 * and writes long is dear, and leaving a conversation's model costs what its cache saves. An option without a known price
 * comes last.
 */
export class Cost implements Strategy {
  readonly name = "cost";
  readonly #learned = new Map<string, Learned>();
  readonly #served: BoundedMemory<string>;

  constructor(most = MOST_CONVERSATIONS) {
    this.#served = new BoundedMemory(most, CACHE_LIFETIME_MS);
  }

  order(options: readonly Option[], asked: Asked): Ranking {
    const { conversation, now } = asked;
    const last = conversation === null ? null : this.#served.get(conversation, now);
    const dollars = new Map<Option, number>();
    for (const option of options) dollars.set(option, this.#priceOf(option, asked, option.name === last));
    const order = [...options].sort((a, b) => {
      const [one, other] = [dollars.get(a)!, dollars.get(b)!];
      return one === other ? a.place - b.place : one - other;
    });
    return {
      order,
      reason: (option) => {
        const price = dollars.get(option)!;
        if (price === Number.POSITIVE_INFINITY) return "its price is not known";
        return `about $${price.toPrecision(3)}${option.name === last ? ", with its cache" : ""}`;
      },
    };
  }

  observe(option: string, { usage, conversation, failed, now }: Report): void {
    if (failed) return;
    if (usage !== null) {
      const learned = this.#of(option);
      learned.output.add(usage.output);
      const wasLast = conversation !== null && this.#served.get(conversation, now) === option;
      if (wasLast && usage.input > 0) learned.cached.add(Math.min(1, usage.cachedInput / usage.input));
    }
    if (conversation !== null) this.#served.set(conversation, option, now);
  }

  /** US dollars, infinite where the price is not known. */
  #priceOf({ name, target }: Option, { needs }: Asked, isLast: boolean): number {
    if (target.prices === null) return Number.POSITIVE_INFINITY;
    const learned = this.#learned.get(name);
    const input = needs.inputTokens;
    const cachedInput = isLast ? Math.floor(input * (learned?.cached.value ?? USUAL_CACHED)) : 0;
    const expected = learned?.output.value ?? USUAL_OUTPUT;
    const output = Math.min(expected, needs.outputTokens ?? expected);
    return costOfTokens(target.prices, { input, cachedInput, output }) ?? Number.POSITIVE_INFINITY;
  }

  #of(option: string): Learned {
    const known = this.#learned.get(option);
    if (known !== undefined) return known;
    const learned = {
      output: new RunningMean(SPAN, USUAL_OUTPUT, ASSUMED),
      cached: new RunningMean(SPAN, USUAL_CACHED, ASSUMED),
    };
    this.#learned.set(option, learned);
    return learned;
  }
}
