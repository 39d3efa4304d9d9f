import type { Experiment } from "../experiments/experiment.ts";
import type { Label } from "./template.ts";

/** What is known of an experiment that is not to lose its versions. */
export type TemplateExperiment = Pick<Experiment, "id" | "status" | "variants">;

/** A version, or with null for it a whole prompt, that somebody wants to archive. */
export interface ArchiveTarget {
  readonly version: string | null;
  /** The prompt's. */
  readonly pinnedVersion: string | null;
  readonly archivedAt: number | null;
}

/** What keeps it from being archived, for people. `labels` and `experiments` are all of its prompt. */
export function usesOf(
  { version, pinnedVersion }: ArchiveTarget,
  labels: readonly Label[],
  experiments: readonly TemplateExperiment[],
): string[] {
  const isMeant = (used: string) => version === null || used === version;
  const active = experiments.filter(
    ({ status, variants }) =>
      (status === "running" || status === "paused") &&
      (version === null || variants.some((variant) => isMeant(variant.version))),
  );
  return [
    ...(pinnedVersion !== null && isMeant(pinnedVersion) ? [`version ${pinnedVersion} is pinned`] : []),
    ...labels
      .filter((label) => isMeant(label.version))
      .map((label) => `the label ${label.label} points to version ${label.version}`),
    ...active.map(({ id, status }) => `the experiment ${id} is ${status}`),
  ];
}
