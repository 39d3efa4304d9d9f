import type { StoredThread, ThreadSummary } from "../storage/thread-store.ts";
import { printableText, renderDate, table } from "./table.ts";

/** A thread with the name of its key. */
export type ThreadView = ThreadSummary & { readonly keyName: string };

const MAX_TITLE = 60;
const MAX_RESULT = 2000;

/** Threads as a table for people, or as JSON: an array of objects with ISO timestamps. */
export function listThreads(
  threads: readonly ThreadView[],
  options: { json: boolean; storageUrl: string; limit: number },
): string {
  if (options.json) return `${JSON.stringify(threads.map(summaryJson), null, 2)}\n`;
  if (threads.length === 0) return `There is no thread in ${options.storageUrl}.\n`;
  const text = table([
    ["ID", "TITLE", "MESSAGES", "UPDATED", "KEY"],
    ...threads.map((thread) => [
      thread.id,
      titleOf(thread),
      String(thread.messageCount),
      renderDate(thread.updatedAt),
      thread.keyName,
    ]),
  ]);
  return threads.length < options.limit ? text : `${text}There may be more: --limit <number> lists them.\n`;
}

/** A whole thread as its client wrote it, indented. */
export function threadAsJson(thread: StoredThread): string {
  const { data, keyId, archived, meta } = thread;
  return `${JSON.stringify({ ...JSON.parse(data), archived, meta: meta && JSON.parse(meta), key_id: keyId }, null, 2)}\n`;
}

/** A thread for people to read: what was said, by whom, and which tools ran. */
export function showThread(view: ThreadView, data: string): string {
  const head = [
    `${titleOf(view, Infinity)}\n`,
    `  ${view.id}, version ${view.version}${view.archived ? ", archived" : ""}`,
    `  key ${view.keyName}, begun ${renderDate(view.createdAt)}, stored ${renderDate(view.updatedAt)}`,
  ];
  const { messages } = JSON.parse(data) as { messages: unknown[] };
  return `${[...head, "", ...messages.flatMap(messageLines)].join("\n").trimEnd()}\n`;
}

function summaryJson(thread: ThreadView): Record<string, unknown> {
  const iso = (time: number) => new Date(time).toISOString();
  return {
    id: thread.id,
    title: thread.title,
    messages: thread.messageCount,
    version: thread.version,
    archived: thread.archived,
    main_id: thread.mainId,
    key_id: thread.keyId,
    key_name: thread.keyName,
    created_at: iso(thread.createdAt),
    updated_at: iso(thread.updatedAt),
  };
}

function titleOf({ title, archived }: ThreadView, longest = MAX_TITLE): string {
  const text = printableText(title ?? "").replaceAll("\n", " ");
  const cut = text.length > longest ? `${text.slice(0, longest - 1).toWellFormed()}…` : text;
  return (cut === "" ? "(untitled)" : cut) + (archived && longest === MAX_TITLE ? " (archived)" : "");
}

function messageLines(message: unknown): string[] {
  const { role, content } = fieldsOf(message);
  const blocks = Array.isArray(content) ? content : [{ type: "text", text: content ?? "" }];
  const lines = blocks.flatMap((block) => blockText(fieldsOf(block)).split("\n"));
  return [`${printableText(String(role ?? "message"))}:`, ...lines.map((line) => `  ${line}`), ""];
}

function blockText(block: Record<string, unknown>): string {
  switch (block.type) {
    case "text":
      return printableText(String(block.text ?? ""));
    case "thinking":
      return `(thinks) ${printableText(String(block.thinking ?? ""))}`;
    case "tool_use":
      return printableText(`(calls ${String(block.name)}) ${JSON.stringify(block.input)}`);
    case "tool_result":
      return printableText(
        `(result) ${JSON.stringify(block.run ?? block.content ?? null).slice(0, MAX_RESULT)}`,
      );
    default:
      return `(${printableText(String(block.type ?? "unknown"))})`;
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
