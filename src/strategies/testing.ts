import { UNKNOWN_FACTS } from "./abilities.ts";
import type { Asked, Option, Report, RouteTarget, Strategy } from "./strategy.ts";

/** For tests: a target of which nothing is known but what is given. */
export function targetOf(name: string, over: Partial<RouteTarget> = {}): RouteTarget {
  return { name, facts: UNKNOWN_FACTS, prices: null, ...over };
}

/** Options by name, each with a weight or 1, in this order. */
export function optionsOf(names: readonly (string | [name: string, weight: number])[]): Option[] {
  return names.map((one, place) => {
    const [name, weight] = typeof one === "string" ? [one, 1] : one;
    return { name, weight, place, target: targetOf(name) };
  });
}

export function askedOf(over: Partial<Asked> = {}): Asked {
  return {
    now: 0,
    needs: {
      inputTokens: 1_000,
      leastInputTokens: 500,
      outputTokens: null,
      media: [],
      tools: false,
      structured: false,
      reasoning: false,
    },
    conversation: null,
    score: () => 0.5,
    strongShare: null,
    kind: "",
    ...over,
  };
}

export function reportOf(over: Partial<Report> = {}): Report {
  return {
    now: 0,
    failed: false,
    firstTokenMs: null,
    usage: null,
    cost: null,
    conversation: null,
    kind: "",
    ...over,
  };
}

/** Decides, and says that it was done: the first choice's name. */
export function decided(strategy: Strategy, options: readonly Option[], asked: Asked): string {
  const ranking = strategy.order(options, asked);
  if (new Set(ranking.order).size !== options.length)
    throw new Error("An option is missing, or there twice.");
  for (const [at, option] of ranking.order.entries())
    if (ranking.reason(option, at) === "") throw new Error("A reason is missing.");
  strategy.took?.(ranking, asked);
  return ranking.order[0]!.name;
}

/** How often each is decided for, as a share, over so many requests. */
export function sharesOf(
  strategy: Strategy,
  options: readonly Option[],
  requests: number,
  asked: (at: number) => Asked = () => askedOf(),
): Record<string, number> {
  const shares: Record<string, number> = Object.fromEntries(options.map(({ name }) => [name, 0]));
  for (let at = 0; at < requests; at++) shares[decided(strategy, options, asked(at))]! += 1 / requests;
  return shares;
}
