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
