import type { Analyst } from "./analyst.ts";
import { type ExperimentStorage, findExperiment } from "./change.ts";
import { type ExperimentReport, reportOf } from "./report.ts";
import { evaluateLog, type PolicyEstimate, type PolicyQuestion } from "./what-if.ts";

/** Draws conclusions in this very thread. */
export class DirectAnalyst implements Analyst {
  readonly #storage: ExperimentStorage;

  constructor(storage: ExperimentStorage) {
    this.#storage = storage;
  }

  async report(id: string): Promise<ExperimentReport> {
    return await reportOf(this.#storage, await findExperiment(this.#storage, id), Date.now());
  }

  async evaluate(id: string, question: PolicyQuestion): Promise<readonly PolicyEstimate[]> {
    const experiment = await findExperiment(this.#storage, id);
    return await evaluateLog(this.#storage, experiment, question, Date.now());
  }
}
