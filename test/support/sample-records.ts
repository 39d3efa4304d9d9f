import { RecordMaker, seeded } from "../../bench/record-data.ts";
import { UlidMaker } from "../../src/lib/ulid.ts";
import type { RequestRecord, WrittenRecord } from "../../src/records/record.ts";

const ulids = new UlidMaker();
const made = new RecordMaker(7);

/** A record of a request that ended well and belongs to no run, other than `change` says. */
export function sampleRecord(
  change: Partial<RequestRecord> & Pick<RequestRecord, "startedAt">,
): RequestRecord {
  const id = ulids.next(change.startedAt);
  const requestId = change.requestId ?? `req_${id}`;
  const { record } = made.make(change.startedAt);
  return {
    ...record,
    id,
    requestId,
    runId: requestId,
    threadId: null,
    agentId: null,
    tags: [],
    templates: [],
    status: 200,
    error: null,
    category: null,
    cause: null,
    usage: { input: 100, output: 20 },
    usageSource: "provider",
    cost: { usd: 0.001, source: "configuration", date: null },
    ...change,
  };
}

interface Sample {
  readonly seed: number;
  /** Unix milliseconds at which the first began, and how much later each next one did. */
  readonly start: number;
  readonly step: number;
}

/** Records of all kinds, in the order in which they began; of one seed always the same but for their ids. */
export function sampleRecords(count: number, { seed, start, step }: Sample): WrittenRecord[] {
  const maker = new RecordMaker(seed);
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const { record, bodies } = maker.make(start + index * step);
    // Some of the same cost and length, and some children.
    const alike = random() < 0.2 ? { durationMs: 1000, cost: null } : {};
    const parentId = random() < 0.2 ? `parent-${Math.floor(random() * 3)}` : null;
    return { record: { ...record, ...alike, parentId }, bodies };
  });
}
