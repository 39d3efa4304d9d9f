import { resolve } from "node:path";
import { exportPrompts, importPrompts } from "../prompts/transfer.ts";
import { exportedText, importedText, problemLines } from "./prompts-output.ts";
import { asJson, type PromptsIo, type PromptsOptions } from "./prompts-parts.ts";
import { CommandError, withStorage } from "./stored.ts";

/** `prompts export` */
export async function exportTo(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [folder, ...names] = operands;
  const { versions, written, problems } = await withStorage(io, "prompts", (storage) =>
    exportPrompts(storage.prompts, resolve(io.cwd, folder!), names.length > 0 ? names : null, {
      archived: options.all === true,
    }),
  );
  if (options.json) io.stdout.write(asJson({ versions, written, problems }));
  if (problems.length > 0) throw new CommandError(1, `${problemLines(problems)}Nothing was written.`);
  if (!options.json) io.stdout.write(exportedText(folder!, versions, written));
}

/** `prompts import` */
export async function importFrom(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [folder] = operands;
  const dryRun = options["dry-run"] === true;
  const imported = await withStorage(io, "prompts", (storage) =>
    importPrompts(storage.prompts, resolve(io.cwd, folder!), { dryRun }),
  );
  const { files, problems } = imported;
  if (options.json) io.stdout.write(asJson({ ...imported, dry_run: dryRun }));
  if (problems.length > 0) throw new CommandError(1, `${problemLines(problems)}Nothing was changed.`);
  if (!options.json) io.stdout.write(importedText(files, dryRun, io));
  const conflicts = files.filter(({ outcome }) => outcome === "conflict").length;
  if (conflicts === 0) return;
  throw new CommandError(
    1,
    `Versions never change: ${conflicts === 1 ? "one is" : `${conflicts} are`} there with another text. Give what is changed a new version.`,
  );
}
