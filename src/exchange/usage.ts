/** Tokens as the provider counted them. Every count is in tokens; absent where the provider did not say. */
export interface Usage {
  /** All of the prompt: cached and cache-written tokens included. */
  readonly input?: number;
  /** Of `input`: read from the provider's cache. */
  readonly cachedInput?: number;
  /** Of `input`: written to the provider's cache. */
  readonly cacheWriteInput?: number;
  /** Of `cacheWriteInput`: to be kept for an hour, which is dearer. */
  readonly cacheWrite1hInput?: number;
  /** Of `input`: sound. */
  readonly audioInput?: number;
  /** Of `audioInput` and of `cachedInput`. */
  readonly cachedAudioInput?: number;
  /** All of the answer: thinking included. */
  readonly output?: number;
  /** Of `output`: thinking. */
  readonly reasoning?: number;
  /** Of `output`: sound. */
  readonly audioOutput?: number;
  /** Of `output`: images. */
  readonly imageOutput?: number;
}

type Counts = { readonly [Count in keyof Usage]: number | undefined };

/** The counts that are told, of some that may be undefined; undefined where none is. */
export function toldCounts(counts: Counts): Usage | undefined {
  const told: Record<string, number> = {};
  let isTold = false;
  for (const name in counts) {
    const count = counts[name as keyof Usage];
    if (count === undefined) continue;
    told[name] = count;
    isTold = true;
  }
  return isTold ? told : undefined;
}

/** Counts of `later` win: every API's later report is of the whole so far, never of what was added. */
export function mergeUsage(earlier: Usage | undefined, later: Usage | undefined): Usage | undefined {
  if (earlier === undefined) return later;
  return later === undefined ? earlier : { ...earlier, ...later };
}
