import type { RequestRecord } from "../records/record.ts";
import type { RecordFilter, RecordPage, RecordStore } from "../storage/record-store.ts";
import { type RequestJson, requestJson } from "./request-shape.ts";

export const EXPORT_FORMATS = ["jsonl", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Records of one step: enough to be quick, few enough that no table is ever in memory. */
const PAGE = 500;

/** The pages of an export, oldest first. */
export async function* exportPages(
  list: (page: { order: "oldest"; limit: number; cursor?: string }) => Promise<RecordPage>,
): AsyncGenerator<readonly RequestRecord[]> {
  let cursor: string | null | undefined;
  do {
    const page = await list({ order: "oldest", limit: PAGE, ...(cursor == null ? {} : { cursor }) });
    yield page.records;
    cursor = page.cursor;
  } while (cursor !== null);
}

/** As `exportPages`, straight from a store. */
export function exportFrom(
  records: RecordStore,
  filter: RecordFilter,
): AsyncGenerator<readonly RequestRecord[]> {
  return exportPages((page) => records.list(filter, page));
}

/** What stands before the first record. */
export function exportHead(format: ExportFormat): string {
  return format === "csv" ? `${COLUMNS.map(([name]) => name).join(",")}\r\n` : "";
}

/** Records as lines, each with its end. */
export function exportLines(records: readonly RequestRecord[], format: ExportFormat): string {
  const line = format === "csv" ? csvLine : jsonLine;
  return records.map((record) => line(requestJson(record))).join("");
}

function jsonLine(request: RequestJson): string {
  return `${JSON.stringify(request)}\n`;
}

type Cell = string | number | boolean | null | undefined;

/** What of a request a table has room for. Lists are joined with spaces. */
const COLUMNS: readonly (readonly [string, (request: RequestJson) => Cell])[] = [
  ["id", (request) => request.id],
  ["request_id", (request) => request.request_id],
  ["duplicate", (request) => request.duplicate],
  ["started_at", (request) => request.started_at],
  ["key_id", (request) => request.key_id],
  ["door", (request) => request.door],
  ["operation", (request) => request.operation],
  ["stream", (request) => request.stream],
  ["provider", (request) => request.provider],
  ["requested_model", (request) => request.requested_model],
  ["model", (request) => request.model],
  ["route", (request) => request.route],
  ["agent_id", (request) => request.agent_id],
  ["run_id", (request) => request.run_id],
  ["parent_id", (request) => request.parent_id],
  ["thread_id", (request) => request.thread_id],
  ["tags", (request) => request.tags.join(" ")],
  ["status", (request) => request.status],
  ["error", (request) => request.error],
  ["category", (request) => request.category],
  ["finish", (request) => request.finish],
  ["attempts", (request) => request.attempts.length],
  ["duration_ms", (request) => request.duration_ms],
  ["first_byte_ms", (request) => request.first_byte_ms],
  ["first_token_ms", (request) => request.first_token_ms],
  ["input_tokens", (request) => request.usage?.input_tokens],
  ["cached_input_tokens", (request) => request.usage?.cached_input_tokens],
  ["cache_write_input_tokens", (request) => request.usage?.cache_write_input_tokens],
  ["output_tokens", (request) => request.usage?.output_tokens],
  ["reasoning_tokens", (request) => request.usage?.reasoning_tokens],
  ["usage_source", (request) => request.usage_source],
  ["service_tier", (request) => request.service_tier],
  ["cost_usd", (request) => request.cost?.usd],
  ["cost_source", (request) => request.cost?.source],
  ["request_bytes", (request) => request.request_bytes],
  ["response_bytes", (request) => request.response_bytes],
  ["trace_id", (request) => request.trace_id],
  ["templates", (request) => request.templates.flatMap(({ template_id }) => template_id ?? []).join(" ")],
  [
    "variants",
    (request) => request.decisions.map(({ experiment, variant }) => `${experiment}/${variant}`).join(" "),
  ],
];

function csvLine(request: RequestJson): string {
  return `${COLUMNS.map(([, cell]) => csvCell(cell(request))).join(",")}\r\n`;
}

/**
 * RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it: clients choose ids and tags,
 * and whoever opens the table must not run what they wrote.
 */
function csvCell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
