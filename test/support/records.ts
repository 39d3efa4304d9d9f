import { UlidMaker } from "../../src/lib/ulid.ts";
import type { RequestRecord } from "../../src/records/record.ts";

/** A record of a chat that ended well, with what is to be different. */
export function requestRecord(change: Partial<RequestRecord> = {}): RequestRecord {
  const id = change.id ?? "01JD00000000000000000000A1";
  const requestId = change.requestId ?? `req_${id}`;
  return {
    id,
    requestId,
    duplicate: false,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: null,
    startedAt: Date.UTC(2026, 10, 22, 12),
    keyId: "key_1",
    door: "/v1/chat/completions",
    method: "POST",
    path: "/v1/chat/completions",
    operation: "generate",
    clientFormat: "openai-chat",
    targetFormat: "openai-chat",
    stream: false,
    provider: "demo",
    requestedModel: "demo/echo",
    model: "echo",
    route: null,
    choice: null,
    agentId: null,
    runId: requestId,
    parentId: null,
    threadId: null,
    tags: [],
    templates: [],
    decisions: [],
    status: 200,
    error: null,
    category: null,
    cause: null,
    finish: "stop",
    attempts: [{ target: "demo/echo", startedAt: 1, endedAt: 9, status: 200, error: null, message: null }],
    losses: [],
    durationMs: 10,
    firstByteMs: 8,
    firstTokenMs: 8,
    longestGapMs: null,
    usage: { input: 10, output: 5 },
    usageSource: "provider",
    serviceTier: null,
    cost: { usd: 0.25, source: "configuration", date: null },
    requestBytes: 100,
    responseBytes: 200,
    ...change,
  };
}

/** A record of a request that is known as `label`, of up to eight letters, under an id that sorts as it began. */
export function labelledRecord(
  label: string,
  change: Partial<Omit<RequestRecord, "id">> = {},
): RequestRecord {
  const record = requestRecord({ requestId: label, ...change });
  return { ...record, id: recordId(record.startedAt, label) };
}

/** The id of a record that began then; those of one moment sort by their labels. */
export function recordId(startedAt: number, label: string): string {
  const random = Buffer.from(label).toString("hex").toUpperCase();
  return new UlidMaker().next(startedAt).slice(0, 10) + random.padEnd(16, "0").slice(0, 16);
}
