import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../lib/refusal.ts";
import type { MadeVersion } from "../prompts/catalogue.ts";
import { writeVersionFile } from "../prompts/front-matter.ts";
import { revisionOf } from "../prompts/revision.ts";
import type { VersionDraft } from "../prompts/template.ts";
import { StorageError } from "../storage/interface.ts";
import { madeText } from "./prompts-new.ts";
import { asJson, type PromptsIo, type PromptsOptions, withCatalogue } from "./prompts-parts.ts";
import { decoded, readDraft } from "./prompts-text.ts";
import { CommandError } from "./stored.ts";

/**
 * `prompts edit`: opens a version in the person's editor and keeps what was written as a new version. What cannot be kept
 * stays in its file. The storage is not open meanwhile.
 */
export async function editVersion(
  [name, which]: readonly string[],
  { as, json }: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const { before, version } = await withCatalogue(io, async (catalogue) => ({
    before: await catalogue.version(name!, which),
    version: as ?? (await catalogue.nextVersion(name!)),
  }));
  const folder = await mkdtemp(join(tmpdir(), "amsterdam-prompt-"));
  const file = join(folder, `${name}.liquid`);
  const text = writeVersionFile({ ...before, version });
  await Bun.write(file, text);
  const made = await keepingFile(file, text, async () => {
    await openEditor(file, io);
    const draft = readDraft(decoded(await bytesOf(file), file), file);
    return await keep(draft, before, io);
  });
  await rm(folder, { recursive: true });
  if (made !== null) io.stdout.write(madeText(made, json === true));
  else io.stdout.write(json ? asJson({ made: false }) : "Nothing was changed, so no version was made.\n");
}

/** Null where nothing was changed. */
async function keep(draft: VersionDraft, before: VersionDraft, io: PromptsIo): Promise<MadeVersion | null> {
  if (draft.template !== before.template) {
    throw new CommandError(1, `The file is of the prompt ${draft.template} now, not of ${before.template}.`);
  }
  if (revisionOf(draft) === revisionOf(before)) return null;
  return await withCatalogue(io, (catalogue) => catalogue.create(draft));
}

async function openEditor(file: string, { env }: PromptsIo): Promise<void> {
  const editor = env.VISUAL || env.EDITOR || "vi";
  // As the shell reads it: the variable may hold options too.
  const child = Bun.spawn(["/bin/sh", "-c", `${editor} "$@"`, editor, file], {
    env: { ...env },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const code = await child.exited;
  if (code === 0) return;
  const others = "VISUAL and EDITOR name another.";
  throw new CommandError(1, `The editor (${editor}) ended with ${code}, so no version was made. ${others}`);
}

/** No bytes where the editor took the file away. */
async function bytesOf(file: string): Promise<Uint8Array> {
  const found = Bun.file(file);
  return (await found.exists()) ? await found.bytes() : new Uint8Array();
}

/** When the work fails, a file that is still as it was goes, and one with somebody's work in it is named. */
async function keepingFile<T>(file: string, before: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof Refusal || error instanceof StorageError))
      throw error;
    const written = Buffer.from(await bytesOf(file));
    if (written.length > 0 && !written.equals(Buffer.from(before))) {
      const again = `amsterdam prompts new --file ${file}`;
      throw new CommandError(1, `${error.message}\nWhat you wrote is kept. Mend it, then: ${again}`);
    }
    await rm(join(file, ".."), { recursive: true });
    throw error;
  }
}
