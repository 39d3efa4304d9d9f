import type { TemplateVersion } from "../../prompts/template.ts";
import type { CaptureLimits } from "../prompt-store.ts";

/** A revision that is kept of a template. */
export type KeptRevision = Pick<TemplateVersion, "template" | "version" | "revision" | "source">;

/** What is kept before versions are captured. */
export interface Kept {
  /** How many templates there are in all. */
  readonly templates: number;
  /** Those of the captured versions that are there. */
  readonly names: readonly string[];
  /** All of these. */
  readonly revisions: readonly KeptRevision[];
}

interface Captured {
  readonly versions: readonly { readonly version: TemplateVersion; readonly conflict: boolean }[];
  /** How many are left out for the limits' sake. */
  readonly refused: number;
}

/** What of versions that were seen in traffic is to be kept anew: see `PromptStore.capture`. */
export function captured(
  seen: readonly TemplateVersion[],
  kept: Kept,
  { most, mostTemplates }: CaptureLimits,
): Captured {
  const templates = new Map(kept.names.map((name) => [name, 0]));
  let room = mostTemplates - kept.templates;
  const used = new Set<string>();
  const there = new Set<string>();
  const add = ({ template, version, revision, source }: KeptRevision) => {
    used.add(keyOf(template, version));
    there.add(keyOf(template, version, revision));
    if (source === "traffic") templates.set(template, (templates.get(template) ?? 0) + 1);
  };
  for (const revision of kept.revisions) add(revision);
  const versions: { version: TemplateVersion; conflict: boolean }[] = [];
  let refused = 0;
  for (const version of seen) {
    if (there.has(keyOf(version.template, version.version, version.revision))) continue;
    const isNew = !templates.has(version.template);
    if ((isNew && room <= 0) || (templates.get(version.template) ?? 0) >= most) {
      refused++;
      continue;
    }
    if (isNew) room--;
    versions.push({ version, conflict: used.has(keyOf(version.template, version.version)) });
    add(version);
  }
  return { versions, refused };
}

function keyOf(...names: string[]): string {
  return JSON.stringify(names);
}
