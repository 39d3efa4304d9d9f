import type { ExperimentReport } from "./report.ts";
import type { PolicyEstimate, PolicyQuestion } from "./what-if.ts";

/** Who reads the log of an experiment and draws conclusions, which takes long enough to be done beside the requests. */
export interface Analyst {
  /** Rejects with a Refusal where there is no experiment of this id, and with a StorageError. */
  report(id: string): Promise<ExperimentReport>;
  /** What other allocations would have earned. Rejects in the same way, and with a Refusal for a question that cannot be asked. */
  evaluate(id: string, question: PolicyQuestion): Promise<readonly PolicyEstimate[]>;
}

/** Leads experiments while that is wanted, and draws conclusions when it is asked. */
export interface Lead extends Analyst {
  lead(isWanted: boolean): void;
  close(): Promise<void>;
}
