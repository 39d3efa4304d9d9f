const MAX_NAME_CHARS = 128;
const MAX_VERSION_CHARS = 64;

/** What `name-vVERSION` or a bare `name` says. */
export interface TemplateId {
  readonly name: string;
  /** Null for a bare name: whichever version a label, an experiment or the client's own text gives. */
  readonly version: string | null;
}

/** Why something is no template id, in words that may go into an answer: they never quote the input. */
export interface IdFault {
  readonly reason: string;
}

/**
 * Reads a template id as clients send it: a name, then perhaps `-v` and a version, as in `greeting-v1.2321beta5`. The
 * first `-v` that a digit follows begins the version, so that names with `-v` in them (`my-very-own`) stay whole. Names
 * and versions are ASCII letters, digits and a few marks, as they go into headers, file names and logs.
 */
export function parseTemplateId(value: unknown): TemplateId | IdFault {
  if (typeof value !== "string") return { reason: "a template id is a text, such as greeting-v1" };
  if (value.length > MAX_NAME_CHARS + MAX_VERSION_CHARS + 2) {
    return {
      reason: `a template id is at most ${MAX_NAME_CHARS} characters of name and ${MAX_VERSION_CHARS} of version`,
    };
  }
  const split = versionMark(value);
  const name = split < 0 ? value : value.slice(0, split);
  const version = split < 0 ? null : value.slice(split + 2);
  const reason = nameFault(name) ?? (version === null ? null : versionFault(version));
  return reason === null ? { name, version } : { reason };
}

/** The text form, which `parseTemplateId` reads back to the same. */
export function formatTemplateId(id: TemplateId): string {
  return id.version === null ? id.name : `${id.name}-v${id.version}`;
}

/** Why `name` cannot be a template's name, or null. */
export function nameFault(name: string): string | null {
  if (name === "") return "a template's name is missing";
  if (name.length > MAX_NAME_CHARS) return `a template's name is at most ${MAX_NAME_CHARS} characters long`;
  if (!isAlphanumeric(name.charCodeAt(0))) return "a template's name begins with a letter or a digit";
  if (!consistsOf(name, "_.-")) return "a template's name consists of letters, digits, _ . and -";
  return versionMark(name) < 0 ? null : "a template's name has no -v followed by a digit";
}

/** Why `version` cannot be a version, or null. */
export function versionFault(version: string): string | null {
  if (!isDigit(version.charCodeAt(0))) return "a version begins with a digit";
  if (version.length > MAX_VERSION_CHARS) return `a version is at most ${MAX_VERSION_CHARS} characters long`;
  return consistsOf(version, "_.-+") ? null : "a version consists of letters, digits, _ . + and -";
}

/** Offset of the first `-v` that a digit follows, or -1. */
function versionMark(text: string): number {
  for (let at = text.indexOf("-v"); at >= 0; at = text.indexOf("-v", at + 1)) {
    if (isDigit(text.charCodeAt(at + 2))) return at;
  }
  return -1;
}

function consistsOf(text: string, marks: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!isAlphanumeric(text.charCodeAt(i)) && !marks.includes(text[i]!)) return false;
  }
  return true;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return isDigit(code) || (lower >= 0x61 && lower <= 0x7a);
}
