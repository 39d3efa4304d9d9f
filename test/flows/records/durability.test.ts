import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { expectDueStored, killAtWork } from "../../support/kill-gateway.ts";
import { expectStoredOnce, RequestLoad } from "../../support/request-load.ts";
import { openRecords } from "../../support/stored-records.ts";
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

describe("a gateway that is killed loses at most what ended in the last 100 ms", () => {
  test.each<State>(["works", "is locked", "is gone"])(
    "while the database %s",
    async (state) => {
      const load = await start();
      const due = { requests: [], feedback: [] };
      for (let round = 0; round < 3; round++) {
        const repair = STATES[state]();
        await killAtWork(gateway, load, due);
        repair();
        gateway = await gateway.restart();
      }
      // What waited in files is stored beside the requests that come.
      await until("no file waits", () => waitingFiles().length === 0);
      const storage = await openRecords(gateway.dir);
      await expectDueStored(storage, due);
      await storage.close();
    },
    60_000,
  );
});
