import type { Logger } from "../lib/logger.ts";
import type { DecidedRequest, ExperimentStore, Judgement } from "../storage/experiment-store.ts";
import { kindOfUnit, type LearnLog } from "./learned-decisions.ts";

/** Milliseconds between two looks at a log. */
const INTERVAL_MS = 1_000;
/** The last page is read at every look, and between two pages requests have their turn: it is to be short. */
const PAGE = 200;

/**
 * Where a log was read to. What is added may come before what was taken: another gateway's, or a judgement of a request that
 * was recorded after it. So the page that was not full is read again as a whole, and what was taken of it is remembered.
 */
interface Place {
  cursor: number | null;
  /** How often, by what each entry is known by. */
  taken: ReadonlyMap<string, number>;
}

interface Reading {
  readonly log: LearnLog;
  readonly decided: Place;
  /** By the name of the feedback. */
  readonly judged: ReadonlyMap<string, Place>;
}

interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly cursor: number | null;
}

/**
 * Teaches the routes that learn from what was recorded of them, by any gateway of the storage and also before a start:
 * what requests cost and how long they took, and the feedback on them.
 */
export class RouteLearner {
  readonly #store: Pick<ExperimentStore, "decided" | "judged">;
  readonly #logs: () => readonly LearnLog[];
  readonly #logger: Logger;
  /** A strategy that was made anew knows nothing, and reads its log from the beginning. */
  #readings = new Map<LearnLog["strategy"], Reading>();
  #failing = false;

  /** `logs` are those of the routes at the moment. */
  constructor(
    store: Pick<ExperimentStore, "decided" | "judged">,
    logs: () => readonly LearnLog[],
    logger: Logger,
  ) {
    this.#store = store;
    this.#logs = logs;
    this.#logger = logger;
  }

  /** Looks at the logs now and then until the signal aborts. */
  start(signal: AbortSignal): void {
    const next = () => {
      if (signal.aborted) return;
      const timer = setTimeout(() => void this.look(signal).then(next), INTERVAL_MS);
      timer.unref();
    };
    next();
  }

  /** Reads what was added to the logs. Failures are logged once, and what could not be read is read later. */
  async look(signal: AbortSignal): Promise<void> {
    const logs = this.#logs();
    this.#readings = new Map(
      logs.map((log) => [log.strategy, this.#readings.get(log.strategy) ?? begun(log)]),
    );
    try {
      for (const reading of this.#readings.values()) await this.#read(reading, signal);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing && !signal.aborted)
        this.#logger.warn("What routes learn from cannot be read; they go by what they know.", {
          error: String(error),
        });
      this.#failing = true;
    }
  }

  async #read({ log, decided, judged }: Reading, signal: AbortSignal): Promise<void> {
    const { name, options, strategy } = log;
    await readOn(
      decided,
      signal,
      async (page) => {
        const { requests, cursor } = await this.#store.decided(name, page);
        return { entries: requests, cursor };
      },
      // Its price may be corrected later.
      ({ unit, variant, startedAt }) => `${startedAt} ${variant} ${unit}`,
      (request: DecidedRequest) => {
        const option = options[request.variant];
        if (option !== undefined) strategy.observe?.(option, reportOf(request));
      },
    );
    for (const [feedback, place] of judged) {
      const scale = scaleOf(log, feedback);
      await readOn(
        place,
        signal,
        async (page) => {
          const { judgements, cursor } = await this.#store.judged(name, feedback, page);
          return { entries: judgements, cursor };
        },
        JSON.stringify,
        ({ unit, variant, value }: Judgement) => {
          const option = options[variant];
          const judgement = scale(value);
          if (option !== undefined && judgement !== null)
            strategy.judge?.(option, kindOfUnit(unit), judgement);
        },
      );
    }
  }
}

function begun(log: LearnLog): Reading {
  const names = Object.keys(feedbackOf(log));
  return {
    log,
    decided: atBeginning(),
    judged: new Map(names.map((name) => [name, atBeginning()])),
  };
}

function atBeginning(): Place {
  return { cursor: null, taken: new Map() };
}

/** Takes every entry that was added, page after page. */
async function readOn<Entry>(
  place: Place,
  signal: AbortSignal,
  read: (page: { readonly limit: number; readonly cursor?: number }) => Promise<Page<Entry>>,
  identify: (entry: Entry) => string,
  take: (entry: Entry) => void,
): Promise<void> {
  while (!signal.aborted) {
    const { cursor: at, taken } = place;
    const { entries, cursor } = await read(at === null ? { limit: PAGE } : { limit: PAGE, cursor: at });
    const found = new Map<string, number>();
    for (const entry of entries) {
      const identity = identify(entry);
      const count = (found.get(identity) ?? 0) + 1;
      found.set(identity, count);
      if (count > (taken.get(identity) ?? 0)) take(entry);
    }
    place.taken = found;
    if (cursor === null) return;
    place.cursor = cursor;
    place.taken = new Map();
    await Bun.sleep(0);
  }
}

const DEFAULT_FEEDBACK = { helpful: { worst: 0, best: 1 } };

function feedbackOf({ config }: LearnLog): Readonly<Record<string, { worst: number; best: number }>> {
  return config.learn?.feedback ?? DEFAULT_FEEDBACK;
}

/** A value of feedback as a judgement from 0 to 1; null for one that is no number. */
function scaleOf(log: LearnLog, feedback: string): (value: Judgement["value"]) => number | null {
  const { worst, best } = feedbackOf(log)[feedback] ?? DEFAULT_FEEDBACK.helpful;
  return (value) => {
    if (typeof value === "string") return null;
    const scaled = (Number(value) - worst) / (best - worst);
    return Number.isFinite(scaled) ? Math.min(1, Math.max(0, scaled)) : null;
  };
}

function reportOf({ unit, failed, firstTokenMs, durationMs, costUsd }: DecidedRequest) {
  return {
    now: performance.now(),
    failed,
    firstTokenMs: firstTokenMs ?? durationMs,
    usage: null,
    cost: costUsd,
    conversation: null,
    kind: kindOfUnit(unit),
  };
}
