import { StorageError } from "../interface.ts";

interface Explanation {
  readonly cause: string;
  readonly remedy: string;
}

const DENIED: Explanation = {
  cause: "this user may not write there",
  remedy: "Give this user the right to write the file and its folder, or name another place in storage.url.",
};
const FULL: Explanation = {
  cause: "the disk or the quota is full",
  remedy: "Free some space, or name another place in storage.url.",
};
const NOT_A_FOLDER: Explanation = {
  cause: "a part of the path is a file, not a folder",
  remedy: "Name another place in storage.url.",
};
const LOCKED: Explanation = {
  cause: "another process has kept it locked for too long",
  remedy: "Find and stop the process that holds a write transaction open on it.",
};
const DAMAGED: Explanation = {
  cause: "the file is damaged",
  remedy: "Restore it from a backup, or move it away to begin with an empty database.",
};
const INPUT_OUTPUT: Explanation = {
  cause: "reading or writing it failed",
  remedy: "Look at the free space and the health of the disk that it is on.",
};

/** By the code of the operating system's or SQLite's error. */
const EXPLANATIONS: Record<string, Explanation> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: DENIED,
  SQLITE_READONLY: DENIED,
  SQLITE_CANTOPEN: DENIED,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: FULL,
  SQLITE_FULL: FULL,
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  SQLITE_BUSY: LOCKED,
  SQLITE_LOCKED: LOCKED,
  SQLITE_CORRUPT: DAMAGED,
  SQLITE_IOERR: INPUT_OUTPUT,
  SQLITE_NOTADB: {
    cause: "the file is not a SQLite database",
    remedy: "Move it away, or name another file in storage.url.",
  },
};

/** Turns whatever opening or using the database at `path` threw into a StorageError. */
export function storageError(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const explanation = EXPLANATIONS[primaryCode(error)];
  const text = error instanceof Error ? error.message : String(error);
  const message = explanation
    ? `Cannot use the database ${path}: ${explanation.cause} (${text}). ${explanation.remedy}`
    : `Cannot use the database ${path}: ${text}.`;
  return new StorageError(message, { cause: error, refusesData: refusesData(error) });
}

/** SQLite's words for values that it does not take; what is no error of SQLite's or the system's failed before it. */
function refusesData(error: unknown): boolean {
  const code = primaryCode(error);
  return code === "" || REFUSALS.has(code);
}

const REFUSALS = new Set(["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"]);

/** Whether another connection's lock stood in the way, so that the same call may succeed a moment later. */
export function isLocked(error: unknown): boolean {
  const code = primaryCode(error);
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED";
}

/** SQLite refines its codes (SQLITE_IOERR_WRITE, SQLITE_BUSY_SNAPSHOT); the first two words are the kind. */
function primaryCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return "";
  const { code } = error;
  return code.startsWith("SQLITE_") ? code.split("_", 2).join("_") : code;
}
