import { GatewayError } from "../exchange/errors.ts";
import type { StoredThread } from "../storage/thread-store.ts";
import { isObject, type JsonObject, MB, own, refuseField } from "./input.ts";

/** What clients make is `T-` and a UUID; others' ids of the same kind are let in. */
const THREAD_ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
const MAX_TITLE = 1000;
/** Facts for lists are left out beyond this size: a list holds hundreds of them. */
const MAX_LISTING = 20_000;

/** Fields of a thread that lists show as they are. */
const LISTED = [
  "env",
  "originThreadID",
  "mainThreadID",
  "relationships",
  "agentMode",
  "creatorUserID",
] as const;

export function isThreadId(value: unknown): value is string {
  return typeof value === "string" && THREAD_ID.test(value);
}

export function readThreadId(value: unknown, param: string): string {
  if (isThreadId(value)) return value;
  refuseField(param, "a thread's id, such as T-0190b4a2-6f0e-7c3b-9d0e-2f6b1c1d0a55");
}

/** A thread as a client uploads it. Throws invalid_request or body_too_large. */
export function readThread(
  value: unknown,
  limits: { keyId: string; maxThreadMb: number; now: number },
): StoredThread {
  if (!isObject(value)) refuseField("thread", "an object");
  const id = readThreadId(own(value, "id"), "thread.id");
  const version = own(value, "v");
  if (!Number.isSafeInteger(version) || (version as number) < 0) refuseField("thread.v", "a number from 0");
  const messages = own(value, "messages");
  if (!Array.isArray(messages)) refuseField("thread.messages", "an array");
  const { created, title, mainThreadID, meta } = value;
  const data = JSON.stringify(value);
  if (Buffer.byteLength(data) > limits.maxThreadMb * MB) {
    throw new GatewayError(
      "body_too_large",
      `The thread is larger than ${limits.maxThreadMb} MB (amp.max_thread_mb in the gateway's configuration).`,
    );
  }
  return {
    id,
    keyId: limits.keyId,
    version: version as number,
    title: typeof title === "string" ? title.slice(0, MAX_TITLE).toWellFormed() : null,
    messageCount: messages.length,
    mainId: isThreadId(mainThreadID) ? mainThreadID : null,
    createdAt: isMoment(created) ? created : limits.now,
    updatedAt: limits.now,
    archived: value.archived === true,
    meta: isObject(meta) ? JSON.stringify(meta) : null,
    listing: listingOf(value, messages),
    data,
  };
}

function isMoment(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 8.64e15;
}

/** What lists show beside the columns: who asked last, how often, and where. */
function listingOf(thread: JsonObject, messages: readonly unknown[]): string {
  const asked = messages.filter(
    (message) => isObject(message) && message.role === "user" && !isToolResult(message),
  );
  const sent = asked.map((message) => sentAt(message as JsonObject)).filter(isMoment);
  const facts = {
    messageCount: asked.length,
    userLastInteractedAt: sent.reduce((a, b) => Math.max(a, b), 0),
  };
  const shown = Object.fromEntries(
    LISTED.flatMap((field) => {
      const value = own(thread, field);
      return value === undefined ? [] : [[field, value]];
    }),
  );
  const whole = JSON.stringify({ ...shown, ...facts });
  return whole.length <= MAX_LISTING ? whole : JSON.stringify(facts);
}

/** A user's message that only hands back what tools gave was not written by a user. */
function isToolResult(message: JsonObject): boolean {
  const { content } = message;
  return Array.isArray(content) && content.every((block) => isObject(block) && block.type === "tool_result");
}

function sentAt(message: JsonObject): unknown {
  const { meta } = message;
  return isObject(meta) ? meta.sentAt : undefined;
}
