import { Refusal } from "../lib/refusal.ts";
import type { ExperimentEvent, KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import type { Analyst } from "./analyst.ts";
import { type Change, changeExperiment, findExperiment, overlap, settleEpoch } from "./change.ts";
import { definitionProblems, type NewExperiment } from "./definition.ts";
import type { Epoch } from "./experiment.ts";
import { promote, revertPromotion } from "./promotion.ts";
import type { ExperimentReport } from "./report.ts";
import { type Calls, refuseUncallable, refuseUnservable } from "./servable.ts";
import {
  type Actor,
  ended,
  paused,
  placeOf,
  resumed,
  started,
  switchedOff,
  switchedOn,
  told,
} from "./transitions.ts";
import type { PolicyEstimate, PolicyQuestion } from "./what-if.ts";

/** An experiment with all that is known of it. */
export interface ShownExperiment {
  readonly experiment: KeptExperiment;
  /** Oldest first. */
  readonly events: readonly ExperimentEvent[];
  readonly epochs: readonly Epoch[];
  readonly report: ExperimentReport;
}

const MAX_REASON = 300;
/** Ids that are tried for an experiment without one, when others take them at the same moment. */
const ID_TRIES = 5;

/**
 * What people do with experiments. Every call rejects with a Refusal where it cannot be done, and with a StorageError;
 * `by` is the key that does it, or another name for whoever does.
 */
export class ExperimentDesk {
  readonly #storage: Pick<Storage, "prompts" | "experiments">;
  readonly #analyst: Analyst;
  readonly #calls: Calls;

  /** `calls` is asked before units get a variant's model or route. */
  constructor(
    storage: Pick<Storage, "prompts" | "experiments">,
    analyst: Analyst,
    calls: Calls = () => null,
  ) {
    this.#storage = storage;
    this.#analyst = analyst;
    this.#calls = calls;
  }

  /** Newest first. */
  list(): Promise<KeptExperiment[]> {
    return this.#storage.experiments.list();
  }

  /** As it was set up, without what is concluded. */
  get(id: string): Promise<KeptExperiment> {
    return findExperiment(this.#storage, id);
  }

  async show(id: string): Promise<ShownExperiment> {
    const experiment = await this.get(id);
    const { experiments } = this.#storage;
    const [events, epochs, report] = await Promise.all([
      experiments.events(id),
      experiments.epochs(id),
      this.#analyst.report(id),
    ]);
    return { experiment, events, epochs, report };
  }

  /** Oldest first. */
  async events(id: string): Promise<ExperimentEvent[]> {
    await this.get(id);
    return await this.#storage.experiments.events(id);
  }

  evaluate(id: string, question: PolicyQuestion): Promise<readonly PolicyEstimate[]> {
    return this.#analyst.evaluate(id, question);
  }

  /** Keeps a draft, or an experiment that runs from now on. */
  async create(wish: NewExperiment, isStarted: boolean, by: string | null): Promise<KeptExperiment> {
    for (let attempt = 0; attempt < ID_TRIES; attempt += 1) {
      const actor = now(by);
      const experiment = madeOf(wish, wish.id ?? (await this.#freeId(wish.template)), isStarted, actor);
      refuseProblems(experiment);
      await refuseUnservable(this.#storage, experiment, isStarted);
      if (isStarted) refuseUncallable(experiment, this.#calls);
      const detail = isStarted ? "It was made and started." : "It was made as a draft.";
      const outcome = await this.#storage.experiments.create(experiment, told("created", detail, actor));
      if (outcome === "overlaps") throw await overlap(this.#storage, experiment);
      if (outcome === "created") {
        if (isStarted) await settleEpoch(this.#storage, experiment, actor.at, false);
        return experiment;
      }
      if (wish.id !== null) break;
    }
    throw new Refusal(
      "conflict",
      `There is an experiment ${wish.id ?? "of every such id"}; an id is never used again.`,
    );
  }

  /** Puts another definition in the place of a draft's; its id stays. */
  async edit(id: string, wish: NewExperiment, by: string | null): Promise<KeptExperiment> {
    return await changeExperiment(this.#storage, id, async (kept) => {
      if (kept.status !== "draft")
        throw new Refusal("conflict", `The experiment ${id} is ${kept.status}; only a draft can be edited.`);
      const { revision: _, ...fields } = madeOf(wish, id, false, { by, at: kept.createdAt });
      refuseProblems(fields);
      await refuseUnservable(this.#storage, fields, false);
      return { fields, events: [told("edited", "Its definition was changed.", now(by))] };
    });
  }

  async start(id: string, by: string | null): Promise<KeptExperiment> {
    return await this.#run(id, async (kept) => {
      const change = started(kept, now(by));
      await this.#refuseToRun(kept);
      return change;
    });
  }

  pause(id: string, by: string | null): Promise<KeptExperiment> {
    return changeExperiment(this.#storage, id, (kept) => paused(kept, now(by)));
  }

  async resume(id: string, by: string | null): Promise<KeptExperiment> {
    return await this.#run(id, async (kept) => {
      const change = resumed(kept, now(by));
      await this.#refuseToRun(kept);
      return change;
    });
  }

  end(id: string, by: string | null): Promise<KeptExperiment> {
    return changeExperiment(this.#storage, id, (kept) => ended(kept, now(by)));
  }

  /** A variant gets no more units; with the last one the experiment is paused. Nothing happens where it is off already. */
  async switchOff(id: string, variant: string, reason: string, by: string | null): Promise<KeptExperiment> {
    const said = reason.trim();
    if (said.length > MAX_REASON || /\p{C}/u.test(said))
      throw new Refusal("invalid", `A reason has at most ${MAX_REASON} printable characters.`);
    return await this.#changeVariants(id, (kept) => {
      const off = { variant: placeOf(kept, variant), reason: said === "" ? "by hand" : said };
      return switchedOff(kept, [off], now(by));
    });
  }

  /** A variant that was switched off gets units again. */
  async switchOn(id: string, variant: string, by: string | null): Promise<KeptExperiment> {
    return await this.#changeVariants(id, (kept) => {
      const place = placeOf(kept, variant);
      const change = switchedOn(kept, place, now(by));
      const fresh = change?.fields.variants?.[place];
      if (fresh !== undefined) refuseUncallable({ variants: [fresh] }, this.#calls);
      return change;
    });
  }

  /** Moves the label to a variant's version and ends the experiment; without a name to the winner's. */
  async promote(id: string, variant: string | null, by: string | null): Promise<KeptExperiment> {
    const experiment = await this.get(id);
    const place = variant === null ? await this.#winner(id) : placeOf(experiment, variant);
    return await promote(this.#storage, id, place, now(by));
  }

  /** Moves the label back to where it was before the promotion. The experiment stays ended. */
  revert(id: string, by: string | null): Promise<KeptExperiment> {
    return revertPromotion(this.#storage, id, now(by));
  }

  async #winner(id: string): Promise<number> {
    const { verdict, sentence } = await this.#analyst.report(id);
    if (verdict.winner !== null) return verdict.winner;
    throw new Refusal(
      "conflict",
      `The experiment ${id} has no winner; name the variant to promote. ${sentence}`,
    );
  }

  async #refuseToRun(kept: KeptExperiment): Promise<void> {
    await refuseUnservable(this.#storage, kept, true);
    refuseUncallable(kept, this.#calls);
  }

  /** With a new epoch: what was known is older than the pause. */
  async #run(id: string, edit: (kept: KeptExperiment) => Promise<Change>): Promise<KeptExperiment> {
    const changed = await changeExperiment(this.#storage, id, edit);
    await settleEpoch(this.#storage, changed, Date.now(), true);
    return changed;
  }

  async #changeVariants(id: string, edit: (kept: KeptExperiment) => Change | null): Promise<KeptExperiment> {
    const changed = await changeExperiment(this.#storage, id, edit);
    if (changed.status === "running") await settleEpoch(this.#storage, changed, Date.now(), false);
    return changed;
  }

  async #freeId(template: string): Promise<string> {
    const taken = new Set((await this.list()).map(({ id }) => id));
    const stem = template.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 54);
    for (let number = 1; ; number += 1) if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`;
  }
}

function now(by: string | null): Actor {
  return { by, at: Date.now() };
}

function madeOf(wish: NewExperiment, id: string, isStarted: boolean, { at }: Actor): KeptExperiment {
  return {
    ...wish,
    id,
    status: isStarted ? "running" : "draft",
    createdAt: at,
    startedAt: isStarted ? at : null,
    endedAt: null,
    promotion: null,
    revision: 1,
  };
}

function refuseProblems(experiment: Omit<KeptExperiment, "revision">): void {
  const problems = definitionProblems(experiment);
  if (problems.length > 0) throw new Refusal("invalid", problems.join(" "));
}
