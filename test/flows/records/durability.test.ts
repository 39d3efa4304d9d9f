import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { storedRecords } from "../../support/stored-records.ts";

let gateway: Gateway;
afterEach(() => gateway.stop());

const start = async () => {
  gateway = await startGateway({ config: { logging: { requests: false } } });
};
const database = () => join(gateway.dir, "data", "amsterdam.db");

interface Sent {
  readonly id: string;
  /** `performance.now()` at which the whole answer was there. */
  readonly at: number;
}

/** Sends one request and returns when its answer was whole; null when there was none. */
async function ask(id: string): Promise<Sent | null> {
  try {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${gateway.key}`,
        "x-amsterdam-request-id": id,
      },
      body: JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: `Say ${id}` }] }),
    });
    const text = await response.text();
    return response.status === 200 && text.includes(id) ? { id, at: performance.now() } : null;
  } catch {
    // The gateway was killed meanwhile.
    return null;
  }
}

/** Sends requests one after the other over `lanes` connections until `stop` says so; returns those that were answered. */
async function askUntil(prefix: string, lanes: number, stop: (count: number) => boolean): Promise<Sent[]> {
  const answered: Sent[] = [];
  let next = 0;
  const lane = async () => {
    while (!stop(next)) {
      const sent = await ask(`${prefix}-${next++}`);
      if (sent === null) return;
      answered.push(sent);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return answered;
}

const times = (count: number) => (sent: number) => sent >= count;

async function expectOnce(sent: readonly Sent[]): Promise<void> {
  const records = await storedRecords(gateway.dir, sent.length);
  expect(records.map(({ requestId }) => requestId).toSorted()).toEqual(sent.map(({ id }) => id).toSorted());
  expect(new Set(records.map(({ id }) => id)).size).toBe(sent.length);
  expect(records.every(({ duplicate, usageSource }) => !duplicate && usageSource === "provider")).toBeTrue();
}

describe("every request is recorded once, and none fails,", () => {
  test("while another process holds the database's lock", async () => {
    await start();
    const before = await askUntil("before", 4, times(50));
    const other = new Database(database());
    other.run("BEGIN IMMEDIATE");
    const locked = await askUntil("locked", 8, times(400));
    expect(locked).toHaveLength(400);
    await Bun.sleep(500);
    other.run("ROLLBACK");
    other.close();
    const after = await askUntil("after", 4, times(50));
    await expectOnce([...before, ...locked, ...after]);
  }, 60_000);

  test("while the database is gone and comes back", async () => {
    await start();
    const before = await askUntil("before", 4, times(50));
    await expectOnce(before);
    renameSync(database(), `${database()}.away`);
    const gone = await askUntil("gone", 8, times(400));
    expect(gone).toHaveLength(400);
    await Bun.sleep(300);
    renameSync(`${database()}.away`, database());
    await expectOnce([...before, ...gone]);
  }, 60_000);

  test("when the gateway is stopped in the middle", async () => {
    await start();
    const stopping = askUntil("stopped", 16, () => false);
    await Bun.sleep(1_000);
    gateway.signal("SIGTERM");
    const answered = await stopping;
    expect(await gateway.exited).toBe(0);
    expect(answered.length).toBeGreaterThan(100);
    const records = await storedRecords(gateway.dir, answered.length);
    const recorded = new Set(records.map(({ requestId }) => requestId));
    expect(answered.filter(({ id }) => !recorded.has(id))).toEqual([]);
  }, 60_000);

  test("when the gateway is stopped while the database is locked: they are stored at the next start", async () => {
    await start();
    const other = new Database(database());
    other.run("BEGIN IMMEDIATE");
    const sent = await askUntil("waits", 8, times(200));
    gateway.signal("SIGTERM");
    await gateway.exited;
    other.run("ROLLBACK");
    other.close();
    gateway = await gateway.restart();
    await expectOnce(sent);
  }, 60_000);
});

describe("a killed gateway", () => {
  test.each([
    ["with a database that works", false],
    ["with a database that is locked", true],
  ])(
    "loses at most the last 100 ms, %s",
    async (_, locks) => {
      await start();
      const other = new Database(database());
      if (locks) other.run("BEGIN IMMEDIATE");
      const asking = askUntil("killed", 8, () => false);
      await Bun.sleep(1_500);
      const killedAt = performance.now();
      gateway.signal("SIGKILL");
      const answered = await asking;
      await gateway.exited;
      if (locks) other.run("ROLLBACK");
      other.close();
      gateway = await gateway.restart();

      // Those that ended within the last 100 ms may be lost. The machine of a test is no quiet one: half as much again.
      const due = answered.filter(({ at }) => at < killedAt - 150);
      expect(due.length).toBeGreaterThan(50);
      const recorded = new Set(
        (await storedRecords(gateway.dir, due.length)).map(({ requestId }) => requestId),
      );
      expect(due.filter(({ id }) => !recorded.has(id))).toEqual([]);
    },
    60_000,
  );
});
