import type { Cost, RecordedBodies, RequestRecord, WrittenRecord } from "../records/record.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import type { PromptStore } from "./prompt-store.ts";
import type { RouteStore } from "./route-store.ts";

/** What a key may do beside calling models: `admin` is the management API. */
export const KEY_SCOPES = ["admin"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A gateway key as it is kept: never the key itself. */
export interface StoredKey {
  /** Stable id, shown by `amsterdam keys list` and in records. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
  /** The key's first characters, to recognise it by. */
  readonly prefix: string;
  readonly scopes: readonly KeyScope[];
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface KeyStore {
  /** Every key, revoked and expired ones too, oldest first. */
  list(): Promise<StoredKey[]>;
  /** Refused with a StorageError when the id or the hash is already kept. */
  create(key: StoredKey): Promise<void>;
  /**
   * Creates the key unless a key usable at `key.createdAt` is kept, in one step, so that of several gateways
   * started at once on an empty database only one makes the first key. False when there was one.
   */
  createIfNoneUsable(key: StoredKey): Promise<boolean>;
  /** Marks the key as revoked at `at` (Unix milliseconds). False when no unrevoked key has this id. */
  revoke(id: string, at: number): Promise<boolean>;
}

/** What feedback is about. */
export const FEEDBACK_TARGETS = ["request", "run", "thread"] as const;
export type FeedbackTarget = (typeof FEEDBACK_TARGETS)[number];

/** A judgement on a request, a run or a thread; `{correction}` holds the answer that would have been right. */
export interface Feedback {
  /** Chosen by the client to make repeats harmless, otherwise made. Unique among the feedback of one key. */
  readonly id: string;
  readonly target: FeedbackTarget;
  /** The request's, run's or thread's id. It need not be recorded yet. */
  readonly targetId: string;
  readonly name: string;
  readonly value: boolean | number | string | { readonly correction: string };
  readonly comment: string | null;
  /** Who or what judged, in the client's words. */
  readonly source: string | null;
  /** The gateway key it was sent with. */
  readonly keyId: string | null;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

export interface FeedbackStore {
  /** Stores all or none. An item whose key and id are kept already is counted as repeated and changes nothing. */
  add(items: readonly Feedback[]): Promise<{ stored: number; repeated: number }>;
  /** The newest 1,000 about one target, oldest first. */
  forTarget(target: FeedbackTarget, targetId: string): Promise<Feedback[]>;
  /** The newest `limit` about any of these targets, oldest first. */
  forTargets(target: FeedbackTarget, targetIds: readonly string[], limit: number): Promise<Feedback[]>;
  /** What came last first. Rejects with a CursorError where the cursor is none that it gave. */
  list(
    filter: FeedbackFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<FeedbackPage>;
}

/** Which feedback is meant. What is absent does not narrow. */
export interface FeedbackFilter {
  readonly target?: FeedbackTarget;
  readonly targetId?: string;
  readonly name?: string;
  /** Unix milliseconds at which it was received: from `since` on, before `until`. */
  readonly since?: number;
  readonly until?: number;
}

export interface FeedbackPage {
  readonly feedback: readonly Feedback[];
  /** Where the next page begins; null on the last one. */
  readonly cursor: string | null;
}

/** What is known of an Amp client's thread beside what was said in it. */
export interface ThreadSummary {
  /** The client's own id of it, `T-` and a UUID. Unique among the threads of one key. */
  readonly id: string;
  /** The gateway key that it belongs to. */
  readonly keyId: string;
  /** The client's count of its changes. */
  readonly version: number;
  readonly title: string | null;
  /** Messages of users and models alike. */
  readonly messageCount: number;
  /** The thread that this one works for, where it is a subagent's. */
  readonly mainId: string | null;
  /** Unix milliseconds: when it was begun, by the client's clock, and last stored, by ours. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly archived: boolean;
  /** Who may see it and the like, as clients set it: JSON text of an object. */
  readonly meta: string | null;
  /** Further facts that clients show in lists: JSON text of an object. */
  readonly listing: string;
}

/** A thread with everything that was said in it. */
export interface StoredThread extends ThreadSummary {
  /** The thread as its client wrote it: JSON text of an object. */
  readonly data: string;
}

/** Whose threads a call may reach: those of one key, or of all. */
export type ThreadScope = { readonly keyId: string } | "all";

export interface ThreadStore {
  /** The thread, of several keys' the one stored last. Null when there is none in this scope. */
  get(id: string, scope: ThreadScope): Promise<StoredThread | null>;
  /** What is known of each of these, as `get` would choose; those that do not exist are left out. */
  find(ids: readonly string[], scope: ThreadScope): Promise<ThreadSummary[]>;
  /**
   * Adds a thread, or puts it in the place of the one that `get` would give. That one's key, `meta` and `archived`
   * stay. Null once it is kept; otherwise the higher version that is kept and stays.
   */
  put(thread: StoredThread, scope: ThreadScope): Promise<number | null>;
  /** Changes what clients set apart from the thread itself. False when there is none. */
  amend(
    id: string,
    scope: ThreadScope,
    change: { readonly meta?: string; readonly archived?: boolean; readonly updatedAt: number },
  ): Promise<boolean>;
  /** Deletes every thread in scope that has this id, and those that work for it. Returns how many there were. */
  delete(id: string, scope: ThreadScope): Promise<number>;
  /** The threads stored last, newest first; with `prefix` those alone whose id begins with it. */
  list(scope: ThreadScope, options: ThreadListOptions): Promise<ThreadSummary[]>;
}

export interface ThreadListOptions {
  readonly limit: number;
  readonly prefix?: string;
  /** False leaves archived ones out. */
  readonly archived?: boolean;
}

export type ClientReportKind = "telemetry" | "error";

/** What a client tells of itself. */
export interface ClientReport {
  readonly kind: ClientReportKind;
  readonly keyId: string;
  /** JSON text of an object, as the client wrote it. */
  readonly body: string;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

export interface ClientReportStore {
  /** Stores all or none. */
  add(reports: readonly ClientReport[]): Promise<void>;
  /** The newest of a kind, newest first. */
  newest(kind: ClientReportKind, limit: number): Promise<ClientReport[]>;
  /**
   * Deletes the oldest, at most `limit`: those received before a moment, and as many as it takes until the bodies
   * together are no more than `maxCharacters`. Returns how many were deleted; fewer than `limit` says that it is done.
   */
  prune(bounds: {
    readonly before: number;
    readonly maxCharacters: number;
    readonly limit: number;
  }): Promise<number>;
}

/** What says which response is meant: ids are unique among the responses of one key. */
export interface ResponseKey {
  readonly id: string;
  /** The gateway key that it belongs to. */
  readonly keyId: string;
}

/** One response of the Responses API, for a later turn or question about it. */
export interface StoredResponse extends ResponseKey {
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** From this moment on it is as good as deleted. */
  readonly expiresAt: number;
  /** `queued` and `in_progress` while it is being made, otherwise how it ended. */
  readonly status: string;
  /** Whether it is made without a client that waits for it. */
  readonly background: boolean;
  /** The response that it continues. */
  readonly previousId: string | null;
  /** What served it; null while nothing has. */
  readonly provider: string | null;
  readonly model: string | null;
  /** JSON text of the response object. Null where the provider keeps it and only its id is known here. */
  readonly response: string | null;
  /** JSON text: array of the input items of this turn, each with an id. */
  readonly input: string;
  /** Ids of the items of input and output, by which a later request may refer to them. */
  readonly itemIds: readonly string[];
  /**
   * Until when the process that makes it answers for it, Unix milliseconds; it is moved on as long as that process
   * lives. Null when the response has ended.
   */
  readonly leaseUntil: number | null;
}

export interface ResponseStore {
  /** Null when this key has none of this id. Expired ones are told too; they are for the caller to judge. */
  get(key: ResponseKey): Promise<StoredResponse | null>;
  /**
   * The response and those that it continues, newest first, at most `limit`. It ends before the first that is not
   * kept; empty when the response itself is not.
   */
  chain(key: ResponseKey, limit: number): Promise<StoredResponse[]>;
  /** The responses of this key that have items of these ids, in no order, at most 100. */
  withItems(keyId: string, itemIds: readonly string[]): Promise<StoredResponse[]>;
  /** Stores all or none. One that is kept already is replaced unless it has ended: how a response ended is final. */
  put(responses: readonly StoredResponse[]): Promise<void>;
  /** False when there was none. */
  delete(key: ResponseKey): Promise<boolean>;
  /** Moves leases on. Returns those that were still being made; the others have ended or are deleted. */
  renew(keys: readonly ResponseKey[], leaseUntil: number): Promise<ResponseKey[]>;
  /** Those still being made whose lease ended before `now`, at most `limit`: their process is gone. */
  abandoned(now: number, limit: number): Promise<StoredResponse[]>;
  /** Deletes those that expired before `now`, at most `limit`. Returns how many; fewer than `limit` says it is done. */
  expire(now: number, limit: number): Promise<number>;
}

export type StorageKind = "sqlite" | "postgres";

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

/** What the rest of the gateway sees of a database. No call to a provider waits for it. */
export interface Storage {
  readonly kind: StorageKind;

  readonly records: RecordStore;
  readonly keys: KeyStore;
  readonly feedback: FeedbackStore;
  readonly threads: ThreadStore;
  readonly clientReports: ClientReportStore;
  readonly responses: ResponseStore;
  readonly prompts: PromptStore;
  readonly experiments: ExperimentStore;
  readonly routes: RouteStore;
  /**
   * Changes whenever any process has changed what gateways hold in memory: keys, prompts, experiments, routes. Other writes leave it.
   * Cheap enough to ask several times a second.
   */
  revision(): Promise<number>;
  /** Null when it can be written and read, otherwise the cause. */
  check(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * A database that cannot be opened or used. The message is for the operator: it names the place, the cause and what
 * to do, and holds no password.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** Whether what it was given is at fault and not the database: another try would end the same. */
  readonly refusesData: boolean;

  constructor(message: string, { refusesData = false, ...options }: StorageErrorOptions = {}) {
    super(message, options);
    this.refusesData = refusesData;
  }
}

interface StorageErrorOptions extends ErrorOptions {
  readonly refusesData?: boolean;
}

/** A page was asked for that begins nowhere: the cursor is not one that was given. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}
