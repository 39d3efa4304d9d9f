import { expect } from "bun:test";
import type { Storage } from "../../src/storage/interface.ts";
import type { Gateway } from "./gateway.ts";
import { missing, type RequestLoad, repeated } from "./request-load.ts";
import { allRecords } from "./stored-records.ts";

const TICK_MS = 5;

/** Ids of what was answered so long before a kill that it has to outlive it. */
export interface Due {
  readonly requests: string[];
  readonly feedback: string[];
}

/** Kills a gateway that is at work, and adds to `due` what had ended more than 100 ms before. */
export async function killAtWork(gateway: Gateway, load: RequestLoad, due: Due): Promise<void> {
  const { answered, judged } = load;
  const [firstAnswered, firstJudged] = [answered.length, judged.length];
  const asking = load.sendUntilItEnds(8, 5);
  const lateness = await latenessDuring(Bun.sleep(500 + 500 * Math.random()));
  const last = performance.now() - 100 - lateness;
  gateway.signal("SIGKILL");
  await asking;
  await gateway.exited;
  const idsInTime = (answers: typeof answered) => answers.filter(({ at }) => at < last).map(({ id }) => id);
  due.requests.push(...idsInTime(answered.slice(firstAnswered)));
  due.feedback.push(...idsInTime(judged.slice(firstJudged)));
}

/** How late timers fire while `work` goes on, at the most: a process that is given no time can do nothing in time. */
async function latenessDuring(work: Promise<unknown>): Promise<number> {
  let most = 0;
  let last = performance.now();
  const ticker = setInterval(() => {
    const now = performance.now();
    most = Math.max(most, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
  await work;
  clearInterval(ticker);
  return most;
}

/** Expects all that was due to be stored, by count, and nothing twice. */
export async function expectDueStored(storage: Storage, { requests, feedback }: Due): Promise<void> {
  expect(requests.length).toBeGreaterThan(100);
  expect(feedback.length).toBeGreaterThan(10);
  const recorded = (await allRecords(storage)).map(({ requestId }) => requestId);
  const judged = await storage.feedback.forTargets("request", feedback, feedback.length);
  const judgedIds = judged.map(({ targetId }) => targetId);
  expect({
    lost: missing(requests, recorded),
    repeated: repeated(recorded),
    lostFeedback: missing(feedback, judgedIds),
  }).toEqual({ lost: 0, repeated: 0, lostFeedback: 0 });
}
