/** Where finished lines go. */
export interface LineDestination {
  /**
   * Takes whole lines and answers how many of the bytes it has written, always up to the end of a line. Fewer than
   * offered means that it failed; the rest is offered again later. Never rejects.
   */
  write(lines: Buffer): Promise<number>;
  /** Lets go of what it holds open. Never rejects. */
  close(): Promise<void>;
}

export interface LineQueue {
  /** Queues one line, line break included. Never writes while the caller waits. */
  push(line: string): void;
  /** Resolves once every line queued so far is written, or an attempt to write them has failed. */
  flush(): Promise<void>;
  /** Flushes, waits at most a second for that, and closes the destination. Lines pushed afterwards are dropped. */
  close(): Promise<void>;
  /** Lines lost since the start, because writing failed or could not keep up. */
  dropped(): number;
  /** Whether lines were lost since the last write that worked. */
  losing(): boolean;
}

/** With the write itself this stays within the 100 ms that a killed process may lose. */
const FLUSH_AFTER_MS = 80;
const FLUSH_AT = 64 * 1024;
const BATCH_LIMIT = 1024 * 1024;
const QUEUE_LIMIT = 16 * 1024 * 1024;
const RETRY_AFTER_MS = 1_000;
const CLOSE_WITHIN_MS = 1_000;

/**
 * Lines on their way to a destination: collected for a moment, written one batch after the other, kept while writing
 * fails and dropped beyond 16 MB (counted in characters). `notice` makes the line that tells how many were dropped,
 * once writing works again.
 */
export function createLineQueue(
  destination: LineDestination,
  notice: (dropped: number) => string,
): LineQueue {
  /** Lines that wait, in one text: it is put together once, when it is written. */
  let text = "";
  let queued = 0;
  /** What the destination has not taken of the batch under way. */
  let batch: Buffer | null = null;
  let batchSize = 0;
  let writing: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let urgent = false;
  let failing = false;
  let closed = false;
  let dropped = 0;
  let untold = 0;

  function push(line: string): void {
    if (closed || queued + batchSize + line.length > QUEUE_LIMIT) {
      dropped++;
      untold++;
      return;
    }
    text += line;
    queued += line.length;
    if (writing !== null || failing) return;
    if (queued >= FLUSH_AT && !urgent) {
      urgent = true;
      setImmediate(start);
    } else if (timer === null) {
      timer = setTimeout(start, FLUSH_AFTER_MS);
    }
  }

  function start(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    urgent = false;
    if (writing === null && (batch !== null || queued > 0)) {
      writing = writeBatches().finally(settle);
    }
  }

  async function writeBatches(): Promise<void> {
    do {
      batch ??= nextBatch();
      const size = batch.length;
      const taken = await destination.write(batch);
      failing = taken < size;
      batch = failing ? batch.subarray(taken) : null;
      if (!failing) batchSize = 0;
    } while (!failing && queued >= FLUSH_AT);
  }

  function settle(): void {
    writing = null;
    if (failing) {
      timer = setTimeout(start, RETRY_AFTER_MS);
      timer.unref();
      return;
    }
    if (untold > 0) {
      const line = notice(untold);
      untold = 0;
      text += line;
      queued += line.length;
    }
    if (queued > 0 && !closed) timer = setTimeout(start, FLUSH_AFTER_MS);
  }

  function nextBatch(): Buffer {
    const end =
      text.length <= BATCH_LIMIT ? text.length : text.lastIndexOf("\n", BATCH_LIMIT) + 1 || text.length;
    const bytes = Buffer.from(end === text.length ? text : text.slice(0, end));
    text = end === text.length ? "" : text.slice(end);
    batchSize = end;
    queued -= end;
    return bytes;
  }

  async function flush(): Promise<void> {
    // A batch under way began before some of the lines; those need a round of their own, and so does the notice.
    for (let round = 0; round < 3; round++) {
      await writing;
      start();
      await writing;
      if (failing) return;
    }
  }

  return {
    push,
    flush,
    dropped: () => dropped,
    losing: () => untold > 0,
    async close() {
      if (closed) return;
      let limit: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, CLOSE_WITHIN_MS);
      });
      await Promise.race([flush(), late]);
      clearTimeout(limit);
      closed = true;
      if (timer !== null) clearTimeout(timer);
      dropped += lineCount(Buffer.from(text)) + lineCount(batch);
      await destination.close();
    },
  };
}

function lineCount(bytes: Buffer | null): number {
  let count = 0;
  for (const byte of bytes ?? []) if (byte === 0x0a) count++;
  return count;
}
