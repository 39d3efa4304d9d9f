import type { Decision } from "../experiments/assign.ts";
import type { Epoch, Experiment } from "../experiments/experiment.ts";

/** A winner whose version a label was moved to. */
export interface Promotion {
  /** Its place among the variants. */
  readonly variant: number;
  readonly label: string;
  /** Where the label pointed before; null where there was none. */
  readonly previousVersion: string | null;
  /** Unix milliseconds. */
  readonly at: number;
  /** The key that promoted it; null where the experiment did so itself. */
  readonly by: string | null;
}

/** An experiment as it is kept. */
export interface KeptExperiment extends Experiment {
  /** For people. */
  readonly description: string;
  /** What happens with a winner: it is told, or the label is moved to its version and the experiment ended. */
  readonly whenDecided: "propose" | "promote";
  /** The label that a winner's version gets. */
  readonly label: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly promotion: Promotion | null;
  /** Counts the changes; what is written names the one that it was made from. */
  readonly revision: number;
}

/** `variant` is a place among the experiment's variants, where the event is about one. `detail` is a sentence for people. */
export interface ExperimentEvent {
  readonly at: number;
  readonly kind:
    | "created"
    | "edited"
    | "started"
    | "paused"
    | "resumed"
    | "ended"
    | "switched_off"
    | "switched_on"
    | "decided"
    | "promoted"
    | "reverted";
  readonly variant: number | null;
  readonly detail: string;
  /** The key that did it; null where the gateway did. */
  readonly by: string | null;
}

/** A request that was decided in an experiment, with what its record says. Null: not known, or none. */
export interface DecidedRequest {
  readonly unit: string;
  readonly variant: number;
  readonly epoch: number;
  readonly probability: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly model: string | null;
  readonly agentId: string | null;
  readonly costUsd: number | null;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  readonly outputTokens: number | null;
  readonly failed: boolean;
  readonly finish: string | null;
}

/** Feedback on decided requests: on one itself, or on its run or thread since it began. */
export interface Judgement {
  readonly unit: string;
  readonly variant: number;
  readonly epoch: number;
  /** Unix milliseconds at which the request began, of several the first. */
  readonly startedAt: number;
  readonly value: boolean | number | string;
}

export interface PruneBounds {
  readonly routesBefore: number;
  readonly endedBefore: number;
  readonly limit: number;
}

/** Experiments. Every change but of who leads, what records bring and what is pruned moves the storage's revision on. */
export interface ExperimentStore {
  /** All, newest first. */
  list(): Promise<KeptExperiment[]>;
  get(id: string): Promise<KeptExperiment | null>;
  /** With its first event. `taken`: an experiment of this id is kept; `overlaps`: it is to run, and another runs on its template. */
  create(experiment: KeptExperiment, event: ExperimentEvent): Promise<"created" | "taken" | "overlaps">;
  /**
   * Puts a changed experiment in the place of the one whose revision is one less, together with what it is told by.
   * `stale`: there is none of that revision. At most one experiment runs on a template.
   */
  change(
    experiment: KeptExperiment,
    events: readonly ExperimentEvent[],
  ): Promise<"changed" | "stale" | "overlaps">;
  /** Oldest first. */
  events(id: string): Promise<ExperimentEvent[]>;
  /** All of an experiment, by number. */
  epochs(id: string): Promise<Epoch[]>;
  /** The newest epoch of each of these that has one. */
  newestEpochs(ids: readonly string[]): Promise<ReadonlyMap<string, Epoch>>;
  /** False where one of this number is kept: another process was first. */
  addEpoch(id: string, epoch: Epoch): Promise<boolean>;
  /**
   * Requests decided in an experiment in the order in which they were recorded, at most `limit`; `cursor` is where the
   * next page begins, null on the last.
   */
  decided(
    id: string,
    page: { readonly limit: number; readonly cursor?: number },
  ): Promise<{ readonly requests: readonly DecidedRequest[]; readonly cursor: number | null }>;
  /**
   * Feedback of a name on what was decided, by the time it was received; corrections are left out. A piece that is about
   * several requests of one unit counts once for it, or once for each variant and epoch where it had more. `limit` is of
   * pieces of feedback; a page may be of fewer, and have no judgement though others follow. Rejects with a CursorError.
   */
  judged(
    id: string,
    name: string,
    page: { readonly limit: number; readonly cursor?: number },
  ): Promise<{ readonly judgements: readonly Judgement[]; readonly cursor: number | null }>;
  /**
   * What was decided for the units whose requests began since (Unix milliseconds), for each its newest, at most `limit`
   * units, the newest requests'.
   */
  unitDecisions(id: string, since: number, limit: number): Promise<ReadonlyMap<string, Decision>>;
  /**
   * Deletes at most `limit` decisions of routes' logs that were made before `routesBefore`, and as many of experiments that
   * ended before `endedBefore` (Unix milliseconds). Returns how many; fewer than `limit` says that it is done.
   */
  prune(bounds: PruneBounds): Promise<number>;
  /**
   * True where this process may lead the experiments until then: none else does. Unix milliseconds. A process leads again,
   * for longer or shorter, whenever it asks. A lead that was given for more than ten times as long as is asked for now is of
   * a clock that was wrong, and does not count.
   */
  lead(process: string, now: number, until: number): Promise<boolean>;
}
