/** Requests remembered for those that are made for them later. */
const MAX_REMEMBERED = 50_000;

/** What says to which run a request belongs. */
export interface RunMember {
  readonly requestId: string;
  readonly runId: string | undefined;
  readonly parentId: string | undefined;
}

/** Knows the runs of the latest requests. */
export class RunIds {
  /** By request id, of those alone whose run has another id than they themselves; oldest first. */
  readonly #runs = new Map<string, string>();

  /**
   * The run of a request: the one that it names, or its parent's where that is known, or null where its parent is not
   * known here. A request without a parent begins a run of its own id.
   */
  find({ requestId, runId, parentId }: RunMember): string | null {
    if (runId !== undefined) return runId;
    return parentId === undefined ? requestId : (this.#runs.get(parentId) ?? null);
  }

  /** Remembers a request's run for those that are made for it. */
  note(requestId: string, runId: string): void {
    if (runId === requestId) return;
    this.#runs.delete(requestId);
    this.#runs.set(requestId, runId);
    if (this.#runs.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#runs.keys()) {
      this.#runs.delete(oldest);
      return;
    }
  }
}
