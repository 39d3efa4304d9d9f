import type { Logger } from "../lib/logger.ts";
import type { UsedTemplate } from "../prompts/used-template.ts";
import { testTrace } from "../telemetry/test-trace.ts";
import type { RecordedDecision } from "./decision.ts";
import { DurableSink, type SinkOptions } from "./durable-sink.ts";
import { makeRecord } from "./make-record.ts";
import type { WrittenRecord } from "./record.ts";
import { STORABLE_RECORDS } from "./storable-records.ts";

/** A record for tests, with bodies of `bodyBytes` bytes each. */
export function testRecord(id: string, bodyBytes = 10): WrittenRecord {
  const record = makeRecord(testTrace({ requestId: `req-${id}` }), {
    id,
    runId: `req-${id}`,
    outcome: { facts: null, firstTokenAt: null, response: null },
    counted: { usage: { input: 1, output: 2 }, source: "provider" },
    cost: null,
  });
  const body = () => new Uint8Array(bodyBytes).fill(120);
  return { record, bodies: { request: body(), response: body(), cut: false } };
}

/** What became of a template whose text the client wrote itself, with what is to be different. */
export function usedTemplate(change: Partial<UsedTemplate> = {}): UsedTemplate {
  return {
    path: "messages[0]",
    templateId: "greeting",
    version: null,
    revision: null,
    source: "client",
    label: null,
    drift: false,
    problem: null,
    ...change,
  };
}

/** The decision for the first of two variants that are as likely as each other, with what is to be different. */
export function recordedDecision(change: Partial<RecordedDecision> = {}): RecordedDecision {
  return {
    experiment: "greeting-1",
    variant: 0,
    variantName: "plain",
    epoch: 1,
    probability: 0.5,
    unit: "run-1",
    ...change,
  };
}

/** A storage of records in memory, which can be slow, failing or silent. */
export class MemoryRecords {
  readonly kept = new Map<string, WrittenRecord>();
  readonly batches: number[] = [];
  /** Ids in the order in which they were first stored. */
  readonly order: string[] = [];
  /** What each call waits for. */
  before: () => Promise<void> = async () => {};
  /** Ids that are refused, with the whole batch. */
  readonly refused = new Set<string>();

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    await this.before();
    for (const { record } of batch) if (this.refused.has(record.id)) throw new Error(`refused ${record.id}`);
    this.batches.push(batch.length);
    for (const written of batch) {
      if (this.kept.has(written.record.id)) continue;
      this.kept.set(written.record.id, written);
      this.order.push(written.record.id);
    }
  }

  async runsOf(requestIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await this.before();
    const wanted = new Set(requestIds);
    const found = [...this.kept.values()].filter(({ record }) => wanted.has(record.requestId));
    return new Map(found.map(({ record }) => [record.requestId, record.runId]));
  }
}

/** A sink of records without bounds, but for what is to be different. */
export function recordSink(
  store: MemoryRecords,
  options: Pick<SinkOptions<WrittenRecord>, "folder" | "logger"> & Partial<SinkOptions<WrittenRecord>>,
): DurableSink<WrittenRecord> {
  const unbounded = () => Infinity;
  return new DurableSink({
    kind: STORABLE_RECORDS,
    write: (batch) => store.write(batch),
    space: unbounded,
    memory: unbounded,
    ...options,
  });
}

/** A logger whose lines are kept, as `level: message {fields}`. */
export function keepingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
