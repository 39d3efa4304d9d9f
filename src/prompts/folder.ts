import { lstat, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FileFault, type ReadDraft, readVersionFile, writeVersionFile } from "./front-matter.ts";
import { newVersion } from "./new-version.ts";
import { Renderer } from "./render.ts";
import type { TemplateVersion, VersionDraft } from "./template.ts";
import { nameFault, versionFault } from "./template-id.ts";

const EXTENSION = ".liquid";
const MAX_FILE_BYTES = 2_097_152;
const MAX_FILES = 20_000;

/** What is wrong in a folder of prompts. */
export interface FolderProblem extends FileFault {
  /** Relative to the folder, with slashes. */
  readonly file: string;
}

/** A version and where it was read from. */
export interface FolderVersion extends TemplateVersion {
  /** Relative to the folder, with slashes. */
  readonly file: string;
}

export interface ReadFolder {
  /** By path. Those of faulty files are missing. */
  readonly versions: readonly FolderVersion[];
  readonly problems: readonly FolderProblem[];
}

/**
 * Reads every `.liquid` file below a folder, whatever its name: the front matter says which version it is. Links and
 * hidden folders are passed over. All problems are told, texts that are no templates among them; a folder that cannot be
 * read at all throws the system's error. `now` is in milliseconds since 1970.
 */
export async function readPromptFolder(folder: string, now: number): Promise<ReadFolder> {
  const renderer = new Renderer(1);
  const versions: FolderVersion[] = [];
  const problems: FolderProblem[] = [];
  const places = new Map<string, string>();
  for (const file of await promptFiles(folder)) {
    const draft = await readDraft(join(folder, file));
    const version = "template" in draft ? checkedVersion(renderer, draft, now, places, file) : draft;
    if ("template" in version) versions.push({ ...version, file });
    else problems.push(...version.map((fault) => ({ file, ...fault })));
  }
  return { versions, problems };
}

/**
 * Writes each version to `<template>/v<version>.liquid` below a folder, which is made where missing. Files that say the
 * same already are left alone, others are replaced whole, and none is deleted. Nothing is written where versions would
 * share a file on systems that take `A` and `a` for one name, hold text that is no Unicode,
 * or are called what no template is. Returns the paths written.
 */
export async function writePromptFolder(
  folder: string,
  versions: readonly VersionDraft[],
): Promise<{ readonly written: readonly string[] } | { readonly problems: readonly FolderProblem[] }> {
  const files = versions.map((version) => ({
    file: `${version.template}/v${version.version}${EXTENSION}`,
    text: writeVersionFile(version),
  }));
  const unnamed = versions.flatMap(
    ({ template, version }) => nameFault(template) ?? versionFault(version) ?? [],
  );
  const problems = [
    ...unnamed.map((message) => ({ file: ".", line: 1, message })),
    ...writingProblems(files),
  ];
  if (problems.length > 0) return { problems };
  const written: string[] = [];
  for (const { file, text } of files) {
    if (await writeChanged(join(folder, file), text)) written.push(file);
  }
  return { written };
}

/** Paths relative to `folder`, sorted. The runtime's own recursive reading follows links out of the folder. */
async function promptFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  const waiting = [""];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() && path.endsWith(EXTENSION)) files.push(path);
    }
    if (files.length > MAX_FILES) throw new RangeError(`${folder} has more than ${MAX_FILES} prompts`);
  }
  return files.sort();
}

async function readDraft(path: string): Promise<ReadDraft | readonly FileFault[]> {
  if ((await lstat(path)).size > MAX_FILE_BYTES) {
    return [{ line: 1, message: `expected at most ${MAX_FILE_BYTES} bytes` }];
  }
  const bytes = await readFile(path);
  const text = bytes.toString("utf8");
  // Decoding puts a replacement for each wrong byte, which would then be sent to a model.
  if (!Buffer.from(text, "utf8").equals(bytes)) {
    return [{ line: firstDifferentLine(bytes, text), message: "expected text in UTF-8" }];
  }
  return readVersionFile(text);
}

function checkedVersion(
  renderer: Renderer,
  draft: ReadDraft,
  now: number,
  places: Map<string, string>,
  file: string,
): TemplateVersion | readonly FileFault[] {
  const key = `${draft.template}-v${draft.version}`;
  const earlier = places.get(key);
  if (earlier !== undefined) return [{ line: 1, message: `${key} is in ${earlier} too` }];
  places.set(key, file);
  const messages = draft.messages.map(({ role, text }) => ({ role, text }));
  const version = newVersion(renderer, { ...draft, messages }, "import", now);
  if (!(version instanceof Error)) return version;
  const line = draft.messages[version.messageIndex]!.line + version.line - 1;
  return [{ line, message: version.message }];
}

function writingProblems(
  files: readonly { readonly file: string; readonly text: string }[],
): FolderProblem[] {
  const seen = new Map<string, string>();
  return files.flatMap(({ file, text }) => {
    const earlier = seen.get(file.toLowerCase());
    seen.set(file.toLowerCase(), file);
    const problems: FolderProblem[] = [];
    if (earlier !== undefined)
      problems.push({ file, line: 1, message: `would share its file with ${earlier}` });
    if (!text.isWellFormed()) {
      problems.push({
        file,
        line: loneSurrogateLine(text),
        message: "holds half a character, which UTF-8 cannot",
      });
    }
    return problems;
  });
}

/** Whether the file had to be written. A reader never finds half of it. */
async function writeChanged(path: string, text: string): Promise<boolean> {
  const present = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  const bytes = Buffer.from(text, "utf8");
  if (present?.equals(bytes)) return false;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, bytes);
  await rename(draft, path);
  return true;
}

function firstDifferentLine(bytes: Buffer, text: string): number {
  const decoded = Buffer.from(text, "utf8");
  let line = 1;
  for (let i = 0; i < bytes.length && bytes[i] === decoded[i]; i++) if (bytes[i] === 0x0a) line++;
  return line;
}

function loneSurrogateLine(text: string): number {
  return text.split("\n").findIndex((line) => !line.isWellFormed()) + 1;
}
