/** How many requests are being served, and whether more may come. */
export class Admission {
  #active = 0;
  #total = 0;
  #draining = false;
  #limit: number;
  #whenIdle: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get active(): number {
    return this.#active;
  }

  get total(): number {
    return this.#total;
  }

  get draining(): boolean {
    return this.#draining;
  }

  set limit(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is room for what nobody waits for: most places are free, and nothing is about to stop. */
  get hasRoom(): boolean {
    return !this.#draining && this.#active * 2 < this.#limit;
  }

  /** Whether one more may be served; if so it counts until `release`. */
  admit(): boolean {
    if (this.#draining || this.#active >= this.#limit) return false;
    this.#active++;
    this.#total++;
    return true;
  }

  release(): void {
    this.#active--;
    if (this.#active > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Admits no more; resolves when those being served have ended or `timeout` milliseconds have passed. */
  async drain(timeout: number): Promise<void> {
    this.#draining = true;
    if (this.#active === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.#whenIdle.push(resolve)),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeout);
      }),
    ]);
    clearTimeout(timer);
  }
}
