import type { AnswerFacts } from "../exchange/answer-facts.ts";

/** How much memory all captures may hold; beyond it they keep what usage is read from, and no bodies. */
export class CaptureBudget {
  used = 0;
  /** Bytes. */
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/** What a chunk costs beside its bytes: the objects around it. */
const CHUNK_OVERHEAD = 256;
/** Of a body that is too long to be kept whole, as much of its end is kept, for usage stands there. */
const TAIL_BYTES = 64 * 1024;

/**
 * The bytes of one exchange as they passed, by reference: what the client sent, and what it got. They are read once the
 * last one has left. Nothing is copied or looked at before.
 */
export class Capture {
  /** Whether the bodies are stored, or only read for what they tell. */
  readonly storesBodies: boolean;
  /** As the client sent it, unpacked; null where there was none, or it passed unread. */
  request: Uint8Array | null = null;
  /** Bytes of the answer from its beginning, with the `performance.now()` at which each piece left. */
  readonly chunks: Uint8Array[] = [];
  readonly times: number[] = [];
  /** The last bytes of an answer that is too long, and whether some are missing before them. */
  readonly tail: Uint8Array[] = [];
  gap = false;
  /** Whether something of either body is missing. */
  cut = false;
  contentType: string | null = null;
  contentEncoding: string | null = null;
  /** Tells what an answer said that was converted: some of it has no place in the client's format. */
  converted: (() => AnswerFacts | null) | null = null;
  /** An event that tells usage and was kept from the client. */
  hidden: Uint8Array | null = null;
  longestGap: number | null = null;
  readonly #budget: CaptureBudget;
  readonly #limit: number;
  #bytes = 0;
  #tailBytes = 0;
  #held = 0;
  #lastAt = 0;
  #full = false;

  /** Keeps up to `limit` bytes of each body. */
  constructor(storesBodies: boolean, limit: number, budget: CaptureBudget) {
    this.storesBodies = storesBodies;
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#held;
  }

  /** `body` is not changed afterwards. */
  asked(body: Uint8Array): void {
    this.request = body.length <= this.#limit ? body : body.subarray(0, this.#limit);
    if (body.length > this.#limit) this.cut = true;
    this.#hold(body.length);
  }

  /** The whole answer. */
  answered(body: Uint8Array): void {
    if (body.length <= this.#limit) {
      this.chunks.push(body);
    } else {
      this.cut = true;
      this.chunks.push(body.subarray(0, this.#limit));
      const tailAt = Math.max(this.#limit, body.length - TAIL_BYTES);
      this.tail.push(body.subarray(tailAt));
      this.gap = tailAt > this.#limit;
    }
    this.#hold(body.length);
  }

  /** A piece of a stream at `now`; `filler` is what the gateway itself sends into a silence. */
  add(chunk: Uint8Array, now: number, filler: boolean): void {
    if (!filler) {
      const gap = now - this.#lastAt;
      if (this.#lastAt > 0 && gap > (this.longestGap ?? 0)) this.longestGap = gap;
      this.#lastAt = now;
    }
    const cost = chunk.length + CHUNK_OVERHEAD;
    if (!this.#full && this.#bytes + chunk.length <= this.#limit && this.#budget.used <= this.#budget.limit) {
      this.chunks.push(chunk);
      this.times.push(now);
      this.#bytes += chunk.length;
      this.#hold(cost);
    } else {
      this.#full = true;
      this.cut = true;
      this.#keepTail(chunk);
    }
  }

  /** The bytes are no longer held. */
  release(): void {
    this.#budget.used -= this.#held;
    this.#held = 0;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#budget.used += bytes;
  }

  #keepTail(chunk: Uint8Array): void {
    this.tail.push(chunk);
    this.#tailBytes += chunk.length;
    this.#hold(chunk.length + CHUNK_OVERHEAD);
    while (this.tail.length > 1 && this.#tailBytes - this.tail[0]!.length >= TAIL_BYTES) {
      this.gap = true;
      const gone = this.tail.shift()!.length;
      this.#tailBytes -= gone;
      this.#hold(-(gone + CHUNK_OVERHEAD));
    }
  }
}
