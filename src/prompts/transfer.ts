import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../lib/refusal.ts";
import type { KeptVersion, PromptStore } from "../storage/prompt-store.ts";
import { draftFault } from "./draft-fault.ts";
import { findTemplate } from "./find-version.ts";
import { type FolderProblem, type FolderVersion, readPromptFolder, writePromptFolder } from "./folder.ts";
import { formatTemplateId } from "./template-id.ts";

/** What became of a file, or would: `kept`, the version is there with this text; `conflict`, it is there with another. */
export interface ImportedFile {
  readonly file: string;
  /** `name-vVERSION`. */
  readonly id: string;
  readonly outcome: "added" | "kept" | "conflict";
}

/** Where there are problems nothing was changed, and `files` is empty. */
interface Imported {
  readonly files: readonly ImportedFile[];
  readonly problems: readonly FolderProblem[];
}

/** Where there are problems nothing was written. */
interface Exported {
  /** How many versions were meant. */
  readonly versions: number;
  /** Files that were not so before, relative to the folder. */
  readonly written: readonly string[];
  readonly problems: readonly FolderProblem[];
}

/**
 * Keeps the versions of a folder's files: each is added unless it is there. With `dryRun` nothing is changed, and the
 * outcome is told that there would be. Throws a Refusal where the folder cannot be read.
 */
export async function importPrompts(
  store: PromptStore,
  folder: string,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Imported> {
  const read = await onFolder(folder, "read", () => readPromptFolder(folder, Date.now()));
  const problems = [...read.problems, ...read.versions.flatMap(problemOf)];
  if (problems.length > 0) return { files: [], problems };
  const files: ImportedFile[] = [];
  for (const { file, ...version } of read.versions) {
    const outcome = dryRun ? await foretold(store, version) : await store.add(version);
    files.push({ file, id: idOf(version), outcome });
  }
  return { files, problems: [] };
}

/**
 * Writes the versions of some prompts, or with null of all, to a folder of text files, without conflicting texts, and
 * without what is archived unless that is asked for. Throws a Refusal where the folder cannot be written.
 */
export async function exportPrompts(
  store: PromptStore,
  folder: string,
  names: readonly string[] | null,
  { archived = false }: { readonly archived?: boolean } = {},
): Promise<Exported> {
  const templates =
    names === null
      ? await store.templates()
      : await Promise.all([...new Set(names)].map((name) => findTemplate(store, name)));
  const versions: KeptVersion[] = [];
  for (const template of templates) {
    if (template.archivedAt !== null && !archived) continue;
    const all = await store.versions(template.name);
    versions.push(...all.filter((version) => !version.conflict && (archived || version.archivedAt === null)));
  }
  return await onFolder(folder, "written", async () => {
    const links = await linksIn(folder, new Set(versions.map(({ template }) => template)));
    const outcome = links.length > 0 ? { problems: links } : await writePromptFolder(folder, versions);
    const told = { versions: versions.length, written: [], problems: [] };
    return { ...told, ...outcome };
  });
}

function problemOf(version: FolderVersion): FolderProblem[] {
  const fault = draftFault(version);
  return fault === null ? [] : [{ file: version.file, line: 1, message: fault }];
}

async function foretold(
  store: PromptStore,
  { template, version, revision }: Pick<KeptVersion, "template" | "version" | "revision">,
): Promise<ImportedFile["outcome"]> {
  const present = await store.version(template, version);
  if (present === null) return "added";
  return present.revision === revision ? "kept" : "conflict";
}

/** A link in the place of a prompt's folder would have its files written somewhere else. */
async function linksIn(folder: string, names: ReadonlySet<string>): Promise<FolderProblem[]> {
  const problems: FolderProblem[] = [];
  for (const name of names) {
    const found = await lstat(join(folder, name)).catch(unlessMissing);
    if (found?.isSymbolicLink())
      problems.push({ file: name, line: 1, message: "is a link, which may lead out of the folder" });
  }
  return problems;
}

function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

/** What the system, or the bound on files, says of the folder becomes a Refusal. */
async function onFolder<T>(folder: string, deed: "read" | "written", work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal("invalid", `${error.message}.`);
    if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
    const kind = error.code === "ENOENT" ? "missing" : "invalid";
    throw new Refusal(kind, `${folder} cannot be ${deed}: ${error.message}`);
  }
}

function idOf({ template, version }: Pick<KeptVersion, "template" | "version">): string {
  return formatTemplateId({ name: template, version });
}
