/** In the single-file executable all modules but this one's are in one file, above the folders (scripts/build.ts). */
const WORKER = import.meta.url.includes("/$bunfs/")
  ? "./storage/sqlite/checkpoint-worker.ts"
  : "./checkpoint-worker.ts";

/** A page that many writes change is moved once in this time. */
const INTERVAL_MS = 1_000;
/** For the last answer of a thread that is to end. */
const CLOSING_MS = 2_000;

/** Has a database's log moved into its file by another thread, a moment after it was written. */
export class Checkpoints {
  readonly #path: string;
  readonly #onStart: () => void;
  readonly #onFailure: () => void;
  #worker: Worker | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #answered: PromiseWithResolvers<void> | null = null;
  #isWanted = false;
  #isOver = false;

  /** `onStart` is told before the first time, `onFailure` when there will be no further one. */
  constructor(path: string, on: { readonly start: () => void; readonly failure: () => void }) {
    this.#path = path;
    this.#onStart = on.start;
    this.#onFailure = on.failure;
  }

  /** Much was written. */
  want(): void {
    this.#isWanted = true;
    if (this.#isOver || this.#timer !== null || this.#answered !== null) return;
    this.#timer = setTimeout(() => this.#run(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Resolves when the other thread has closed the file. */
  async close(): Promise<void> {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#worker === null) return;
    await Promise.race([this.#askToClose(this.#worker), Bun.sleep(CLOSING_MS)]);
    this.#end();
  }

  async #askToClose(worker: Worker): Promise<void> {
    await this.#answered?.promise;
    await this.#ask(worker, null);
  }

  #run(): void {
    this.#timer = null;
    this.#isWanted = false;
    void this.#ask(this.#started(), this.#path);
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker;
    this.#onStart();
    const worker = new Worker(new URL(WORKER, import.meta.url).href, { ref: false });
    worker.onmessage = ({ data: failure }: MessageEvent<string | null>) => {
      this.#settle();
      if (failure !== null) this.#fail();
      else if (this.#isWanted) this.want();
    };
    worker.onerror = () => this.#fail();
    this.#worker = worker;
    return worker;
  }

  #ask(worker: Worker, message: string | null): Promise<void> {
    this.#answered = Promise.withResolvers();
    worker.postMessage(message);
    return this.#answered.promise;
  }

  #settle(): void {
    this.#answered?.resolve();
    this.#answered = null;
  }

  #fail(): void {
    if (this.#worker === null) return;
    this.#isOver = true;
    this.#end();
    this.#onFailure();
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#settle();
  }
}
