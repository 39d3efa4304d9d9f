import type { Logger } from "../lib/logger.ts";
import type { Conductor } from "./conductor.ts";

/** Between the ends and beginnings of rounds. */
const LEAST_PAUSE_MS = 1_000;
/** A pause is so many times as long as the round before it took: 5 % of the time is used. */
const PAUSE_FACTOR = 19;
const LONGEST_PAUSE_MS = 300_000;
/** The lead is asked for anew before it ends. */
const LEAD_MS = 3_000;

/** Round after round of a conductor, until it is stopped. A failure is logged once, and once more when it is over. */
export class Conducting {
  readonly #conductor: Conductor;
  readonly #logger: Logger;
  #stopping: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(conductor: Conductor, logger: Logger) {
    this.#conductor = conductor;
    this.#logger = logger;
  }

  start(): void {
    if (this.#stopping !== null) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#running = this.#running.then(() => this.#run(stopping.signal));
  }

  /** Resolves when the round that runs has ended. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = null;
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let pause = 0;
    let ended = performance.now();
    while (!signal.aborted) {
      // Measured by the monotonic clock: one that is set back or forth changes nothing here.
      if (performance.now() - ended >= pause) {
        const began = performance.now();
        await this.#try(() => this.#conductor.round(signal));
        ended = performance.now();
        pause = Math.min(LONGEST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, PAUSE_FACTOR * (ended - began)));
      } else {
        await this.#try(() => this.#conductor.lead());
      }
      await sleep(Math.min(LEAD_MS, Math.max(0, ended + pause - performance.now())), signal);
    }
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      if (this.#failing) this.#logger.info("The experiments are led again.");
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#logger.error("The experiments cannot be led.", { error: String(error) });
      this.#failing = true;
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const wake = () => {
    clearTimeout(timer);
    resolve();
  };
  if (signal.aborted) wake();
  signal.addEventListener("abort", wake, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", wake));
}
