import type { Gateway } from "./gateway.ts";

export interface Answered {
  readonly id: string;
  /** `performance.now()` at which the whole answer was there. */
  readonly at: number;
}

/** Sends numbered requests to the demo provider through a gateway, and remembers which were answered. */
export class RequestLoad {
  readonly answered: Answered[] = [];
  /** What came of the others: a status, or why there was none. */
  readonly failures: string[] = [];
  readonly #gateway: () => Gateway;
  #sent = 0;

  /** `gateway` is asked for each request, since a restarted one is another. */
  constructor(gateway: () => Gateway) {
    this.#gateway = gateway;
  }

  /** Sends so many requests over `lanes` connections, spread over at least so many milliseconds. */
  async send(count: number, { lanes = 16, lasting = 0 } = {}): Promise<void> {
    const start = performance.now();
    let begun = 0;
    const lane = async () => {
      while (begun < count) {
        const due = start + (begun++ * lasting) / count;
        const early = due - performance.now();
        if (early > 0) await Bun.sleep(early);
        await this.#ask();
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** Sends requests over `lanes` connections until the gateway answers no more. */
  async sendUntilItEnds(lanes: number): Promise<void> {
    const lane = async () => {
      while (await this.#ask());
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  async #ask(): Promise<boolean> {
    const id = `sent-${this.#sent++}`;
    const { url, key } = this.#gateway();
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${key}`,
          "x-amsterdam-request-id": id,
        },
        body: JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: `Say ${id}.` }] }),
      });
      const text = await response.text();
      if (response.status === 200 && text.includes(`Say ${id}.`)) {
        this.answered.push({ id, at: performance.now() });
        return true;
      }
      this.failures.push(`${response.status} ${text.slice(0, 200)}`);
    } catch (error) {
      this.failures.push(String(error));
    }
    return false;
  }
}
