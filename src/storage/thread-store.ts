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
