import type { Logger } from "../lib/logger.ts";
import { Refusal } from "../lib/refusal.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import { type Change, changeExperiment, settleEpoch } from "./change.ts";
import { fitsVariants } from "./next-allocation.ts";
import { promote } from "./promotion.ts";
import {
  type ExperimentData,
  type ExperimentReport,
  guardrailBreaches,
  readData,
  reportFrom,
} from "./report.ts";
import { nextEpoch } from "./thompson.ts";
import { switchedOff, told } from "./transitions.ts";

/** All processes ask for a lead of the same length. */
const LEASE_MS = 10_000;
/** Units newly judged before probabilities are computed anew: at least so many, and this share of all. */
const FRESH_UNITS = 20;
/** A fixed allocation keeps its shares; new epochs only make its estimates narrower. */
const FRESH_SHARE = { thompson: 0.05, fixed: 0.25 } as const;
/** A little less than the least pause between rounds. */
const EPOCH_MS = 900;

/** What is known of an experiment beside what is kept: it may be lost. */
interface Noted {
  /** Units judged when the newest epoch was made; null while another process made it. */
  judged: number | null;
  /** `performance.now()` then. */
  epochAt: number;
}

/**
 * Leads the running experiments of one storage: switches off what breaks its guardrails, gives out probabilities, tells
 * verdicts and promotes winners. Of all processes on a storage one does so at a time; should two of them ever do it, what
 * they write excludes each other by revisions and numbers.
 */
export class Conductor {
  readonly #storage: Pick<Storage, "experiments" | "prompts">;
  readonly #logger: Logger;
  readonly #process = crypto.randomUUID();
  readonly #noted = new Map<string, Noted>();
  /** What was told last of an experiment that it could not be done. */
  readonly #refusals = new Map<string, string>();

  constructor(storage: Pick<Storage, "experiments" | "prompts">, logger: Logger) {
    this.#storage = storage;
    this.#logger = logger;
  }

  /** Whether this process leads for the next seconds. Rejects with a StorageError. */
  lead(): Promise<boolean> {
    const now = Date.now();
    return this.#storage.experiments.lead(this.#process, now, now + LEASE_MS);
  }

  /**
   * Looks once at each running experiment; false when this process does not lead. An experiment that cannot be led holds
   * no other up. Rejects with the first failure.
   */
  async round(signal?: AbortSignal): Promise<boolean> {
    if (!(await this.lead())) return false;
    const running = (await this.#storage.experiments.list()).filter(({ status }) => status === "running");
    const ids = new Set(running.map(({ id }) => id));
    for (const known of [this.#noted, this.#refusals])
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    const failures: unknown[] = [];
    for (const experiment of running) {
      if (signal?.aborted) break;
      try {
        await this.#conduct(experiment);
      } catch (error) {
        // People or another process were first; the next round sees what they made of it.
        if (error instanceof Refusal) this.#tellRefusal(experiment.id, error.message);
        else failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return true;
  }

  #tellRefusal(experiment: string, reason: string): void {
    if (this.#refusals.get(experiment) === reason) return;
    this.#refusals.set(experiment, reason);
    this.#logger.warn("Something could not be done in an experiment", { experiment, reason });
  }

  async #conduct(experiment: KeptExperiment): Promise<void> {
    const data = await readData(this.#storage, experiment, Date.now());
    if (await this.#guard(experiment, data)) return;
    const newest = data.epochs.at(-1);
    if (newest === undefined || !fitsVariants(experiment, newest)) {
      // A process ended between a change and the epoch that belongs to it.
      await settleEpoch(this.#storage, experiment, Date.now(), false);
      return;
    }
    const report = reportFrom(experiment, data);
    if (await this.#conclude(experiment, report)) return;
    await this.#allocate(experiment, data, report);
  }

  /** Whether a variant was switched off. */
  async #guard(experiment: KeptExperiment, { log }: ExperimentData): Promise<boolean> {
    const found = guardrailBreaches(experiment, log).filter(
      ({ variant }) => experiment.variants[variant]?.switchedOff === undefined,
    );
    if (found.length === 0) return false;
    const reasons = new Map<number, string>();
    for (const { variant, reason } of found) if (!reasons.has(variant)) reasons.set(variant, reason);
    const off = [...reasons].map(([variant, reason]) => ({ variant, reason }));
    const { id } = experiment;
    const changed = await changeExperiment(this.#storage, id, (kept) =>
      kept.status === "running" ? switchedOff(kept, off, { by: null, at: Date.now() }) : null,
    );
    this.#logger.warn("Variants were switched off by guardrails", {
      experiment: id,
      variants: off.map(({ variant }) => experiment.variants[variant]?.name),
    });
    if (changed.status === "running") await settleEpoch(this.#storage, changed, Date.now(), false);
    return true;
  }

  /** Tells a verdict that was not told before; whether the experiment ended with it. */
  async #conclude(experiment: KeptExperiment, { verdict, sentence }: ExperimentReport): Promise<boolean> {
    const { status, winner } = verdict;
    if (status !== "decided" && status !== "equivalent") return false;
    const { id } = experiment;
    let isNew = false;
    await changeExperiment(this.#storage, id, async (kept): Promise<Change | null> => {
      const events = await this.#storage.experiments.events(id);
      const last = events.findLast(({ kind }) => kind === "decided");
      isNew = kept.status === "running" && last?.variant !== winner;
      if (!isNew) return null;
      return { fields: {}, events: [told("decided", sentence, { by: null, at: Date.now() }, winner)] };
    });
    if (isNew) this.#logger.info("An experiment is decided", { experiment: id, verdict: sentence });
    if (winner === null || experiment.whenDecided !== "promote") return false;
    // A promotion that people reverted is not made again: the experiment has ended with it.
    await promote(this.#storage, id, winner, { by: null, at: Date.now() });
    this.#logger.info("An experiment promoted its winner", {
      experiment: id,
      variant: experiment.variants[winner]?.name,
    });
    return true;
  }

  async #allocate(experiment: KeptExperiment, { epochs, log }: ExperimentData, report: ExperimentReport) {
    const { id, allocation, metric } = experiment;
    const newest = epochs.at(-1)!;
    const tick = performance.now();
    const noted = this.#noted.get(id) ?? { judged: null, epochAt: Number.NEGATIVE_INFINITY };
    this.#noted.set(id, noted);
    // After a start, or where another process led, those of the newest epoch are what is new for sure.
    noted.judged ??= report.judged - judgedIn(log.measured(metric.name).observations, newest.number);
    // What retention deletes is not waited for again.
    noted.judged = Math.min(noted.judged, report.judged);
    const needed = Math.max(FRESH_UNITS, FRESH_SHARE[allocation.kind] * noted.judged);
    if (report.judged - noted.judged < needed || tick - noted.epochAt < EPOCH_MS) return;
    const epoch = nextEpoch(experiment, report.verdict.variants, newest, Date.now());
    if (!(await this.#storage.experiments.addEpoch(id, epoch))) {
      noted.judged = null;
      return;
    }
    noted.judged = report.judged;
    noted.epochAt = tick;
  }
}

function judgedIn(observations: readonly { epoch: number; count: number }[], epoch: number): number {
  return observations.reduce((sum, one) => (one.epoch === epoch ? sum + one.count : sum), 0);
}
