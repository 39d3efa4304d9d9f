/** Standard output for commands that may say much. */
export interface LongOutput {
  write(text: string): unknown;
  /** Resolves when all that was written has been taken; what reads it may be slow. Rejects with EPIPE when it is gone. */
  flushed(): Promise<void>;
}

/**
 * `process.stdout` calls back before a pipe has taken what was written, so that a process which ends then cuts its output
 * off; this does not.
 */
export function longOutput(): LongOutput {
  const sink = Bun.stdout.writer();
  let waiting: string[] = [];
  return {
    write: (text) => waiting.push(text),
    async flushed() {
      const text = waiting.join("");
      waiting = [];
      // It fails here or there when the reader is gone, and a failure that nobody awaits would be printed.
      await sink.write(text);
      await sink.flush();
    },
  };
}

/** Whether whoever read the output has gone, as `head` does when it has seen enough: that is no failure. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
