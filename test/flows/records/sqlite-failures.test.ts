import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { expectStoredOnce, RequestLoad } from "../../support/request-load.ts";
import { openRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
afterEach(() => gateway.stop());

const CAN_LIMIT_FILES = Bun.which("prlimit") !== null;

/** No file of the gateway may become longer than that: a full disk that needs no privileges. */
function limitFiles(bytes: number | "unlimited"): void {
  const limit = ["prlimit", `--pid=${gateway.pid}`, `--fsize=${bytes}:unlimited`];
  const { exitCode, stderr } = Bun.spawnSync(limit);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

function locked(database: string): { release(): void } {
  const other = new Database(database);
  other.run("PRAGMA busy_timeout = 10000");
  other.run("BEGIN IMMEDIATE");
  return {
    release() {
      other.run("ROLLBACK");
      other.close();
    },
  };
}

test.skipIf(!CAN_LIMIT_FILES)(
  "20,000 requests are answered and recorded once while SQLite is locked, full and gone, and the gateway restarted",
  async () => {
    gateway = await startGateway({
      config: { logging: { requests: false } },
      // A write beyond the limit fails then, in place of ending the process.
      shell: "trap '' XFSZ",
    });
    const database = join(gateway.dir, "data", "amsterdam.db");
    const waitingFiles = () => (existsSync(`${database}-waiting`) ? readdirSync(`${database}-waiting`) : []);
    const load = new RequestLoad(() => gateway, { judgedOneIn: 50 });
    await load.send(3_000);

    // Longer than the storage waits for a lock.
    const lock = locked(database);
    await load.send(4_000, { lasting: 6_500 });
    expect(
      waitingFiles()
        .map((name) => name.split(".")[1])
        .toSorted(),
    ).toEqual(["feedback", "records"]);
    lock.release();
    await load.send(2_000);

    limitFiles(64 * 1024);
    await load.send(3_000, { lasting: 1_500 });
    await until("records wait in memory", () => gateway.output().includes("waits in memory: records"));
    limitFiles("unlimited");
    await load.send(1_000);

    renameSync(database, `${database}.away`);
    await load.send(3_000, { lasting: 1_000 });
    renameSync(`${database}.away`, database);
    await load.send(1_000);

    const lockAtTheEnd = locked(database);
    await load.send(1_000);
    const restarted = gateway.restart();
    lockAtTheEnd.release();
    gateway = await restarted;
    await load.send(2_000);

    expect(load.failures).toEqual([]);
    expect([load.answered.length, load.judged.length]).toEqual([20_000, 400]);
    const storage = await openRecords(gateway.dir);
    await expectStoredOnce(storage, load);
    await storage.close();
    await until("no file waits", () => waitingFiles().length === 0);
  },
  120_000,
);

test("what finds no room is counted in the metrics and logged once, and no request fails", async () => {
  gateway = await startGateway({
    config: {
      logging: { requests: false },
      records: { max_spill_mb: 0.2, memory_mb: 0.2 },
    },
  });
  const database = join(gateway.dir, "data", "amsterdam.db");
  const metric = async (name: string) => {
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    return Number(new RegExp(`^amsterdam_${name} (\\d+)$`, "m").exec(metrics)?.[1]);
  };
  const load = new RequestLoad(() => gateway);
  renameSync(database, `${database}.away`);
  await load.send(1_000);
  await until("records are lost", async () => (await metric("records_lost_total")) > 500);
  expect(await metric("records_without_bodies_total")).toBeGreaterThan(50);
  expect(await metric("records_waiting_bytes")).toBeWithin(50_000, 0.2 * 1024 * 1024 + 1);
  renameSync(`${database}.away`, database);

  expect([load.failures, load.answered.length]).toEqual([[], 1_000]);
  await until(
    "the others are stored",
    async () => (await metric("records_stored_total")) + (await metric("records_lost_total")) === 1_000,
  );
  const told = gateway
    .logs()
    .filter(({ level, msg }) => level === "error" && /: records\.$/.test(String(msg)));
  // That they wait in files, that they wait in memory, and at once or after that, that some of them are lost.
  expect(told.length).toBeWithin(2, 4);
  expect(told.filter(({ lost }) => typeof lost === "number" && lost > 0)).toHaveLength(1);
}, 60_000);
