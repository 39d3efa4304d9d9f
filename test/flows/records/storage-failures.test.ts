import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { RequestLoad } from "../../support/request-load.ts";
import { storedRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
afterEach(() => gateway.stop());

const CAN_LIMIT_FILES = Bun.which("prlimit") !== null;

/** No file of the gateway may become longer than that: the full disk that needs no privileges. */
function limitFiles(bytes: number | "unlimited"): void {
  const { exitCode, stderr } = Bun.spawnSync([
    "prlimit",
    `--pid=${gateway.pid}`,
    `--fsize=${bytes}:unlimited`,
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

test.skipIf(!CAN_LIMIT_FILES)(
  "20,000 requests are answered and recorded once while SQLite is locked, full, gone, and the gateway restarted",
  async () => {
    gateway = await startGateway({
      config: { logging: { requests: false } },
      // A write beyond the limit fails then, in place of ending the process.
      shell: "trap '' XFSZ",
    });
    const database = join(gateway.dir, "data", "amsterdam.db");
    const waiting = join(gateway.dir, "data", "waiting-records");
    const files = () => (existsSync(waiting) ? readdirSync(waiting) : []);
    const logged = (message: string) =>
      gateway.logs().filter((line) => String(line.message ?? line.msg).includes(message)).length;
    const load = new RequestLoad(() => gateway);

    await load.send(3_000);

    // Longer than the storage waits for a lock.
    const other = new Database(database);
    other.run("BEGIN IMMEDIATE");
    await load.send(4_000, { lasting: 6_500 });
    expect(files()).not.toEqual([]);
    other.run("ROLLBACK");
    other.close();
    await load.send(2_000);

    limitFiles(64 * 1024);
    await load.send(3_000, { lasting: 1_500 });
    await until("records wait in memory", () => logged("neither") > 0);
    limitFiles("unlimited");
    await load.send(1_000);

    renameSync(database, `${database}.away`);
    await load.send(3_000, { lasting: 1_000 });
    renameSync(`${database}.away`, database);
    await load.send(1_000);

    const again = new Database(database);
    again.run("BEGIN IMMEDIATE");
    await load.send(1_000);
    const stopped = gateway.restart();
    again.run("ROLLBACK");
    again.close();
    gateway = await stopped;
    await load.send(2_000);

    expect(load.failures).toEqual([]);
    expect(load.answered).toHaveLength(20_000);
    const records = await storedRecords(gateway.dir, 20_000);
    expect(records.map(({ requestId }) => requestId).toSorted()).toEqual(
      load.answered.map(({ id }) => id).toSorted(),
    );
    expect(new Set(records.map(({ id }) => id)).size).toBe(20_000);
    expect(
      records.every(({ duplicate, usageSource }) => !duplicate && usageSource === "provider"),
    ).toBeTrue();
    await until("no file waits", () => files().length === 0);
  },
  120_000,
);
