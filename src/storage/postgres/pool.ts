import { SQL } from "bun";

/**
 * A bounded number of clients with one connection each, which they open at their first use. The driver's own pool opens
 * all connections at once, and cannot give up a single one that has gone silent.
 */
export class Pool {
  readonly #options: SQL.Options;
  readonly #size: number;
  readonly #all = new Set<SQL>();
  /** The one used last is used first, so that the others may be idle and close. */
  readonly #free: SQL[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(options: SQL.Options, size: number) {
    this.#options = options;
    this.#size = size;
  }

  /** Waits, in the order of the calls, until a client is free. */
  async take(): Promise<SQL> {
    for (;;) {
      const free = this.#free.pop();
      if (free !== undefined) return free;
      if (this.#all.size < this.#size) {
        const added = new SQL({ ...this.#options, max: 1 });
        this.#all.add(added);
        return added;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  giveBack(client: SQL): void {
    if (!this.#all.has(client)) return;
    this.#free.push(client);
    this.#waiting.shift()?.();
  }

  /** Closes a client in place of giving it back; what it still waits for fails. */
  discard(client: SQL): void {
    if (!this.#all.delete(client)) return;
    void client.close({ timeout: 0 });
    this.#waiting.shift()?.();
  }

  /** Closes all; what they still wait for fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.close({ timeout: 0 })));
  }
}
