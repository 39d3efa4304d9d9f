/** What an experiment decided for a request. Plain data: it is kept in files and in the record. */
export interface RecordedDecision {
  /** The experiment's id. */
  readonly experiment: string;
  /** The variant's place in the experiment, and its name. */
  readonly variant: number;
  readonly variantName: string;
  /** The epoch whose probabilities decided, and that of the variant. */
  readonly epoch: number;
  readonly probability: number;
  /** What stays with its variant: the id of a run, thread, agent or request, or a hash of a variable's value. */
  readonly unit: string;
}

/** By what records are found that had a variant: `experiment/variant`. */
export function variantLabel({
  experiment,
  variantName,
}: Pick<RecordedDecision, "experiment" | "variantName">): string {
  return `${experiment}/${variantName}`;
}
