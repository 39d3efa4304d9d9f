import { draftFault } from "../prompts/draft-fault.ts";
import { type FileFault, readVersionFile } from "../prompts/front-matter.ts";
import { newVersion } from "../prompts/new-version.ts";
import { Renderer } from "../prompts/render.ts";
import type { VersionDraft } from "../prompts/template.ts";
import { CommandError } from "./stored.ts";
import { printable } from "./table.ts";

const MAX_BYTES = 2_097_152;

/** Whether a text is a version's file, rather than the prompt alone. */
export function isVersionFile(text: string): boolean {
  return /^\ufeff?---\r?\n/.test(text);
}

/** Bytes as text. Throws a CommandError naming `source` where they are none. */
export function decoded(bytes: Uint8Array, source: string): string {
  if (bytes.length > MAX_BYTES) throw new CommandError(1, `${source}: expected at most ${MAX_BYTES} bytes.`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CommandError(1, `${source}: expected text in UTF-8.`);
  }
}

/** Reads a version's file. Throws a CommandError that says what is wrong on which line of `source`. */
export function readDraft(text: string, source: string): VersionDraft {
  const draft = readVersionFile(text);
  if (!("template" in draft)) throw faulty(draft, source);
  const messages = draft.messages.map(({ role, text: own }) => ({ role, text: own }));
  const read = { ...draft, messages };
  const made = newVersion(new Renderer(1), read, "api", 0);
  if (made instanceof Error) {
    const line = draft.messages[made.messageIndex]!.line + made.line - 1;
    throw faulty([{ line, message: made.message }], source);
  }
  const fault = draftFault(read);
  if (fault !== null) throw faulty([{ line: 1, message: fault }], source);
  return read;
}

function faulty(faults: readonly FileFault[], source: string): CommandError {
  return new CommandError(
    1,
    faults.map(({ line, message }) => `${source}:${line}: ${printable(message)}`).join("\n"),
  );
}
