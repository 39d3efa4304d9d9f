import { z } from "zod";
import type { ComparedVersions, PromptDetails, PromptSummary } from "../prompts/catalogue.ts";
import type { LabelMove } from "../prompts/template.ts";
import { formatTemplateId } from "../prompts/template-id.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { iso, isoOrNull, named, time } from "./shape-parts.ts";

const role = z.enum(["system", "user", "assistant"]).nullable();
const text = z.string();
const moveFields = {
  moved_at: time,
  moved_by: text.nullable().describe("The key's id, or the experiment; null where it is not known."),
};
const labelFields = { label: text, version: text };

export const messageShape = named(
  "PromptMessage",
  z.strictObject({
    role: role.describe("Null for a single text, which takes the place of what the client marked."),
    text: text.describe("Liquid in a version, the finished text in a preview."),
  }),
);

const promptFields = {
  name: text,
  created_at: time.describe("When it was first seen or made."),
  archived_at: time.nullable(),
  pinned_version: text.nullable().describe("What every request gets that names the prompt; null for none."),
};
export const promptShape = named(
  "Prompt",
  z.object({ ...promptFields, labels: z.array(z.object({ ...labelFields, ...moveFields })) }),
);

const versionFields = {
  id: text.describe("As clients name it: `name-vVERSION`."),
  version: text,
  revision: text.describe("Fingerprint of texts, model and parameters."),
  conflict: z
    .boolean()
    .describe(
      "Whether another text of this version was there before it. It is kept to be looked at, never used.",
    ),
  source: z.enum(["traffic", "api", "import"]).describe("How it came here."),
  variables: z.array(text).describe("Names of the variables that it reads."),
  model: text.nullable().describe("The model that it suggests."),
  created_at: time,
  archived_at: time.nullable(),
};
const versionSummaryShape = named(
  "PromptVersionSummary",
  z.object({ ...versionFields, messages: z.int().min(1).describe("How many messages it has.") }),
);
export const versionShape = named(
  "PromptVersion",
  z.object({
    ...versionFields,
    messages: z.array(messageShape),
    parameters: z.record(z.string(), z.unknown()).describe("Parameters of the request that it suggests."),
  }),
);

const moveShape = named(
  "PromptLabelMove",
  z.object({ version: text.nullable().describe("Null where the label was taken away."), ...moveFields }),
);
export const detailsShape = named(
  "PromptDetails",
  z.object({
    ...promptFields,
    labels: z.array(z.object({ ...labelFields, history: z.array(moveShape).describe("Oldest move first.") })),
    experiments: z.array(z.object({ id: text, status: z.enum(["draft", "running", "paused", "ended"]) })),
    versions: z.array(versionSummaryShape).describe("In the order in which they came."),
  }),
);
export const historyShape = named(
  "PromptLabelHistory",
  z.object({ label: text, history: z.array(moveShape).describe("Oldest move first.") }),
);

export const comparisonShape = named(
  "PromptComparison",
  z.object({
    before: text.describe("The version's id."),
    after: text.describe("The version's id."),
    equal: z.boolean(),
    messages: z.array(
      z.object({
        role_before: role.optional().describe("Absent where that version has no message in this place."),
        role_after: role.optional(),
        lines: z.array(z.object({ kind: z.enum(["same", "removed", "added"]), text })),
      }),
    ),
    model: z
      .object({ before: text.nullable(), after: text.nullable() })
      .nullable()
      .describe("Null where it is the same."),
    parameters: z
      .array(
        z.object({
          name: text,
          before: z.unknown().optional().describe("Absent where that version does not have it."),
          after: z.unknown().optional(),
        }),
      )
      .describe("Those that differ."),
  }),
);

export function promptJson({ template, labels }: PromptSummary): z.output<typeof promptShape> {
  return {
    ...templateJson(template),
    labels: labels.map(({ label, version, history }) => ({
      label,
      version,
      ...movedJson(history.at(-1)!),
    })),
  };
}

export function detailsJson(details: PromptDetails): z.output<typeof detailsShape> {
  const { template, labels, experiments, versions } = details;
  return {
    ...templateJson(template),
    labels: labels.map(({ label, version, history }) => ({ label, version, history: history.map(moveJson) })),
    experiments: experiments.map(({ id, status }) => ({ id, status })),
    versions: versions.map((version) => ({
      ...versionFieldsJson(version),
      messages: version.messages.length,
    })),
  };
}

export function versionJson(version: KeptVersion): z.output<typeof versionShape> {
  return {
    ...versionFieldsJson(version),
    messages: [...version.messages],
    parameters: version.parameters,
  };
}

export function moveJson(move: LabelMove): z.output<typeof moveShape> {
  return { version: move.version, ...movedJson(move) };
}

export function comparisonJson({
  before,
  after,
  comparison,
}: ComparedVersions): z.output<typeof comparisonShape> {
  const { equal, messages, model, parameters } = comparison;
  return {
    before: idOf(before),
    after: idOf(after),
    equal,
    messages: messages.map(({ roleBefore, roleAfter, lines }) => ({
      ...(roleBefore === undefined ? {} : { role_before: roleBefore }),
      ...(roleAfter === undefined ? {} : { role_after: roleAfter }),
      lines: [...lines],
    })),
    model,
    parameters: parameters.map((change) => ({
      name: change.name,
      ...(change.before === undefined ? {} : { before: change.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
    })),
  };
}

function templateJson({ name, createdAt, archivedAt, pinnedVersion }: PromptSummary["template"]) {
  return {
    name,
    created_at: iso(createdAt),
    archived_at: isoOrNull(archivedAt),
    pinned_version: pinnedVersion,
  };
}

function versionFieldsJson(version: KeptVersion) {
  return {
    id: idOf(version),
    version: version.version,
    revision: version.revision,
    conflict: version.conflict,
    source: version.source,
    variables: [...version.variables],
    model: version.model,
    created_at: iso(version.createdAt),
    archived_at: isoOrNull(version.archivedAt),
  };
}

function movedJson({ movedAt, movedBy }: LabelMove) {
  return { moved_at: iso(movedAt), moved_by: movedBy };
}

function idOf({ template, version }: KeptVersion): string {
  return formatTemplateId({ name: template, version });
}
