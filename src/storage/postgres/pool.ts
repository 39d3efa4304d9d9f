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
  readonly #waiting: ((client: SQL | Promise<SQL>) => void)[] = [];

  constructor(options: SQL.Options, size: number) {
    this.#options = options;
    this.#size = size;
  }

  /** Waits, in the order of the calls, until a client is free. */
  async take(): Promise<SQL> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#all.size < this.#size) return this.#add();
    const { promise, resolve } = Promise.withResolvers<SQL>();
    this.#waiting.push(resolve);
    return promise;
  }

  giveBack(client: SQL): void {
    if (!this.#all.has(client)) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(client);
    else next(client);
  }

  /** Closes a client in place of giving it back; what it still waits for fails. */
  discard(client: SQL): void {
    if (!this.#all.delete(client)) return;
    void client.close({ timeout: 0 });
    this.#waiting.shift()?.(Promise.try(() => this.#add()));
  }

  /** Closes all; what they still wait for fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.close({ timeout: 0 })));
  }

  /** Throws where a file that the options name cannot be read. */
  #add(): SQL {
    const added = new SQL({ ...this.#options, max: 1 });
    this.#all.add(added);
    return added;
  }
}
