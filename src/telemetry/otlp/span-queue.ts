import type { RecordedBodies, RequestRecord } from "../../records/record.ts";

/** A finished request that waits to be exported, with what was said in it where that is exported too. */
export interface Waiting {
  readonly record: RequestRecord;
  readonly bodies: RecordedBodies | null;
}

/** Bodies that wait may hold so much memory; further requests are exported without theirs. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** One export holds so many requests, and bodies of so many bytes. */
export const BATCH = 512;
const BATCH_BODY_BYTES = 2 * 1024 * 1024;

/** Finished requests in the order in which they ended, up to a limit. */
export class SpanQueue {
  #waiting: Waiting[] = [];
  #bodyBytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** False where there is no room. */
  add(waiting: Waiting, limit: number): boolean {
    if (this.#waiting.length >= limit) return false;
    const bytes = bytesOf(waiting);
    if (bytes > 0 && this.#bodyBytes + bytes > MAX_BODY_BYTES) {
      this.#waiting.push({ record: waiting.record, bodies: null });
    } else {
      this.#bodyBytes += bytes;
      this.#waiting.push(waiting);
    }
    return true;
  }

  /** Those that make up the next export. */
  take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (count === BATCH || (count > 0 && bytes > BATCH_BODY_BYTES)) break;
      bytes += bytesOf(waiting);
      count++;
    }
    const batch = this.#waiting.splice(0, count);
    this.#bodyBytes -= bytes;
    return batch;
  }
}

function bytesOf({ bodies }: Waiting): number {
  return (bodies?.request?.length ?? 0) + (bodies?.response?.length ?? 0);
}
