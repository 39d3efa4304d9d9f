import { GatewayError } from "../exchange/errors.ts";
import type { ThreadSummary } from "../storage/thread-store.ts";
import { isObject, type JsonObject, own, refuseField } from "./input.ts";
import { readThreadId } from "./thread-input.ts";
import type { ThreadAccess } from "./threads.ts";

const MAX_THREADS = 5000;
/** Characters of downloaded threads in one answer; the client asks for the rest when it syncs again. */
const MAX_DOWNLOAD = 64 * 1024 * 1024;

type Action =
  | { readonly id: string; readonly action: "upload" }
  | { readonly id: string; readonly action: "meta"; readonly meta: JsonObject }
  | { readonly id: string; readonly action: "download"; readonly thread: JsonObject };

/**
 * Says what a client is to do so that both sides hold the same. The body is `{threadVersions: [{id, v}],
 * threadMetas: [{id, meta}]}`: what the client has, `v` being -1 for a thread that it only knows by its id.
 *
 * Threads that the client does not name are left out, for it also asks about a single one, and takes what it is sent
 * in the place of what it has. Throws invalid_request or storage_unavailable.
 */
export async function answerSync(body: unknown, threads: ThreadAccess): Promise<{ threadActions: Action[] }> {
  if (!isObject(body)) throw new GatewayError("invalid_request", "The body must be an object.");
  const versions = readVersions(own(body, "threadVersions"));
  const metas = readMetas(own(body, "threadMetas"));
  const kept = await threads.find([...new Set([...versions.keys(), ...metas.keys()])]);
  return { threadActions: [...(await versionActions(versions, kept, threads)), ...metaActions(metas, kept)] };
}

/** The client's versions by id; null where it does not tell one. */
function readVersions(value: unknown): Map<string, number | null> {
  const versions = new Map<string, number | null>();
  for (const [index, entry] of readList(value, "threadVersions").entries()) {
    const param = `threadVersions[${index}]`;
    if (typeof entry === "string") {
      versions.set(readThreadId(entry, param), null);
      continue;
    }
    if (!isObject(entry)) refuseField(param, "an object with id and v");
    const version = own(entry, "v");
    if (!Number.isSafeInteger(version)) refuseField(`${param}.v`, "a whole number");
    versions.set(readThreadId(own(entry, "id"), `${param}.id`), version as number);
  }
  return versions;
}

/** What the client has as each thread's meta; null where it has none. */
function readMetas(value: unknown): Map<string, unknown> {
  const metas = new Map<string, unknown>();
  for (const [index, entry] of readList(value, "threadMetas").entries()) {
    if (entry === null) continue;
    const param = `threadMetas[${index}]`;
    if (!isObject(entry)) refuseField(param, "an object with id and meta, or null");
    metas.set(readThreadId(own(entry, "id"), `${param}.id`), own(entry, "meta") ?? null);
  }
  return metas;
}

function readList(value: unknown, param: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > MAX_THREADS) {
    refuseField(param, `an array of at most ${MAX_THREADS}`);
  }
  return value;
}

async function versionActions(
  versions: ReadonlyMap<string, number | null>,
  kept: ReadonlyMap<string, ThreadSummary>,
  threads: ThreadAccess,
): Promise<Action[]> {
  const actions: Action[] = [];
  let room = MAX_DOWNLOAD;
  for (const [id, version] of versions) {
    const known = kept.get(id);
    if (known === undefined) {
      if (version === null || version >= 0) actions.push({ id, action: "upload" });
    } else if (version !== null && version > known.version) {
      actions.push({ id, action: "upload" });
    } else if (version !== null && version < known.version && room > 0) {
      const found = await threads.get(id);
      if (found === null) continue;
      actions.push({ id, action: "download", thread: found.thread });
      room -= found.characters;
    }
  }
  return actions;
}

function metaActions(
  metas: ReadonlyMap<string, unknown>,
  kept: ReadonlyMap<string, ThreadSummary>,
): Action[] {
  const actions: Action[] = [];
  for (const [id, meta] of metas) {
    const known = kept.get(id)?.meta ?? null;
    if (known === null) continue;
    const wanted = JSON.parse(known) as JsonObject;
    if (!Bun.deepEquals(wanted, meta)) actions.push({ id, action: "meta", meta: wanted });
  }
  return actions;
}
