import type { KeyIdentity } from "../auth/key-ring.ts";
import type { AmpConfig } from "../config/schema.ts";
import { isObject, type JsonObject, refuseField } from "./input.ts";
import { readThreadId } from "./thread-input.ts";
import { listEntry, type ThreadAccess } from "./threads.ts";
import { userOf } from "./user.ts";

/** What the client reads: a result, or an error that it shows. */
export type InternalReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface MethodCall {
  readonly params: JsonObject;
  readonly identity: KeyIdentity;
  readonly config: AmpConfig;
  readonly threads: ThreadAccess;
}

type Method = (call: MethodCall) => InternalReply | Promise<InternalReply>;

const MAX_LISTED = 1000;
const MAX_META = 100_000;

const ok = (result: unknown): InternalReply => ({ ok: true, result });
const refused = (code: string, message: string): InternalReply => ({ ok: false, error: { code, message } });
const notFound = (id: string): InternalReply => refused("thread-not-found", `Thread ${id} was not found.`);
const done = (id: string, found: boolean): InternalReply => (found ? ok({}) : notFound(id));
const unsupported = (what: string): Method => {
  return () => refused("not-supported", `${what} is not offered by this gateway.`);
};

/** The methods that need more than the reply to an unknown one. A Map: a method's name comes from outside. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    "getUserInfo",
    ({ identity, config }) => ok({ ...userOf(identity, config.user), features: featuresOf(config) }),
  ],
  // The client takes it as it comes for a list, and ends without a word when it is none.
  ["loadPlugins", () => ok([])],
  ["loadSkills", () => ok({})],
  ["getUserFreeTierStatus", () => ok({ canUseAmpFree: true, isDailyGrantEnabled: false })],
  ["userDisplayBalanceInfo", () => ok({ displayText: "This gateway is self-hosted: there is no balance." })],
  ["threadDisplayCostInfo", () => ok({ totalCostUSD: null })],
  ["getThread", getThread],
  ["uploadThread", uploadThread],
  ["setThreadMeta", setThreadMeta],
  ["archiveThread", archiveThread],
  ["deleteThread", deleteThread],
  ["listThreads", listThreads],
  ["getThreadLinkInfo", getThreadLinkInfo],
  ["getThreadLabels", () => ok([])],
  ["getUserLabels", () => ok([])],
  ["listTasks", () => ok({ tasks: [] })],
  ["addThreadLabels", unsupported("Labelling threads")],
  ["setThreadLabels", unsupported("Labelling threads")],
  ["createTask", unsupported("Keeping tasks")],
  ["getTask", unsupported("Keeping tasks")],
  ["updateTask", unsupported("Keeping tasks")],
  ["deleteTask", unsupported("Keeping tasks")],
  ["webSearch2", unsupported("Web search")],
  ["extractWebPageContent", unsupported("Reading web pages")],
  ["shareThreadWithOperator", unsupported("Sharing threads with Amp's support")],
]);

function featuresOf(config: AmpConfig): { name: string; enabled: true }[] {
  return config.features.map((name) => ({ name, enabled: true }));
}

async function getThread({ params, threads }: MethodCall): Promise<InternalReply> {
  const id = readThreadId(params.thread, "params.thread");
  const found = await threads.get(id);
  return found === null ? notFound(id) : ok({ thread: { data: found.thread } });
}

async function uploadThread({ params, threads }: MethodCall): Promise<InternalReply> {
  const kept = await threads.put(params.thread);
  if (kept === null) return ok({});
  return refused(
    "version-conflict",
    `A later version of this thread (${kept}) was stored by another client. Continue from that one.`,
  );
}

async function setThreadMeta({ params, threads }: MethodCall): Promise<InternalReply> {
  const id = readThreadId(params.thread, "params.thread");
  const { meta } = params;
  if (!isObject(meta) || JSON.stringify(meta).length > MAX_META)
    refuseField("params.meta", "an object of up to 100 KB");
  return done(id, await threads.amend(id, { meta }));
}

async function archiveThread({ params, threads }: MethodCall): Promise<InternalReply> {
  const id = readThreadId(params.thread, "params.thread");
  return done(id, await threads.amend(id, { archived: params.archived !== false }));
}

async function deleteThread({ params, threads }: MethodCall): Promise<InternalReply> {
  const id = readThreadId(params.thread, "params.thread");
  return done(id, await threads.delete(id));
}

async function listThreads({ params, threads }: MethodCall): Promise<InternalReply> {
  const { limit = MAX_LISTED, includeArchived = true } = params;
  if (!Number.isSafeInteger(limit) || (limit as number) < 0) refuseField("params.limit", "a number from 0");
  const found = await threads.list({
    limit: Math.min(limit as number, MAX_LISTED),
    archived: includeArchived !== false,
  });
  return ok({ threads: found.map(listEntry) });
}

async function getThreadLinkInfo({ params, threads }: MethodCall): Promise<InternalReply> {
  const id = readThreadId(params.thread, "params.thread");
  const thread = (await threads.find([id])).get(id);
  if (thread === undefined) return notFound(id);
  return ok({ id, title: thread.title, usesThreadActors: false });
}
