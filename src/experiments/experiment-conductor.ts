import type { Logger } from "../lib/logger.ts";
import type { Storage } from "../storage/interface.ts";
import type { Analyst, Lead } from "./analyst.ts";
import { ConductorThread } from "./conductor-thread.ts";
import type { ExperimentReport } from "./report.ts";
import type { PolicyEstimate, PolicyQuestion } from "./what-if.ts";

interface Parts {
  readonly storageUrl: string;
  readonly cwd: string;
  readonly storage: Pick<Storage, "prompts" | "experiments">;
  readonly logger: Logger;
}

/**
 * The gateway's experiments: led in a thread of their own while one runs, or in this one where the storage is this
 * process's memory. Reports are made there too.
 */
export class ExperimentConductor implements Analyst {
  readonly #parts: Parts;
  readonly #isMemory: boolean;
  #leading: Promise<Lead> | null = null;
  #isWanted = false;
  #isOver = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#isMemory = parts.storageUrl.toLowerCase() === "sqlite::memory:";
  }

  /** To be told whenever it may have changed whether an experiment runs. Until one does, nothing is started. */
  follow(hasRunning: boolean): void {
    if (this.#isOver || hasRunning === this.#isWanted) return;
    this.#isWanted = hasRunning;
    if (hasRunning || this.#leading !== null) void this.#lead().then((lead) => lead.lead(this.#isWanted));
  }

  async report(id: string): Promise<ExperimentReport> {
    return await (await this.#lead()).report(id);
  }

  async evaluate(id: string, question: PolicyQuestion): Promise<readonly PolicyEstimate[]> {
    return await (await this.#lead()).evaluate(id, question);
  }

  /** Resolves when the round that runs has ended, within some seconds. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#isWanted = false;
    await (await this.#leading)?.close();
  }

  #lead(): Promise<Lead> {
    const { storageUrl, cwd, storage, logger } = this.#parts;
    this.#leading ??= this.#isMemory
      ? import("./conductor-here.ts").then(({ ConductorHere }) => new ConductorHere(storage, logger))
      : Promise.resolve(new ConductorThread({ storageUrl, cwd }, logger));
    return this.#leading;
  }
}
