import { detailsJson } from "../admin/prompts-shape.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import type { ComparedVersions, PromptDetails, PromptSummary } from "../prompts/catalogue.ts";
import type { FolderProblem } from "../prompts/folder.ts";
import { writeVersionFile } from "../prompts/front-matter.ts";
import { writeBody } from "../prompts/message-body.ts";
import type { Label, TemplateMessage } from "../prompts/template.ts";
import type { ImportedFile } from "../prompts/transfer.ts";
import { unifiedDiff } from "../prompts/unified-diff.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { type Column, fittedTable } from "./columns.ts";
import { asJson, type PromptsIo } from "./prompts-parts.ts";
import { printable, printableText, renderDate } from "./table.ts";

/** Prompts as a table. */
export function listPromptsText(prompts: readonly PromptSummary[], io: PromptsIo): string {
  if (prompts.length > 0) return fittedTable(PROMPT_COLUMNS, prompts, io.columns);
  return `There is no prompt in ${shownDatabaseUrl(io.storageUrl)}.\n`;
}

const PROMPT_COLUMNS: readonly Column<PromptSummary>[] = [
  { head: "NAME", cell: ({ template }) => template.name, cut: true },
  {
    head: "LABELS",
    cell: ({ labels }) => labels.map(({ label, version }) => `${label}=${version}`).join(" ") || "-",
    cut: true,
  },
  { head: "PINNED", cell: ({ template }) => template.pinnedVersion ?? "-" },
  { head: "SINCE", cell: ({ template }) => renderDate(template.createdAt), spare: 1 },
  { head: "STATE", cell: ({ template }) => (template.archivedAt === null ? "in use" : "archived") },
];

/** A prompt with its labels, where these pointed, its experiments and its versions. */
export function promptText(details: PromptDetails, json: boolean, io: PromptsIo): string {
  if (json) return asJson(detailsJson(details));
  const { template, labels, experiments, versions } = details;
  const lines = [
    template.name,
    "",
    `  since ${renderDate(template.createdAt)}${template.archivedAt === null ? "" : `, archived ${renderDate(template.archivedAt)}`}`,
    ...(template.pinnedVersion === null ? [] : [`  pinned: version ${template.pinnedVersion}`]),
    ...labels.map(labelLine),
    ...experiments.map(({ id, status }) => `  experiment ${id}: ${status}`),
    "",
  ];
  return `${lines.join("\n")}\n${fittedTable(VERSION_COLUMNS, versions, io.columns)}`;
}

function labelLine({ label, history }: Label): string {
  const [last, ...before] = history.toReversed();
  const by = last?.movedBy ? ` by ${printable(last.movedBy)}` : "";
  const earlier = before.slice(0, 5).map(({ version }) => version ?? "nowhere");
  const told = earlier.length === 0 ? "" : `; before: ${earlier.join(", ")}${before.length > 5 ? ", …" : ""}`;
  return `  ${label}: version ${last?.version}, since ${renderDate(last?.movedAt ?? 0)}${by}${told}`;
}

const VERSION_COLUMNS: readonly Column<KeptVersion>[] = [
  {
    head: "VERSION",
    cell: ({ version, revision, conflict }) => (conflict ? `${version}@${revision}` : version),
  },
  {
    head: "STATE",
    cell: ({ conflict, archivedAt }) =>
      [...(conflict ? ["conflict"] : []), ...(archivedAt === null ? [] : ["archived"])].join(", ") ||
      "in use",
  },
  { head: "FROM", cell: ({ source }) => source },
  { head: "SINCE", cell: ({ createdAt }) => renderDate(createdAt), spare: 1 },
  { head: "VARIABLES", cell: ({ variables }) => printable(variables.join(" ")) || "-", cut: true },
  {
    head: "TEXT",
    cell: ({ messages }) => excerpt(messages),
    cut: true,
  },
];

function excerpt(messages: readonly TemplateMessage[]): string {
  const [first] = messages;
  const text = printable((first?.text ?? "").slice(0, 200).trim().replace(/\s+/g, " "));
  const cut = text.length > 60 ? `${text.slice(0, 59).toWellFormed()}…` : text;
  return messages.length > 1 ? `${messages.length} messages: ${cut}` : cut;
}

/** A version as a folder's file has it. */
export function versionText(version: KeptVersion, io: PromptsIo): string {
  return forTerminal(writeVersionFile(version), io);
}

export function diffText({ before, after }: ComparedVersions, io: PromptsIo): string {
  return forTerminal(unifiedDiff(before, after), io);
}

export function messagesText(messages: readonly TemplateMessage[], io: PromptsIo): string {
  return forTerminal(writeBody(messages), io);
}

/** A pipe or a file gets every character as it is. */
function forTerminal(text: string, { columns }: PromptsIo): string {
  return columns === undefined ? text : printableText(text);
}

export function problemLines(problems: readonly FolderProblem[]): string {
  return problems
    .map(({ file, line, message }) => `${printable(file)}:${line}: ${printable(message)}\n`)
    .join("");
}

export function exportedText(folder: string, versions: number, written: readonly string[]): string {
  const same = versions - written.length;
  const lines = written.map((file) => `${file}\n`).join("");
  return `${lines}${counted(written.length, "version")} written to ${folder}, ${same} there already.\n`;
}

export function importedText(files: readonly ImportedFile[], dryRun: boolean, io: PromptsIo): string {
  if (files.length === 0) return "There is no .liquid file in this folder.\n";
  const count = (outcome: ImportedFile["outcome"]) => files.filter((file) => file.outcome === outcome).length;
  const sum = `${counted(count("added"), "version")} ${dryRun ? "would be added" : "added"}, ${count("kept")} there already, ${counted(count("conflict"), "conflict")}.`;
  return `${fittedTable(FILE_COLUMNS, files, io.columns)}${sum}${dryRun ? " Nothing was changed." : ""}\n`;
}

const FILE_COLUMNS: readonly Column<ImportedFile>[] = [
  { head: "FILE", cell: ({ file }) => printable(file), cut: true },
  { head: "VERSION", cell: ({ id }) => id },
  { head: "OUTCOME", cell: ({ outcome }) => outcome },
];

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
