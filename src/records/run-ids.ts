/** Requests remembered for those that are made for them later: between so many and twice as many. */
const REMEMBERED = 10_000;

/** What says to which run a request belongs. */
export interface RunMember {
  readonly requestId: string;
  readonly runId: string | undefined;
  readonly parentId: string | undefined;
}

/** Knows the runs of the latest requests. */
export class RunIds {
  /**
   * By request id, of those alone whose run has another id than they themselves. Two generations, of which the older is
   * dropped as a whole: taking out the oldest of one map costs more than everything else that a record takes.
   */
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /**
   * The run of a request: the one that it names, or its parent's where that is known, or null where its parent is not
   * known here. A request without a parent begins a run of its own id.
   */
  find({ requestId, runId, parentId }: RunMember): string | null {
    if (runId !== undefined) return runId;
    if (parentId === undefined) return requestId;
    return this.#young.get(parentId) ?? this.#old.get(parentId) ?? null;
  }

  /** Remembers a request's run for those that are made for it. */
  note(requestId: string, runId: string): void {
    if (runId === requestId) return;
    if (this.#young.size >= REMEMBERED) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(requestId, runId);
  }
}
