import type { DecidedRequest, ExperimentStore, Judgement } from "../storage/experiment-store.ts";
import { recordedMetric } from "./metrics.ts";
import { gatherUnits, type Outcome, perUnit, type Units, type UnitValue } from "./units.ts";

const PAGE = 5_000;
/** Requests of an experiment that are read, the oldest: what has so many and no verdict will have none. */
const MOST_REQUESTS = 500_000;
/** A unit may go on until it had no request for so long. */
const QUIET_MS = 30_000;

/** What is known of a unit from all of its requests. */
export interface UnitFacts {
  /** Those of its first request, which decide whose it is. */
  readonly variant: number;
  readonly epoch: number;
  readonly probability: number;
  /** Unix milliseconds: when its first request began, and when the last one ended. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly model: string | null;
  readonly agentId: string | null;
  /** Whether it had more than one variant. */
  readonly crossed: boolean;
}

export interface MeasuredUnits extends Units {
  /** Units left out for now: their sum may still grow. */
  readonly open: number;
}

/** What was decided in an experiment and what came of it, by unit. */
export class ExperimentLog {
  readonly units: ReadonlyMap<string, UnitFacts>;
  readonly requests: number;
  /** False where there were more requests than are read. */
  readonly complete: boolean;
  readonly #outcomes: ReadonlyMap<string, readonly Outcome[]>;
  readonly #now: number;
  readonly #measured = new Map<string, MeasuredUnits>();

  constructor(
    units: ReadonlyMap<string, UnitFacts>,
    outcomes: ReadonlyMap<string, readonly Outcome[]>,
    facts: { readonly requests: number; readonly complete: boolean; readonly now: number },
  ) {
    this.units = units;
    this.requests = facts.requests;
    this.complete = facts.complete;
    this.#outcomes = outcomes;
    this.#now = facts.now;
  }

  /** A metric's value of each unit that has one; the metric is one of those that were asked for. */
  measured(metric: string): MeasuredUnits {
    const known = this.#measured.get(metric);
    if (known !== undefined) return known;
    const { counted, open } = this.#counted(metric);
    const measured = { ...perUnit(counted, gatheringOf(metric)), open };
    this.#measured.set(metric, measured);
    return measured;
  }

  /** The same, unit by unit. */
  values(metric: string): readonly UnitValue[] {
    return gatherUnits(this.#counted(metric).counted, gatheringOf(metric)).units;
  }

  /**
   * A sum counts once its unit is quiet. Averages and judgements count at once: another request makes them more exact, and
   * no larger.
   */
  #counted(metric: string): { counted: readonly Outcome[]; open: number } {
    const outcomes = this.#outcomes.get(metric) ?? [];
    if (gatheringOf(metric) !== "sum") return { counted: outcomes, open: 0 };
    const open = new Set(outcomes.map(({ unit }) => unit).filter((unit) => this.#isOpen(unit)));
    return { counted: outcomes.filter(({ unit }) => !open.has(unit)), open: open.size };
  }

  /** What ended in the future was written by a clock that has been set back: nothing can be said of how long ago it was. */
  #isOpen(unit: string): boolean {
    const quiet = this.#now - (this.units.get(unit)?.endedAt ?? 0);
    return quiet >= 0 && quiet < QUIET_MS;
  }
}

/**
 * Reads all that was decided in an experiment, with what these metrics need. A unit that is a single request is never
 * open. Rejects with a StorageError.
 */
export async function readLog(
  store: Pick<ExperimentStore, "decided" | "judged">,
  { id, unit: kind }: { readonly id: string; readonly unit: string },
  metrics: Iterable<string>,
  now: number,
): Promise<ExperimentLog> {
  const names = [...new Set(metrics)];
  const units = new Map<string, UnitFacts>();
  const outcomes = new Map<string, Outcome[]>(names.map((name) => [name, []]));
  const recorded = names.flatMap((name) => {
    const metric = recordedMetric(name);
    return metric === null ? [] : [{ metric, into: outcomes.get(name)! }];
  });
  let requests = 0;
  const complete = await eachPage(
    async (page) => {
      const { requests: rows, cursor } = await store.decided(id, page);
      return { rows, cursor };
    },
    (request) => {
      requests += 1;
      units.set(request.unit, joined(units.get(request.unit), request));
      for (const { metric, into } of recorded) {
        const value = metric.valueOf(request);
        if (value !== null) into.push(outcomeOf(request, value));
      }
    },
  );
  for (const name of names) {
    if (recordedMetric(name) !== null) continue;
    const into = outcomes.get(name)!;
    await eachPage(
      async (page) => {
        const { judgements: rows, cursor } = await store.judged(id, name, page);
        return { rows, cursor };
      },
      (judgement) => into.push(outcomeOf(judgement, numberOf(judgement.value))),
    );
  }
  const owned = new Map([...outcomes].map(([name, list]) => [name, list.flatMap(ownedBy(units))]));
  const at = kind === "request" ? Number.POSITIVE_INFINITY : now;
  return new ExperimentLog(units, owned, { requests, complete, now: at });
}

/** False where there was more than is read. */
async function eachPage<Row>(
  read: (page: {
    limit: number;
    cursor?: number;
  }) => Promise<{ rows: readonly Row[]; cursor: number | null }>,
  take: (row: Row) => void,
): Promise<boolean> {
  let cursor: number | null = null;
  for (let taken = 0; taken < MOST_REQUESTS; ) {
    const page = await read(cursor === null ? { limit: PAGE } : { limit: PAGE, cursor });
    for (const row of page.rows) take(row);
    taken += page.rows.length;
    cursor = page.cursor;
    if (cursor === null) return true;
  }
  return false;
}

function joined(unit: UnitFacts | undefined, request: DecidedRequest): UnitFacts {
  const { variant, epoch, probability, startedAt, model, agentId } = request;
  const own = { variant, epoch, probability, startedAt, model, agentId };
  const endedAt = startedAt + request.durationMs;
  if (unit === undefined) return { ...own, endedAt, crossed: false };
  const first = startedAt < unit.startedAt ? own : unit;
  return {
    ...first,
    endedAt: Math.max(unit.endedAt, endedAt),
    crossed: unit.crossed || variant !== unit.variant,
  };
}

function outcomeOf({ unit, variant, epoch, startedAt }: DecidedRequest | Judgement, value: number): Outcome {
  return { unit, variant, epoch, at: startedAt, value };
}

/** A word is no number: it is left out and counted. */
function numberOf(value: Judgement["value"]): number {
  return typeof value === "string" ? Number.NaN : Number(value);
}

/** A unit's first request decides whose its outcomes are, also where another one was the first to be judged. */
function ownedBy(units: ReadonlyMap<string, UnitFacts>): (outcome: Outcome) => Outcome[] {
  return (outcome) => {
    const unit = units.get(outcome.unit);
    if (unit === undefined) return [];
    const { variant, epoch } = unit;
    return [
      variant === outcome.variant && epoch === outcome.epoch ? outcome : { ...outcome, variant, epoch },
    ];
  };
}

function gatheringOf(metric: string) {
  return recordedMetric(metric)?.gathering ?? "mean";
}
