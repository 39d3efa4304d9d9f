import { expect } from "bun:test";
import type { Storage } from "../../src/storage/interface.ts";
import type { Gateway } from "./gateway.ts";
import { allRecords } from "./stored-records.ts";
import { until } from "./until.ts";

interface Answered {
  readonly id: string;
  /** `performance.now()` at which the whole answer was there. */
  readonly at: number;
}

/** Sends numbered requests to the demo provider, and feedback on some of them, and remembers what was answered. */
export class RequestLoad {
  readonly answered: Answered[] = [];
  readonly judged: Answered[] = [];
  /** What came of the others: a status, or why there was none. */
  readonly failures: string[] = [];
  readonly #gateway: () => Gateway;
  readonly #judgedOneIn: number;
  #sent = 0;

  /** `gateway` is asked for each request, since a restarted one is another. */
  constructor(gateway: () => Gateway, { judgedOneIn = Infinity } = {}) {
    this.#gateway = gateway;
    this.#judgedOneIn = judgedOneIn;
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
        await this.#next();
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** Sends requests over `lanes` connections, each some milliseconds after the answer before, until there is none. */
  async sendUntilItEnds(lanes: number, pause = 0): Promise<void> {
    const lane = async () => {
      while (await this.#next()) if (pause > 0) await Bun.sleep(Math.random() * 2 * pause);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  async #next(): Promise<boolean> {
    const number = this.#sent++;
    const id = `sent-${number}`;
    const asked = { model: "demo/echo", messages: [{ role: "user", content: `Say ${id}.` }] };
    const answer = await this.#post("/v1/chat/completions", asked, { "x-amsterdam-request-id": id });
    if (answer === null) return false;
    if (!answer.includes(`Say ${id}.`)) this.failures.push(answer);
    this.answered.push({ id, at: performance.now() });
    if (number % this.#judgedOneIn !== 0) return true;
    const judged = { id, request_id: id, name: "correct", value: true };
    if ((await this.#post("/v1/feedback", judged)) === null) return false;
    this.judged.push({ id, at: performance.now() });
    return true;
  }

  /** The answer's text; null where it tells a failure, or never came. */
  async #post(path: string, body: object, headers: Record<string, string> = {}): Promise<string | null> {
    const { url, key } = this.#gateway();
    try {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (response.ok) return text;
      this.failures.push(`${response.status} ${text.slice(0, 200)}`);
    } catch (error) {
      this.failures.push(String(error));
    }
    return null;
  }
}

/** How many of `wanted` are not among `found`. */
export function missing(wanted: readonly string[], found: readonly string[]): number {
  const known = new Set(found);
  return wanted.filter((id) => !known.has(id)).length;
}

export function repeated(ids: readonly string[]): number {
  return ids.length - new Set(ids).size;
}

/** Waits until everything that was answered is stored, then expects each of it there once, and nothing else. */
export async function expectStoredOnce(storage: Storage, { answered, judged }: RequestLoad): Promise<void> {
  const requests = answered.map(({ id }) => id);
  const records = await untilThereAre(requests.length, () => allRecords(storage));
  const recorded = records.map(({ requestId }) => requestId);
  expect({
    records: records.length,
    missing: missing(requests, recorded),
    repeated: repeated(recorded) + repeated(records.map(({ id }) => id)),
    markedAsRepeated: records.filter(({ duplicate }) => duplicate).length,
    withoutUsage: records.filter(({ usageSource }) => usageSource !== "provider").length,
  }).toEqual({ records: requests.length, missing: 0, repeated: 0, markedAsRepeated: 0, withoutUsage: 0 });

  const about = judged.map(({ id }) => id);
  const feedback = await untilThereAre(about.length, () =>
    storage.feedback.forTargets("request", about, about.length + 1),
  );
  const targets = feedback.map(({ targetId }) => targetId);
  expect([targets.length, missing(about, targets)]).toEqual([about.length, 0]);
}

/** What is found once it is so many, or the last that was found. */
async function untilThereAre<T>(count: number, find: () => Promise<T[]>): Promise<T[]> {
  let found: T[] = [];
  const enough = async () => {
    found = await find();
    if (found.length < count) await Bun.sleep(200);
    return found.length >= count;
  };
  await until(`there are ${count}`, enough, 40_000).catch(() => undefined);
  return found;
}
