import type { RenderFaultKind } from "./render-error.ts";
import { formatTemplateId, parseTemplateId } from "./template-id.ts";

/**
 * Why a text went out: the client's own content (`client`), the client's template rendered (`rendered`), or the gateway's
 * version: named by the client (`named`), pinned (`pin`), that of a label (`label`) or of an experiment. `none`: there was
 * no text, and the request was refused for it.
 */
export type TextSource = "client" | "rendered" | "named" | "pin" | "label" | "experiment" | "none";

/** What is wrong with a place: its template could not be rendered, its fields are wrong, the version or a variant's model is not there. */
export type ProblemKind = RenderFaultKind | "fields" | "missing-version" | "model";

/** What became of one place of a request that has template fields. Plain data: it is kept in files and in the record. */
export interface UsedTemplate {
  /** Where it stood, as `messages[0].content[1]`. */
  readonly path: string;
  /** As the client named it, `name-vVERSION` or a name; null where it named none. */
  readonly templateId: string | null;
  /** The version whose text went out, and its revision; null where that is no version that has a name. */
  readonly version: string | null;
  readonly revision: string | null;
  readonly source: TextSource;
  /** The label, where it was one's version. */
  readonly label: string | null;
  /** Whether the client's own content is another text than its template and variables give. */
  readonly drift: boolean;
  /** Why the gateway's version, or the client's template, could not be rendered; null where it could. */
  readonly problem: string | null;
  /** Absent where there is no problem, and in records of older versions. */
  readonly problemKind?: ProblemKind;
}

/**
 * By what records are found that had a version: `greeting-v2`, the name and version of what went out, whatever the client
 * named. Null where nothing went out that has a version.
 */
export function versionLabel({
  templateId,
  version = null,
  source,
}: Pick<UsedTemplate, "templateId"> & Partial<Pick<UsedTemplate, "version" | "source">>): string | null {
  if (version === null || source === "none") return null;
  const id = parseTemplateId(templateId);
  return "reason" in id ? null : formatTemplateId({ name: id.name, version });
}

/** The labels of all places, each once. */
export function versionLabels(templates: readonly UsedTemplate[]): string[] {
  return [...new Set(templates.map(versionLabel))].filter((label) => label !== null);
}

/** The same without the template's source, which a problem may quote: for records that are to hold nothing of what was said. */
export function withoutSource(used: UsedTemplate): UsedTemplate {
  const { problem, problemKind } = used;
  if (problem === null || problemKind === undefined || QUOTE_NOTHING.has(problemKind)) return used;
  // Before the first colon stand names and numbers alone.
  const colon = problem.indexOf(": ");
  return { ...used, problem: `${problem.slice(0, Math.max(colon, 0))}: ${problemKind}` };
}

const QUOTE_NOTHING: ReadonlySet<ProblemKind> = new Set([
  "fields",
  "missing-version",
  "model",
  "limit",
  "too-long",
]);
