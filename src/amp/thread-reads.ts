import { GatewayError } from "../exchange/errors.ts";
import type { ThreadSummary } from "../storage/thread-store.ts";
import { isObject, type JsonObject } from "./input.ts";
import { THREADS_PATH } from "./services.ts";
import { readThreadId } from "./thread-input.ts";
import { threadMarkdown } from "./thread-markdown.ts";
import { listEntry, type ThreadAccess } from "./threads.ts";

/** How many threads a search looks at, and gives at most. */
const SEARCHED = 2000;
const MAX_FOUND = 100;
const DEFAULT_FOUND = 20;

export interface TextBody {
  readonly type: string;
  readonly text: string;
}

/**
 * What is read of threads by path: `/api/threads` lists them, `/find?q=` searches their titles, `/<id>` is one as its
 * client wrote it, `/<id>.md` for a model to read. Throws not_found, invalid_request or storage_unavailable.
 */
export async function readThreads(path: string, search: string, threads: ThreadAccess): Promise<TextBody> {
  const query = new URLSearchParams(search);
  const rest = path.slice(THREADS_PATH.length + 1);
  if (rest === "") return json((await threads.list({ limit: MAX_FOUND, archived: false })).map(tableEntry));
  if (rest === "find") return json(await findThreads(query, threads));
  const isMarkdown = rest.endsWith(".md");
  const id = readThreadId(isMarkdown ? rest.slice(0, -".md".length) : rest, "id");
  const found = await threads.get(id);
  if (found === null) throw new GatewayError("not_found", `Thread ${id} was not found.`);
  if (!isMarkdown) return json(found.thread);
  const short = query.get("truncate_tool_results") === "1";
  return { type: "text/markdown; charset=utf-8", text: threadMarkdown(found.thread, short) };
}

function json(value: unknown): TextBody {
  return { type: "application/json", text: JSON.stringify(value) };
}

/** Threads in whose title or id every word of the query stands; what was said in them is not searched. */
async function findThreads(query: URLSearchParams, threads: ThreadAccess): Promise<JsonObject> {
  const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const limit = countOf(query, "limit", DEFAULT_FOUND);
  const offset = countOf(query, "offset", 0);
  const found = (await threads.list({ limit: SEARCHED, archived: true })).filter(({ id, title }) => {
    const text = `${id} ${title ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const end = offset + Math.min(limit, MAX_FOUND);
  return { threads: found.slice(offset, end).map(tableEntry), hasMore: found.length > end };
}

function countOf(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? otherwise);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new GatewayError("invalid_request", `${name} is a number from 0.`, { param: name });
}

/** As clients' tables show it. */
function tableEntry(thread: ThreadSummary): JsonObject {
  const { meta, ...shown } = listEntry(thread);
  const visible = { visibility: "private", sharedGroupIDs: [], ...(isObject(meta) ? meta : {}) };
  return { ...shown, meta: visible, updatedAt: new Date(thread.updatedAt).toISOString() };
}
