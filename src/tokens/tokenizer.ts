/** In the single-file executable all modules but this one's are in one file, above the folders (scripts/build.ts). */
const WORKER = import.meta.url.includes("/$bunfs/")
  ? "./tokens/tokenizer-worker.ts"
  : "./tokenizer-worker.ts";

type Waiting = PromiseWithResolvers<number>;

/**
 * The tokenizer in a thread of its own, started when it is first needed: loading it takes most of a second and 100 MB,
 * and counting a long prompt many milliseconds, during which no request would be served.
 */
class Tokenizer {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** `onGone` is told when it has ended; what was asked of it is rejected. */
  constructor(onGone: () => void) {
    this.#worker = new Worker(new URL(WORKER, import.meta.url).href, { ref: false });
    this.#worker.onmessage = ({ data: [id, tokens] }: MessageEvent<[number, number]>) => {
      this.#waiting.get(id)?.resolve(tokens);
      this.#settled(id);
    };
    this.#worker.onerror = ({ message }) => {
      onGone();
      for (const { reject } of this.#waiting.values()) reject(new Error(`the tokenizer failed: ${message}`));
      this.#waiting.clear();
      this.#worker.terminate();
    };
  }

  count(texts: readonly string[]): Promise<number> {
    const id = this.#asked++;
    const answer = Promise.withResolvers<number>();
    // The process may not end while somebody waits for an answer.
    if (this.#waiting.size === 0) this.#worker.ref();
    this.#waiting.set(id, answer);
    this.#worker.postMessage([id, texts]);
    return answer.promise;
  }

  #settled(id: number): void {
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
  }
}

let running: Tokenizer | null = null;

/** How many tokens some texts have together. Rejects when the tokenizer cannot be run. */
export async function countTokens(texts: readonly string[]): Promise<number> {
  if (texts.every((text) => text === "")) return 0;
  running ??= new Tokenizer(() => {
    running = null;
  });
  return await running.count(texts);
}
