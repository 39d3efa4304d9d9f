import { resolve } from "node:path";
import { versionJson } from "../admin/prompts-shape.ts";
import type { MadeVersion, PromptCatalogue, WantedVersion } from "../prompts/catalogue.ts";
import { asJson, type PromptsIo, type PromptsOptions, withCatalogue, wrong } from "./prompts-parts.ts";
import { decoded, isVersionFile, readDraft } from "./prompts-text.ts";
import { CommandError } from "./stored.ts";

/** `prompts new`: makes a version of what was written. */
export async function newPromptVersion(
  [name]: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  if (options.text !== undefined && options.file !== undefined) throw wrong("Either --text or --file.");
  const written = await readWritten(options, io);
  const wanted = (catalogue: PromptCatalogue): Promise<WantedVersion> | WantedVersion =>
    written !== null && options.text === undefined && isVersionFile(written.text)
      ? wantedByFile(name, written, options)
      : wantedByOptions(catalogue, name, written?.text ?? null, options);
  const made = await withCatalogue(io, async (catalogue) => catalogue.create(await wanted(catalogue)));
  io.stdout.write(madeText(made, options.json === true));
}

/** What is said of a version that was made. */
export function madeText({ version, made }: MadeVersion, json: boolean): string {
  const shown = versionJson(version);
  if (json) return asJson({ made, version: shown });
  if (!made) return `${shown.id} was there already, with this very text.\n`;
  return `${shown.id} is made. To have it served: amsterdam prompts label ${version.template} production ${version.version}\n`;
}

interface Written {
  readonly text: string;
  /** Its name in messages. */
  readonly source: string;
}

/** Null where the text is another version's. */
async function readWritten({ text, file, from }: PromptsOptions, io: PromptsIo): Promise<Written | null> {
  if (text !== undefined) return { text, source: "--text" };
  if (file !== undefined) return { text: decoded(await readFile(file, io), file), source: file };
  if (from !== undefined) return null;
  if (io.stdin === undefined && process.stdin.isTTY) io.stderr.write("Type the text; Ctrl-D ends it.\n");
  const bytes = await (io.stdin === undefined ? Bun.stdin.bytes() : io.stdin());
  return { text: decoded(bytes, "Standard input"), source: "Standard input" };
}

async function readFile(path: string, io: PromptsIo): Promise<Uint8Array> {
  try {
    return await Bun.file(resolve(io.cwd, path)).bytes();
  } catch (error) {
    throw new CommandError(1, `${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function wantedByFile(
  name: string | undefined,
  { text, source }: Written,
  options: PromptsOptions,
): WantedVersion {
  for (const option of ["version", "from", "model"] as const) {
    if (options[option] !== undefined)
      throw wrong(`--${option}: ${source} says this itself, between its lines of ---.`);
  }
  const draft = readDraft(text, source);
  if (name === undefined || name === draft.template) return draft;
  throw new CommandError(1, `${source} is of the prompt ${draft.template}, not of ${name}.`);
}

async function wantedByOptions(
  catalogue: PromptCatalogue,
  name: string | undefined,
  text: string | null,
  { version, from, model }: PromptsOptions,
): Promise<WantedVersion> {
  if (name === undefined) throw wrong("prompts new takes a name, unless the file begins with a line of ---.");
  const base = from === undefined ? null : await catalogue.version(name, from);
  const own = text === null ? null : text.replace(/\r?\n$/, "");
  if (own === "") throw new CommandError(1, "The text is empty.");
  return {
    template: name,
    version,
    messages: own === null ? base!.messages : [{ role: null, text: own }],
    model: model ?? base?.model ?? null,
    parameters: base?.parameters ?? {},
  };
}
