import { StorageError } from "../interface.ts";

interface Explanation {
  readonly cause: string;
  readonly remedy: string;
}

const UNREACHABLE: Explanation = {
  cause: "nothing answers there, or the connection was lost",
  remedy: "Look whether the server runs, and at host and port of storage.url.",
};
const REFUSED_USER: Explanation = {
  cause: "the server does not let this user in",
  remedy:
    "Look at user and password of storage.url (special characters are percent-encoded) and at the server's pg_hba.conf.",
};
const NO_RIGHT: Explanation = {
  cause: "the user lacks a right",
  remedy: 'Let the owner of the database run: CREATE SCHEMA amsterdam AUTHORIZATION "<this user>".',
};
const FULL: Explanation = {
  cause: "the server's disk is full",
  remedy: "Free some space on the server.",
};
const TOO_MANY: Explanation = {
  cause: "the server has no connection left",
  remedy: "Raise max_connections there, or let fewer programs use it.",
};
const TOO_SLOW: Explanation = {
  cause: "the server took too long",
  remedy: "Look for locks that are held there, and at its load.",
};
const NO_TLS: Explanation = {
  cause: "the server does not offer TLS",
  remedy: "Switch TLS on there, or set sslmode=disable in storage.url.",
};

const UNREADABLE_FILE: Explanation = {
  cause: "a file that storage.url names for TLS cannot be used",
  remedy: "Look at sslrootcert, sslcert and sslkey in it.",
};

/** The server is a standby: after a failover, the primary of before. A new connection finds the new one. */
const READ_ONLY = "25006";

/** By SQLSTATE, or by the driver's own code where the server did not answer. */
const EXPLANATIONS: Record<string, Explanation> = {
  "28000": REFUSED_USER,
  "28P01": REFUSED_USER,
  "42501": NO_RIGHT,
  "53100": FULL,
  "53300": TOO_MANY,
  "55P03": TOO_SLOW,
  "57014": TOO_SLOW,
  "3D000": { cause: "there is no such database", remedy: "Create it, or name another in storage.url." },
  [READ_ONLY]: {
    cause: "the server takes no changes",
    remedy: "Name the primary server in storage.url, not a standby.",
  },
  "08P01": {
    cause: "the server does not understand what it was sent",
    remedy: "A connection pooler has to be in session mode; else connect to the server itself.",
  },
  ERR_POSTGRES_TLS_NOT_AVAILABLE: NO_TLS,
  ERR_INVALID_ARG_TYPE: UNREADABLE_FILE,
  ERR_BORINGSSL: UNREADABLE_FILE,
};

const BAD_CERTIFICATE: Explanation = {
  cause: "the server's certificate cannot be trusted",
  remedy:
    "Name the authority's certificate with sslrootcert=<file> in storage.url, or set sslmode=require to go without the check.",
};

/** The server has ended the connection, is starting or stopping, has no room, or two transactions stood in each other's way. */
const PASSING_STATES = new Set(["57P01", "57P02", "57P03", "57P05", "53300", "40001", "40P01", READ_ONLY]);
const LOST_CODES = new Set([
  "ERR_POSTGRES_CONNECTION_CLOSED",
  "ERR_POSTGRES_CONNECTION_FAILED",
  "ERR_POSTGRES_CONNECTION_REFUSED",
  "ERR_POSTGRES_CONNECTION_TIMEOUT",
  "ERR_POSTGRES_IDLE_TIMEOUT",
  "ERR_POSTGRES_LIFETIME_TIMEOUT",
]);

/** Turns whatever opening or using the database threw into a StorageError. `name` is its URL without the password. */
export function storageError(name: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const explanation = explain(error);
  const message = explanation
    ? `Cannot use the database ${name}: ${explanation.cause} (${text}). ${explanation.remedy}`
    : `Cannot use the database ${name}: ${text}.`;
  return new StorageError(message, { cause: error, refusesData: refusesData(error) });
}

/** A value is missing that there has to be. */
const NOT_NULL = "23502";

/** By the class of the SQLSTATE: the values, or how much they are; what has no code failed before the server was asked. */
function refusesData(error: unknown): boolean {
  const code = codeOf(error);
  return code === "" || code === NOT_NULL || code.startsWith("22") || code.startsWith("54");
}

/** Whether the same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return PASSING_STATES.has(code) || isLost(code);
}

/** Whether to go on with another connection: this one broke, or its server is no longer the primary one. */
export function needsNewConnection(error: unknown): boolean {
  return isConnectionLost(error) || codeOf(error) === READ_ONLY;
}

/** Whether the connection broke, so that what was asked last may have happened or not. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  return isLost(code) || code.startsWith("57P");
}

/** Whether rows have no partition to go to; whatever else the tables of records could refuse has another SQLSTATE. */
export function isMissingPartition(error: unknown): boolean {
  return error instanceof StorageError && codeOf(error.cause) === "23514";
}

function isLost(code: string): boolean {
  return LOST_CODES.has(code) || (/^08...$/.test(code) && code !== "08P01");
}

function explain(error: unknown): Explanation | undefined {
  const code = codeOf(error);
  if (isPassing(error) && EXPLANATIONS[code] === undefined) return UNREACHABLE;
  return EXPLANATIONS[code] ?? (/CERT|SIGNATURE|ALTNAME/.test(code) ? BAD_CERTIFICATE : undefined);
}

/** The SQLSTATE where the server has answered. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("errno" in error && typeof error.errno === "string") return error.errno;
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
