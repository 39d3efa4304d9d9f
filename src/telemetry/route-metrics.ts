import type { Trace } from "../records/trace.ts";
import { LabelSets } from "./label-sets.ts";
import { counter, type MetricFamily, type NumberPoint } from "./metric-family.ts";

/** Pairs of route and target, and of route and reason; further ones are counted as `other`. */
const MAX_SERIES = 1_000;
/** The target of requests that none has answered. */
const NONE = "none";
/** The reason where a target was passed over because it cannot express the request. */
const CONVERSION = "conversion";

interface Count extends NumberPoint {
  value: number;
}

/**
 * Counts what routes chose, and why they went on to another target. Routes and targets are those of the configuration and
 * the stored ones: clients' own names are none.
 */
export class RouteMetrics {
  readonly #choices = counts(["route", "target"]);
  readonly #fallbacks = counts(["route", "reason"]);

  /** The trace subscriber. */
  observe({ route, provider, model, attempts }: Observed): void {
    if (route === null || attempts.length === 0) return;
    // The last try is not always the one that served: an answer that a filter kept back is better than none.
    const answered = `${provider}/${model}`;
    const isServed = attempts.some(({ target, status, error }) => {
      return target === answered && status !== null && error === null;
    });
    this.#choices.get(route, isServed ? answered : NONE).value++;
    for (let index = 1; index < attempts.length; index++) {
      const { target, reason } = attempts[index - 1]!;
      if (target !== attempts[index]!.target) this.#fallbacks.get(route, reason ?? CONVERSION).value++;
    }
  }

  families(): MetricFamily[] {
    return [
      counter(
        "amsterdam.route.choices",
        "{request}",
        "Requests that a route sent somewhere, by the target that served.",
        [...this.#choices.values()],
      ),
      counter("amsterdam.route.fallbacks", "{fallback}", "Steps from one target of a route to the next.", [
        ...this.#fallbacks.values(),
      ]),
    ];
  }
}

type Observed = Pick<Trace, "route" | "provider" | "model" | "attempts">;

function counts<Name extends string>(names: readonly Name[]): LabelSets<Name, Count> {
  return new LabelSets(names, MAX_SERIES, (labels) => ({ labels, value: 0 }));
}
