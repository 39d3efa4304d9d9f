import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { expectStoredOnce, missing, RequestLoad, repeated } from "../../support/request-load.ts";
import { allRecords, openRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
afterEach(() => gateway.stop());

const database = () => join(gateway.dir, "data", "amsterdam.db");

const waitingFiles = () => (existsSync(`${database()}-waiting`) ? readdirSync(`${database()}-waiting`) : []);

/** Ways in which the database may be out of use; each returns what ends it. */
const STATES = {
  works: () => () => {},
  "is locked": () => {
    const other = new Database(database());
    other.run("PRAGMA busy_timeout = 10000");
    other.run("BEGIN IMMEDIATE");
    return () => {
      other.run("ROLLBACK");
      other.close();
    };
  },
  "is gone": () => {
    const path = database();
    renameSync(path, `${path}.away`);
    return () => renameSync(`${path}.away`, path);
  },
} satisfies Record<string, () => () => void>;
type State = keyof typeof STATES;

async function start(): Promise<RequestLoad> {
  gateway = await startGateway({ config: { logging: { requests: false } } });
  return new RequestLoad(() => gateway, { judgedOneIn: 10 });
}

describe("a gateway that is stopped in the middle of its work loses nothing", () => {
  test.each<State>(["works", "is locked", "is gone"])(
    "while the database %s",
    async (state) => {
      const load = await start();
      const repair = STATES[state]();
      const stopping = load.sendUntilItEnds(16);
      await until("it is in the middle", () => load.answered.length > 500);
      gateway.signal("SIGTERM");
      await stopping;
      expect(await gateway.exited).toBe(0);
      repair();
      if (state !== "works") gateway = await gateway.restart();
      const storage = await openRecords(gateway.dir);
      await expectStoredOnce(storage, load);
      await storage.close();
    },
    60_000,
  );
});

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
const TICK_MS = 5;
const ROUNDS = 3;

describe("a gateway that is killed loses at most what ended in the last 100 ms", () => {
  test.each<State>(["works", "is locked", "is gone"])(
    "while the database %s",
    async (state) => {
      const load = await start();
      const due = { requests: [] as string[], feedback: [] as string[] };
      for (let round = 0; round < ROUNDS; round++) {
        const repair = STATES[state]();
        const { answered, judged } = load;
        const before = [answered.length, judged.length];
        const asking = load.sendUntilItEnds(8, 5);
        const lateness = await latenessDuring(Bun.sleep(500 + 500 * Math.random()));
        const last = performance.now() - 100 - lateness;
        gateway.signal("SIGKILL");
        await asking;
        await gateway.exited;
        repair();
        const inTime = (answers: typeof answered) =>
          answers.filter(({ at }) => at < last).map(({ id }) => id);
        due.requests.push(...inTime(answered.slice(before[0])));
        due.feedback.push(...inTime(judged.slice(before[1])));
        gateway = await gateway.restart();
      }
      expect(due.requests.length).toBeGreaterThan(100);
      expect(due.feedback.length).toBeGreaterThan(10);

      // What waited in files is stored beside the requests that come.
      await until("no file waits", () => waitingFiles().length === 0);
      const storage = await openRecords(gateway.dir);
      const recorded = (await allRecords(storage)).map(({ requestId }) => requestId);
      const judged = await storage.feedback.forTargets("request", due.feedback, due.feedback.length);
      await storage.close();
      expect({
        lost: missing(due.requests, recorded),
        repeated: repeated(recorded),
        lostFeedback: missing(
          due.feedback,
          judged.map(({ targetId }) => targetId),
        ),
      }).toEqual({ lost: 0, repeated: 0, lostFeedback: 0 });
    },
    60_000,
  );
});
