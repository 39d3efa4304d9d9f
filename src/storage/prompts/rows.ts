import type { TemplateVersion } from "../../prompts/template.ts";
import type { KeptVersion } from "../prompt-store.ts";

/** The columns of `prompt_versions` that `versionValues` has values for. */
export const VERSION_NAMES = [
  "template",
  "version",
  "revision",
  "conflict",
  "messages",
  "model",
  "parameters",
  "variables",
  "source",
  "created_at",
  "archived_at",
] as const;

/** Lists and objects are JSON text. */
export function versionValues(
  version: TemplateVersion,
  conflict: boolean,
): (string | number | boolean | null)[] {
  return [
    version.template,
    version.version,
    version.revision,
    conflict,
    JSON.stringify(version.messages),
    version.model,
    JSON.stringify(version.parameters),
    JSON.stringify(version.variables),
    version.source,
    version.createdAt,
    version.archivedAt,
  ];
}

/** What a version is read from. */
export const VERSION_COLUMNS = `
  template, version, revision, conflict, messages, model, parameters, variables, source, created_at AS "createdAt",
  archived_at AS "archivedAt"`;

export type VersionRow = Omit<KeptVersion, "conflict" | "messages" | "parameters" | "variables"> & {
  readonly conflict: boolean | 0 | 1;
  readonly messages: string;
  readonly parameters: string;
  readonly variables: string;
};

export function versionFromRow(row: VersionRow): KeptVersion {
  return {
    ...row,
    conflict: Boolean(row.conflict),
    messages: JSON.parse(row.messages),
    parameters: JSON.parse(row.parameters),
    variables: JSON.parse(row.variables),
  };
}

/** What a template is read from: a row is one as it stands. */
export const TEMPLATE_COLUMNS = `
  name, created_at AS "createdAt", archived_at AS "archivedAt",
  pinned_version AS "pinnedVersion"`;
