import type { RouteConfig } from "../config/route-schema.ts";
import type { RecordedDecision } from "../records/decision.ts";
import { requestIdOf } from "../records/make-record.ts";
import type { Trace } from "../records/trace.ts";
import type { Choice, Explanation } from "../strategies/choose.ts";
import type { Asked, Strategy } from "../strategies/strategy.ts";

/** What stands before a route's name where its draws are recorded as those of experiments are. */
const PREFIX = "route:";
const SEPARATOR = " ";

/**
 * The name under which a route's draws are recorded. Its targets are in it, since a draw is recorded by its target's place:
 * with others begins a new log.
 */
export function learnLog(route: string, targets: readonly string[]): string {
  return `${PREFIX}${route}:${Bun.hash.xxHash64(targets.join("\n")).toString(16).padStart(16, "0").slice(0, 8)}`;
}

/** The log of a route that learns. */
export interface LearnLog {
  readonly name: string;
  /** By their places. */
  readonly options: readonly string[];
  readonly strategy: Strategy;
  readonly config: RouteConfig;
}

/** A choice, as far as draws are read from it. */
interface Drawn extends Choice {
  readonly asked: Pick<Asked, "kind">;
  readonly logs: ReadonlyMap<Strategy, LearnLog>;
}

/** Whether a decision is a route's, not an experiment's. */
export function isRouteDecision({ experiment }: Pick<RecordedDecision, "experiment">): boolean {
  return experiment.startsWith(PREFIX);
}

/** What such a log knows a request by. A client may choose an id that looks as if it had a kind before it. */
export function unitOf(kind: string, requestId: string): string {
  return kind === "" && !requestId.includes(SEPARATOR) ? requestId : `${kind}${SEPARATOR}${requestId}`;
}

/** The kind of request that a unit of such a log was. */
export function kindOfUnit(unit: string): string {
  const end = unit.indexOf(SEPARATOR);
  return end < 0 ? "" : unit.slice(0, end);
}

/** What `learn` drew for a request, on every level of its route where it did. */
export function learnDecisions(
  { targets, explanation, asked, logs }: Drawn,
  trace: Trace,
): RecordedDecision[] {
  const decisions: RecordedDecision[] = [];
  const unit = unitOf(asked.kind, requestIdOf(trace));
  let level: Explanation | undefined = explanation;
  for (const { strategy, option } of targets[0]?.arms ?? []) {
    if (level === undefined) break;
    const log = strategy.name === "learn" ? logs.get(strategy) : undefined;
    if (log !== undefined && level.probability !== undefined)
      decisions.push({
        experiment: log.name,
        variant: log.options.indexOf(option),
        variantName: option,
        epoch: 0,
        probability: level.probability,
        unit,
      });
    level = level.within;
  }
  return decisions;
}
