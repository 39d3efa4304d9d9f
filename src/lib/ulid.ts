/** Crockford's base 32, in which ids sort as their bytes. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_BYTES = 16;
const POOL = 256 * RANDOM_BYTES;

/**
 * Makes ULIDs (github.com/ulid/spec): 26 characters, 48 bits of Unix milliseconds and 80 random ones, so that ids sort by
 * their moments. Those of one moment that are made one after the other sort in that order.
 */
export class UlidMaker {
  readonly #pool = new Uint8Array(POOL);
  #at = POOL;
  #lastTime = -1;
  #timeText = "";
  /** The last id without its last character. */
  #head = "";
  /** The random part of the last id, as 16 digits of 5 bits. */
  readonly #digits = new Uint8Array(RANDOM_BYTES);

  /** `time` is in Unix milliseconds. */
  next(time: number): string {
    if (time !== this.#lastTime || !this.#increment()) {
      if (time !== this.#lastTime) this.#timeText = timeText(time);
      this.#lastTime = time;
      this.#fill();
      this.#writeHead();
    }
    return this.#head + DIGITS[this.#digits[RANDOM_BYTES - 1]!];
  }

  #fill(): void {
    if (this.#at === POOL) {
      crypto.getRandomValues(this.#pool);
      this.#at = 0;
    }
    for (let i = 0; i < RANDOM_BYTES; i++) this.#digits[i] = this.#pool[this.#at++]! & 31;
  }

  /** False where the last digits were all the highest, so that there is no next. */
  #increment(): boolean {
    for (let i = RANDOM_BYTES - 1; i >= 0; i--) {
      if (this.#digits[i]! < 31) {
        this.#digits[i]!++;
        if (i < RANDOM_BYTES - 1) this.#writeHead();
        return true;
      }
      this.#digits[i] = 0;
    }
    return false;
  }

  #writeHead(): void {
    let text = this.#timeText;
    for (let i = 0; i < RANDOM_BYTES - 1; i++) text += DIGITS[this.#digits[i]!];
    this.#head = text;
  }
}

function timeText(time: number): string {
  let rest = Math.max(0, Math.floor(time));
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = DIGITS[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
