import { matches } from "../../src/records/filter.ts";
import type { RecordedBodies, RequestRecord, WrittenRecord } from "../../src/records/record.ts";
import {
  CursorError,
  type RecordFilter,
  type RecordOrder,
  type RecordStore,
  type StatisticsQuery,
  type StatisticsRow,
} from "../../src/storage/interface.ts";

const ORDERS: Readonly<Record<RecordOrder, (a: RequestRecord, b: RequestRecord) => number>> = {
  newest: (a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1),
  oldest: (a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1),
  dearest: (a, b) => (b.cost?.usd ?? -1) - (a.cost?.usd ?? -1),
  slowest: (a, b) => b.durationMs - a.durationMs,
};

/** Records in memory, for tests of what reads them: simple and right, not fast. Feedback is no part of it. */
export class MemoryRecords implements RecordStore {
  readonly #kept: WrittenRecord[] = [];

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    for (const { record, bodies } of batch) {
      if (this.#kept.some((kept) => kept.record.id === record.id)) continue;
      const duplicate = this.#kept.some((kept) => kept.record.requestId === record.requestId);
      this.#kept.push({ record: { ...record, duplicate }, bodies });
    }
  }

  async list(filter: RecordFilter, page: { order: RecordOrder; limit: number; cursor?: string }) {
    const from = page.cursor === undefined ? 0 : Number(page.cursor);
    if (!Number.isInteger(from)) throw new CursorError("no cursor");
    const found = this.#found(filter).sort(ORDERS[page.order]);
    const next = from + page.limit;
    return { records: found.slice(from, next), cursor: next < found.length ? String(next) : null };
  }

  async get(id: string): Promise<RequestRecord | null> {
    const is = ({ record }: WrittenRecord) => record.id === id || record.requestId === id;
    return this.#kept.findLast(is)?.record ?? null;
  }

  async bodies(id: string): Promise<RecordedBodies | null> {
    return this.#kept.find(({ record }) => record.id === id)?.bodies ?? null;
  }

  async run(runId: string, limit: number): Promise<RequestRecord[]> {
    return this.#found({ runId }).sort(ORDERS.oldest).slice(0, limit);
  }

  async statistics({ filter, groups, limit }: StatisticsQuery): Promise<StatisticsRow[]> {
    const keyOf = (record: RequestRecord) => ({
      ...(groups.includes("model") ? { model: record.model } : {}),
      ...(groups.includes("status") ? { status: String(record.status) } : {}),
    });
    const grouped = Map.groupBy(this.#found(filter), (record) => JSON.stringify(keyOf(record)));
    return [...grouped.values()].slice(0, limit).map((records) => ({
      group: keyOf(records[0]!),
      start: null,
      requests: records.length,
      failures: records.filter(({ category }) => category !== null).length,
      inputTokens: sum(records, ({ usage }) => usage?.input),
      cachedInputTokens: sum(records, ({ usage }) => usage?.cachedInput),
      cacheWriteInputTokens: sum(records, ({ usage }) => usage?.cacheWriteInput),
      outputTokens: sum(records, ({ usage }) => usage?.output),
      reasoningTokens: sum(records, ({ usage }) => usage?.reasoning),
      costUsd: sum(records, ({ cost }) => cost?.usd),
      unpriced: records.filter(({ cost }) => cost === null).length,
      duration: { p50: 10, p90: 10, p99: 10 },
      firstToken: null,
      tokensPerSecond: null,
    }));
  }

  async runsOf(requestIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = this.#kept.filter(({ record }) => requestIds.includes(record.requestId));
    return new Map(found.map(({ record }) => [record.requestId, record.runId]));
  }

  async setCosts(): Promise<void> {
    throw new Error("Costs are not set in these tests.");
  }

  async prune(): Promise<{ records: number; bodies: number }> {
    throw new Error("Nothing is deleted in these tests.");
  }

  #found({ text, feedback: _, ...filter }: RecordFilter): RequestRecord[] {
    return this.#kept
      .filter(({ bodies }) => text === undefined || said(bodies).includes(text))
      .map(({ record }) => record)
      .filter((record) => matches(record, filter));
  }
}

function sum(records: readonly RequestRecord[], of: (record: RequestRecord) => number | undefined): number {
  return records.reduce((all, record) => all + (of(record) ?? 0), 0);
}

function said(bodies: RecordedBodies | null): string {
  return Buffer.from(bodies?.request ?? []).toString() + Buffer.from(bodies?.response ?? []).toString();
}
