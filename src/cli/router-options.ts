import { resolve } from "node:path";
import { QualityModel, RefusedModel } from "../quality/quality-model.ts";
import type { CommandIo } from "./check.ts";
import { CommandError } from "./stored.ts";

/**
 * Runs a command that works on files. What it cannot do is told on standard error. Returns the exit code: 0, 1 (bad data or
 * file) or 2 (wrong usage).
 */
export async function runCommand(
  { stderr }: Pick<CommandIo, "stderr">,
  work: () => void | Promise<void>,
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (error instanceof CommandError) {
      stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    if (!isBadFile(error)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** What the file system, unzipping, reading outcomes and training refuse; anything else is a mistake of ours. */
function isBadFile(error: unknown): error is Error {
  return (
    error instanceof SyntaxError ||
    error instanceof RangeError ||
    (error instanceof Error && "code" in error && typeof error.code === "string")
  );
}

/** The router of a model file; without a path the one that comes with Amsterdam. Throws a CommandError. */
export function modelOption(path: string | undefined, cwd: string): QualityModel {
  const model = QualityModel.load(path === undefined ? null : resolve(cwd, path));
  if (model instanceof RefusedModel) throw new CommandError(1, model.reason);
  return model;
}

/** A number from 0 to 1 as people write it; null where it is none. */
export function readShare(text: string): number | null {
  const share = text.trim() === "" ? Number.NaN : Number(text);
  return share >= 0 && share <= 1 ? share : null;
}
