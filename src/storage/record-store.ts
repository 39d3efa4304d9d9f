import type { Cost, RecordedBodies, RequestRecord, WrittenRecord } from "../records/record.ts";

/** Which records are meant. What is absent does not narrow. */
export interface RecordFilter {
  /** Unix milliseconds: from `since` on, before `until`. */
  readonly since?: number;
  readonly until?: number;
  readonly keyId?: string;
  readonly door?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly route?: string;
  readonly operation?: string;
  /** A status, or a hundred of them as `4xx`. */
  readonly status?: number | "2xx" | "4xx" | "5xx";
  /** An error's category; `none` for requests that ended well. */
  readonly category?: string;
  readonly error?: string;
  readonly agentId?: string;
  readonly runId?: string;
  readonly threadId?: string;
  readonly requestId?: string;
  readonly parentId?: string;
  readonly tag?: string;
  readonly templateId?: string;
  /** A version that went out, as `name-vVERSION`, whichever was named. */
  readonly version?: string;
  /** A variant that was decided, as `experiment/variant`. */
  readonly variant?: string;
  readonly minCost?: number;
  readonly maxCost?: number;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  /**
   * Requests that have feedback of this name, or with `name=value` of this value too, as people write it (`true`, `4`,
   * `too long`): on themselves, or on their run or thread since they began.
   */
  readonly feedback?: string;
  /** Words that stand in the bodies, all of them. */
  readonly text?: string;
}

export const RECORD_ORDERS = ["newest", "oldest", "dearest", "slowest"] as const;
export type RecordOrder = (typeof RECORD_ORDERS)[number];

export interface RecordPage {
  /**
   * At most as many as were asked for. Fewer, even none, may stand before others: bodies are searched for a bounded time,
   * after which the cursor says where to go on.
   */
  readonly records: readonly RequestRecord[];
  /** Where the next page begins; null on the last one. Records that are added meanwhile do not move it. */
  readonly cursor: string | null;
}

/** What gathers requests under an id of the client's. */
export type GatheredBy = "run" | "thread";

/** Sums over all requests of a run or a thread. */
export interface Gathered {
  readonly id: string;
  readonly requests: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  /** Requests whose cost is not known. */
  readonly unpriced: number;
  /** Milliseconds that requests took, all added up. */
  readonly requestMs: number;
  /** Unix milliseconds: the first beginning, the last beginning, and the last end. */
  readonly startedAt: number;
  readonly lastStartedAt: number;
  readonly endedAt: number;
}

export interface GatheredPage {
  readonly found: readonly Gathered[];
  /** Where the next page begins; null on the last one. */
  readonly cursor: string | null;
}

/** By what statistics are grouped. */
export const STATISTICS_GROUPS = [
  "model",
  "provider",
  "key",
  "door",
  "route",
  "agent",
  "operation",
  "status",
  "category",
  "finish",
  "run",
  "thread",
  "template",
  "version",
  "variant",
  "tag",
] as const;
export type StatisticsGroup = (typeof STATISTICS_GROUPS)[number];

/** What the groups that are told have most of. */
export const STATISTICS_ORDERS = ["requests", "failures", "tokens", "cost"] as const;
export type StatisticsOrder = (typeof STATISTICS_ORDERS)[number];

export interface StatisticsQuery {
  readonly filter: RecordFilter & { readonly since: number; readonly until: number };
  /** None: one row for all. */
  readonly groups: readonly StatisticsGroup[];
  /**
   * Length of each interval of a series, in milliseconds, counted from `since`; absent for one row a group over the whole
   * time. Intervals without requests are left out. Whole hours in UTC are answered from sums that are kept, also of
   * records that are deleted by now; anything finer, and what no sums are kept of (run, thread, template, version, variant, tag, text,
   * feedback, cost, duration), from the records.
   */
  readonly interval?: number;
  /**
   * What the groups that are told have most of, and are ordered by: requests where it is absent; `tokens` are those of
   * input and output together.
   */
  readonly order?: StatisticsOrder;
  /** Most groups that are told; the rest is left out. */
  readonly limit: number;
}

/**
 * Sums over requests, failures those with an error's category. Percentiles are of those requests that have the figure, at
 * most 5 % off; null where none has. By tag, template, version and variant a request counts for each that it has.
 */
export interface StatisticsRow {
  readonly group: Readonly<Partial<Record<StatisticsGroup, string | null>>>;
  /** Unix milliseconds at which the interval begins; null without intervals. */
  readonly start: number | null;
  readonly requests: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly costUsd: number;
  /** Requests whose cost is not known. */
  readonly unpriced: number;
  /** Milliseconds: p50, p90, p99. */
  readonly duration: Percentiles | null;
  readonly firstToken: Percentiles | null;
  /** Output tokens a second of streaming, the median. */
  readonly tokensPerSecond: number | null;
}

/**
 * What feedback of one name says of the requests in a group. That on a run or a thread counts for each of its requests
 * which had begun by then; in one row every piece of feedback counts once.
 */
export interface FeedbackRow {
  readonly group: StatisticsRow["group"];
  /** Unix milliseconds at which the interval begins, in which the requests did; null without intervals. */
  readonly start: number | null;
  readonly name: string;
  readonly count: number;
  /** Values that are true, and false. */
  readonly positive: number;
  readonly negative: number;
  /** Values that are numbers, and their mean; null where there is none. */
  readonly numbers: number;
  readonly mean: number | null;
  /** Values that are corrections. */
  readonly corrections: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Records of requests. */
export interface RecordStore {
  /**
   * Stores all or none. A record whose `id` is kept already is left as it is, so that a batch may be written again after
   * a crash; one whose `requestId` is kept already is stored as a duplicate.
   */
  write(batch: readonly WrittenRecord[]): Promise<void>;
  /**
   * Rejects with a CursorError where the cursor is none that it gave for this order. Requests of unknown cost are the
   * cheapest.
   */
  list(
    filter: RecordFilter,
    page: { readonly order: RecordOrder; readonly limit: number; readonly cursor?: string },
  ): Promise<RecordPage>;
  /** By the record's id, or by the request's (of several the newest). Null when there is none. */
  get(id: string): Promise<RequestRecord | null>;
  /** Of a record's id. Null where none were kept. */
  bodies(id: string): Promise<RecordedBodies | null>;
  /** The records of a run, oldest first, at most `limit`. */
  run(runId: string, limit: number): Promise<RequestRecord[]>;
  /**
   * Runs or threads that have requests which the filter means, those first whose newest such request began last. Sums
   * are over all their requests. A request of no run is a run of its own. Rejects with a CursorError.
   */
  gathered(
    by: GatheredBy,
    filter: Omit<RecordFilter, "text">,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<GatheredPage>;
  statistics(query: StatisticsQuery): Promise<StatisticsRow[]>;
  /**
   * Feedback on the requests that the filter means, of every name; `order` is passed over: the groups that are told are
   * those with the most feedback.
   */
  feedbackStatistics(query: StatisticsQuery): Promise<FeedbackRow[]>;
  /** The `runId`s of these requests, of several with one id the newest's, for those that are recorded. */
  runsOf(requestIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Puts other costs in the place of those that are kept, by record id. */
  setCosts(costs: ReadonlyMap<string, Cost | null>): Promise<void>;
  /**
   * Deletes at most `limit` records that began before `before`, and the bodies of at most `limit` records that began
   * before `bodiesBefore` or as many of the oldest as it takes until bodies have no more than `maxBodyBytes` (as they are
   * stored). Fewer deleted than `limit` says that it is done. There may be more where some are kept together and all are
   * old enough: bodies of one batch, and in PostgreSQL what began on one day.
   */
  prune(bounds: {
    readonly before: number;
    readonly bodiesBefore: number;
    readonly maxBodyBytes: number;
    readonly limit: number;
  }): Promise<{ readonly records: number; readonly bodies: number }>;
}
