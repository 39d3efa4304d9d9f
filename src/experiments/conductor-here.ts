import type { Logger } from "../lib/logger.ts";
import type { Storage } from "../storage/interface.ts";
import type { Lead } from "./analyst.ts";
import { Conducting } from "./conducting.ts";
import { Conductor } from "./conductor.ts";
import { DirectAnalyst } from "./direct-analyst.ts";

/** Leads experiments in this very thread: no other one sees a storage that is this process's memory. */
export class ConductorHere extends DirectAnalyst implements Lead {
  readonly #conducting: Conducting;

  constructor(storage: Pick<Storage, "prompts" | "experiments">, logger: Logger) {
    super(storage);
    this.#conducting = new Conducting(new Conductor(storage, logger), logger);
  }

  lead(isWanted: boolean): void {
    if (isWanted) this.#conducting.start();
    else void this.#conducting.stop();
  }

  close(): Promise<void> {
    return this.#conducting.stop();
  }
}
