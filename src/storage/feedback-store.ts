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
