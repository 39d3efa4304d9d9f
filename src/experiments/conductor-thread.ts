import type { Logger } from "../lib/logger.ts";
import { Refusal } from "../lib/refusal.ts";
import { StorageError } from "../storage/interface.ts";
import type { Lead } from "./analyst.ts";
import type { ExperimentReport } from "./report.ts";
import type { PolicyEstimate, PolicyQuestion } from "./what-if.ts";
import type { Failure, FromWorker, ToWorker } from "./worker-messages.ts";

/** In the single-file executable all modules but this one's are in one file, above the folders (scripts/build.ts). */
const WORKER = import.meta.url.includes("/$bunfs/")
  ? "./experiments/conductor-worker.ts"
  : "./conductor-worker.ts";

/** Milliseconds without a running experiment and without a question, after which the thread ends. */
const IDLE_MS = 30_000;
/** For the last round of a thread that is to end. */
const CLOSING_MS = 5_000;
/** Until a thread that broke down is begun anew. */
const RESTART_MS = 5_000;

type Answer = ExperimentReport | readonly PolicyEstimate[];

/** Leads experiments in a thread of its own, which runs while there is something to do. */
export class ConductorThread implements Lead {
  readonly #place: { readonly storageUrl: string; readonly cwd: string };
  readonly #logger: Logger;
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>();
  #worker: Worker | null = null;
  #number = 0;
  #isWanted = false;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(place: { readonly storageUrl: string; readonly cwd: string }, logger: Logger) {
    this.#place = place;
    this.#logger = logger;
  }

  /** Whether the thread is there. */
  get runs(): boolean {
    return this.#worker !== null;
  }

  lead(isWanted: boolean): void {
    if (this.#isOver || isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    if (isWanted) this.#started();
    else this.#tell({ kind: "lead", isWanted: false });
    this.#restWhenIdle();
  }

  async report(id: string): Promise<ExperimentReport> {
    return (await this.#ask((number) => ({ kind: "report", number, id }))) as ExperimentReport;
  }

  async evaluate(id: string, question: PolicyQuestion): Promise<readonly PolicyEstimate[]> {
    return (await this.#ask((number) => ({
      kind: "evaluate",
      number,
      id,
      question,
    }))) as readonly PolicyEstimate[];
  }

  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#end(new StorageError("The gateway is stopping."));
  }

  async #ask(question: (number: number) => ToWorker): Promise<Answer> {
    if (this.#isOver) throw new StorageError("The gateway is stopping.");
    const asked = Promise.withResolvers<Answer>();
    this.#number += 1;
    this.#asked.set(this.#number, asked);
    this.#started();
    this.#tell(question(this.#number));
    return await asked.promise;
  }

  /** Leads from the first on if it is wanted. */
  #started(): void {
    clearTimeout(this.#timer);
    if (this.#worker !== null) {
      if (this.#isWanted) this.#tell({ kind: "lead", isWanted: true });
      return;
    }
    const worker = new Worker(new URL(WORKER, import.meta.url).href, { ref: false });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#take(data);
    worker.onerror = ({ message }) => this.#broke(worker, message);
    this.#tell({ kind: "open", ...this.#place });
    if (this.#isWanted) this.#tell({ kind: "lead", isWanted: true });
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #take(message: FromWorker): void {
    if (message.kind === "log") this.#logger[message.level](message.message, message.fields);
    if (message.kind !== "answer" && message.kind !== "failure") return;
    const asked = this.#asked.get(message.number);
    this.#asked.delete(message.number);
    if (message.kind === "answer") asked?.resolve(message.answer);
    else asked?.reject(errorOf(message.failure));
    this.#restWhenIdle();
  }

  #restWhenIdle(): void {
    clearTimeout(this.#timer);
    if (this.#isWanted || this.#asked.size > 0 || this.#worker === null) return;
    this.#timer = setTimeout(() => void this.#end(new StorageError("The thread ended.")), IDLE_MS);
    this.#timer.unref();
  }

  #broke(worker: Worker, message: string): void {
    if (this.#worker !== worker) return;
    this.#logger.error("The thread that leads experiments broke down; it is begun anew", { error: message });
    this.#worker = null;
    worker.terminate();
    this.#refuseAll(new Error(`The thread that reads experiments broke down: ${message}`));
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      if (this.#isWanted && !this.#isOver) this.#started();
    }, RESTART_MS);
    this.#timer.unref();
  }

  /** Resolves when the other thread has closed the storage, or does not answer. */
  async #end(why: Error): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#refuseAll(why);
    if (worker === null) return;
    const closed = Promise.withResolvers<void>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "closed") closed.resolve();
      else this.#take(data);
    };
    worker.onerror = () => closed.resolve();
    worker.postMessage({ kind: "close" } satisfies ToWorker);
    const late = setTimeout(closed.resolve, CLOSING_MS);
    await closed.promise;
    clearTimeout(late);
    worker.terminate();
  }

  #refuseAll(why: Error): void {
    for (const { reject } of this.#asked.values()) reject(why);
    this.#asked.clear();
  }
}

function errorOf({ refusal, name, message }: Failure): Error {
  if (refusal !== null) return new Refusal(refusal, message);
  return name === "StorageError" ? new StorageError(message) : new Error(message);
}
