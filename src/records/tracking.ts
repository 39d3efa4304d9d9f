import type { HeaderFields } from "../lib/header-fields.ts";

/** Fields that a client adds to say what a request belongs to. They never reach a provider. */
export interface Tracking {
  agent_id?: string;
  run_id?: string;
  request_parent_id?: string;
  request_id?: string;
  thread_id?: string;
  tags?: Tags;
}

/** A list, or names with values. */
export type Tags = readonly string[] | Readonly<Record<string, string>>;

const IDS = ["agent_id", "run_id", "request_parent_id", "request_id", "thread_id"] as const;

/** Headers that say the same for clients that cannot change bodies; the later one of a field wins. */
const ID_HEADERS: readonly (readonly [string, (typeof IDS)[number]])[] = [
  ["x-amp-thread-id", "thread_id"],
  ["x-amp-feature", "agent_id"],
  ["x-amsterdam-agent-id", "agent_id"],
  ["x-amsterdam-run-id", "run_id"],
  ["x-amsterdam-request-parent-id", "request_parent_id"],
  ["x-amsterdam-request-id", "request_id"],
  ["x-amsterdam-thread-id", "thread_id"],
];

/** Characters kept of an id: longer ones are a mistake, and records are not the place to keep it. */
const MAX_ID = 256;

/**
 * What a request says of itself, in its body or, where that is silent, in its headers. Null when it says nothing.
 * A number counts as an id; other values than text are passed over, for a wrong field must not break traffic.
 */
export function readTracking(
  fields: Readonly<Record<string, unknown>> | null,
  headers: HeaderFields,
): Tracking | null {
  const tracking: Tracking = {};
  for (const [header, field] of ID_HEADERS) {
    const value = headers[header];
    if (value !== undefined && value !== "") tracking[field] = value.slice(0, MAX_ID);
  }
  const ampRequest = ampRequestId(headers);
  if (ampRequest !== null) tracking.request_id ??= ampRequest;
  const tagsHeader = headers["x-amsterdam-tags"];
  if (tagsHeader !== undefined)
    tracking.tags = tagsHeader.split(",", MAX_TAGS).map((tag) => tag.trim().slice(0, MAX_ID));
  if (fields !== null) {
    for (const field of IDS) {
      const value = fields[field];
      if (typeof value === "string" && value !== "") tracking[field] = value.slice(0, MAX_ID);
      else if (typeof value === "number") tracking[field] = String(value);
    }
    const tags = readTags(fields.tags);
    if (tags !== null) tracking.tags = tags;
  }
  for (const _ in tracking) return tracking;
  return null;
}

/** The Amp client numbers the messages of a thread from 0, so that the thread's id is needed to tell which is meant. */
function ampRequestId(headers: HeaderFields): string | null {
  const { "x-amp-message-id": message, "x-amp-thread-id": thread } = headers;
  if (message === undefined || message === "") return null;
  return (thread === undefined || thread === "" ? message : `${thread}:${message}`).slice(0, MAX_ID);
}

const MAX_TAGS = 64;

/** Tags as a client wrote them: a text, a list, or names with values. What is neither text, number nor truth is left out. */
function readTags(value: unknown): Tags | null {
  if (typeof value === "string") return [value.slice(0, MAX_ID)];
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return value.slice(0, MAX_TAGS).filter(isScalar).map(tagText);
  const entries = Object.entries(value).slice(0, MAX_TAGS);
  return Object.fromEntries(
    entries.filter(([, tag]) => isScalar(tag)).map(([name, tag]) => [name.slice(0, MAX_ID), tagText(tag)]),
  );
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function tagText(value: unknown): string {
  return String(value).slice(0, MAX_ID);
}
