import { NEVER_SET } from "../formats/parameters.ts";
import { readVersionFile, writeVersionFile } from "./front-matter.ts";
import type { VersionDraft } from "./template.ts";
import { nameFault, versionFault } from "./template-id.ts";

const ROLES: readonly unknown[] = ["system", "user", "assistant"];
const MAX_MODEL_CHARS = 200;
const MAX_DEPTH = 100;

/**
 * Why a draft cannot be kept as a version, in words for the person who wrote it, or null. Whether its texts are templates
 * is not looked at. What passes can be written to a folder of prompts and read again.
 */
export function draftFault(draft: VersionDraft): string | null {
  return (
    nameFault(draft.template) ??
    versionFault(draft.version) ??
    messagesFault(draft.messages) ??
    modelFault(draft.model) ??
    parametersFault(draft.parameters) ??
    fileFault(draft)
  );
}

function messagesFault(messages: VersionDraft["messages"]): string | null {
  const [first] = messages;
  if (first === undefined) return "a version has at least one message";
  if (messages.length === 1 && first.role === null) return null;
  for (const [index, { role }] of messages.entries()) {
    if (role === null) return `message ${index + 1} has no role: only a single text goes without`;
    if (!ROLES.includes(role)) return `message ${index + 1}: a role is one of ${ROLES.join(", ")}`;
  }
  return null;
}

function modelFault(model: string | null): string | null {
  if (model === null) return null;
  const isName = model.length <= MAX_MODEL_CHARS && /^[^\s\p{C}]+$/u.test(model);
  return isName ? null : `a model is 1 to ${MAX_MODEL_CHARS} printable characters without spaces`;
}

function parametersFault(parameters: VersionDraft["parameters"]): string | null {
  if (isDeeper(parameters, MAX_DEPTH)) return `parameters are nested at most ${MAX_DEPTH} deep`;
  const reserved = Object.keys(parameters).find((name) => NEVER_SET.has(name));
  return reserved === undefined ? null : `a version cannot suggest the parameter ${reserved}`;
}

/** Goes level by level: values of clients may be nested deeper than functions can call each other. */
function isDeeper(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let down = 0; level.length > 0; down++) {
    if (down > depth) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}

function fileFault(draft: VersionDraft): string | null {
  const file = writeVersionFile(draft);
  if (!file.isWellFormed()) return "a text, the model or the parameters hold half a character";
  const read = readVersionFile(file);
  return "template" in read ? null : `model and parameters: ${read[0]!.message}`;
}
