import { describe, expect, test } from "bun:test";
import { startPostgres, testDatabases } from "../../../test/support/postgres.ts";
import type { WrittenRecord } from "../../records/record.ts";
import { type Storage, StorageError } from "../interface.ts";
import { openStorage } from "../open.ts";
import type { StatisticsRow } from "../record-store.ts";
import { sampleRecord, sampleRecords } from "../sample-records.test-suite.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 20, 22);
const WHOLE = { since: START - 40 * DAY, until: START + 40 * DAY };

const databases = testDatabases();
const bare = (record: WrittenRecord["record"]): WrittenRecord => ({ record, bodies: null });

async function partitions(url: string, table: string): Promise<string[]> {
  const rows = await databases.run(
    url,
    `SELECT c.relname AS name FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
     WHERE inhparent = 'amsterdam.${table}'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => String(name));
}

function batches(records: readonly WrittenRecord[], size: number): WrittenRecord[][] {
  const all: WrittenRecord[][] = [];
  for (let at = 0; at < records.length; at += size) all.push(records.slice(at, at + size));
  return all;
}

const count = (storage: Storage, filter = {}) =>
  storage.records.statistics({ filter: { ...WHOLE, ...filter }, groups: ["model", "status"], limit: 1000 });

/** Sums of money in another order differ in their last digits. */
const rounded = (rows: readonly StatisticsRow[]) =>
  rows.map((row) => ({ ...row, costUsd: row.costUsd.toPrecision(9) }));

/** That each is there once, in lists and in sums alike. */
async function expectOnce(storage: Storage, records: readonly WrittenRecord[]): Promise<void> {
  const found = await storage.records.list({}, { order: "oldest", limit: records.length + 9 });
  expect(found.records.map(({ id }) => id)).toEqual(records.map(({ record }) => record.id).toSorted());
  expect(rounded(await count(storage))).toEqual(rounded(await count(storage, { minDurationMs: 0 })));
  const sum = (await count(storage)).reduce((all, { requests }) => all + requests, 0);
  expect(sum).toBe(records.length);
}

describe("two gateways", () => {
  test("write into the same hours and days at once, from the first batch on, and wait for each other in no circle", async () => {
    const url = await databases.create();
    const gateways = await Promise.all([openStorage(url, "."), openStorage(url, ".")]);
    // Some are older than others, as after an outage, so that days have their sums already.
    const records = sampleRecords(1600, { seed: 1, start: START, step: 10_000 });
    const shuffled = records.toSorted((one, other) => (one.record.spanId < other.record.spanId ? -1 : 1));
    const queue = batches(shuffled, 20);
    const work = gateways.flatMap((gateway) =>
      Array.from({ length: 3 }, async () => {
        for (let batch = queue.pop(); batch !== undefined; batch = queue.pop())
          await gateway.records.write(batch);
      }),
    );
    await Promise.all(work);
    await expectOnce(gateways[0], records);
    const [deadlocks] = await databases.run(
      url,
      "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
    );
    expect(deadlocks).toEqual({ deadlocks: 0 });
    expect(await partitions(url, "records")).toEqual([
      "records_20261120",
      "records_20261121",
      "records_20261122",
    ]);
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });

  test("write the same records at once, and each is there once", async () => {
    const url = await databases.emptied();
    const gateways = await Promise.all([openStorage(url, "."), openStorage(url, ".")]);
    const records = sampleRecords(300, { seed: 2, start: START, step: 60_000 });
    await Promise.all(
      gateways.flatMap((gateway, index) =>
        batches(index === 0 ? records : records.toReversed(), 30).map((batch) =>
          gateway.records.write(batch),
        ),
      ),
    );
    await expectOnce(gateways[0], records);
    for (const { record, bodies } of records.slice(0, 40))
      expect(await gateways[1].records.bodies(record.id)).toEqual(bodies);
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });

  test("change costs at once that are in the same sums", async () => {
    const url = await databases.emptied();
    const gateways = await Promise.all([openStorage(url, "."), openStorage(url, ".")]);
    const records = sampleRecords(400, { seed: 3, start: START, step: 60_000 });
    for (const batch of batches(records, 50)) await gateways[0].records.write(batch);
    const ids = records.map(({ record }) => record.id);
    const costs = (usd: number, of: readonly string[]) =>
      new Map(of.map((id) => [id, { usd, source: "configuration", date: null }]));
    await Promise.all([
      gateways[0].records.setCosts(costs(1, ids)),
      gateways[1].records.setCosts(costs(2, ids.toReversed())),
      gateways[1].records.write([bare(sampleRecord({ startedAt: START + HOUR }))]),
    ]);
    expect(rounded(await count(gateways[0]))).toEqual(
      rounded(await count(gateways[0], { minDurationMs: 0 })),
    );
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });
});

describe("partitions", () => {
  test("are made for the days of the records, the day after, and the months of their names", async () => {
    const url = await databases.emptied();
    const storage = await openStorage(url, ".");
    const at = [START, Date.UTC(2026, 11, 31, 23, 59), 0].map((startedAt) =>
      bare(sampleRecord({ startedAt })),
    );
    await storage.records.write(at);
    const days = ["19700101", "20261120", "20261231", "20270101"];
    expect(await partitions(url, "records")).toEqual(days.map((day) => `records_${day}`));
    expect(await partitions(url, "record_bodies")).toEqual(days.map((day) => `record_bodies_${day}`));
    const months = ["197001", "202611", "202612", "202701"];
    expect(await partitions(url, "record_names")).toEqual(months.map((month) => `record_names_${month}`));
    await storage.close();
  });

  test("whose rows are all too old are dropped, of the others rows are deleted", async () => {
    const url = await databases.emptied();
    const storage = await openStorage(url, ".");
    const records = sampleRecords(200, { seed: 4, start: START - 30 * DAY, step: 6 * HOUR });
    for (const batch of batches(records, 4)) await storage.records.write(batch);
    const before = START - 10 * DAY;
    const bounds = { before, bodiesBefore: before + 3 * DAY, maxBodyBytes: Infinity, limit: 50 };
    let steps = 0;
    for (;;) {
      const gone = await storage.records.prune(bounds);
      if (gone.records < bounds.limit && gone.bodies < bounds.limit) break;
      expect(++steps).toBeLessThan(10);
    }
    const kept = records.filter(({ record }) => record.startedAt >= before).map(({ record }) => record);
    const listed = await storage.records.list({}, { order: "oldest", limit: 300 });
    expect(listed.records).toEqual(kept);
    expect((await partitions(url, "records"))[0]).toBe("records_20261110");
    expect((await partitions(url, "record_bodies"))[0]).toBe("record_bodies_20261113");
    expect((await partitions(url, "record_names"))[0]).toBe("record_names_202611");
    expect(await storage.records.bodies(kept[0]!.id)).toBeNull();
    expect(await storage.records.bodies(kept.at(-1)!.id)).not.toBeNull();
    const sums = await storage.records.statistics({ filter: WHOLE, groups: [], limit: 1 });
    expect(sums[0]?.requests).toBe(200);
    await storage.close();
  });

  test("that are dropped for the space they take go from the oldest on", async () => {
    const url = await databases.emptied();
    const storage = await openStorage(url, ".");
    const records = sampleRecords(60, { seed: 5, start: START - 5 * DAY, step: 2 * HOUR });
    for (const batch of batches(records, 3)) await storage.records.write(batch);
    const [{ bytes } = { bytes: 0 }] = await databases.run(
      url,
      "SELECT sum(bytes)::int AS bytes FROM amsterdam.record_bodies",
    );
    const bounds = { before: 0, bodiesBefore: 0, limit: 1000 };
    const { bodies } = await storage.records.prune({ ...bounds, maxBodyBytes: Number(bytes) / 2 });
    expect(bodies).toBeWithin(24, 40);
    const has = await Promise.all(records.map(({ record }) => storage.records.bodies(record.id)));
    expect(has.map((one) => one !== null)).toEqual(has.map((_, index) => index >= bodies));
    await storage.close();
  });

  test("that another gateway has dropped are made again when they are written to", async () => {
    const url = await databases.emptied();
    const [one, other] = await Promise.all([openStorage(url, "."), openStorage(url, ".")]);
    await one.records.write(sampleRecords(5, { seed: 6, start: START, step: 1 }));
    const bounds = { before: START + DAY, bodiesBefore: 0, maxBodyBytes: Infinity, limit: 9 };
    await other.records.prune(bounds);
    expect(await partitions(url, "records")).toEqual(["records_20261121"]);
    const late = sampleRecords(5, { seed: 7, start: START, step: 1 });
    await one.records.write(late);
    const listed = await other.records.list({}, { order: "oldest", limit: 9 });
    expect(listed.records).toEqual(late.map(({ record }) => record));
    await Promise.all([one.close(), other.close()]);
  });

  test("are made and dropped by users who may write, and by no others", async () => {
    const url = await databases.create();
    await (await openStorage(url, ".")).close();
    const reader = `amsterdam_reader_${process.pid}`;
    await databases.run(url, `CREATE ROLE ${reader} LOGIN PASSWORD 'hunter2'`);
    await databases.run(url, `GRANT USAGE ON SCHEMA amsterdam TO ${reader}`);
    await databases.run(url, `GRANT SELECT ON ALL TABLES IN SCHEMA amsterdam TO ${reader}`);
    const login = Object.assign(new URL(url), { username: reader, password: "hunter2" }).href;
    for (const call of [
      "add_record_partition('records', 'records_20261120', 'a', 'b')",
      "drop_record_partition('records', 'records_20261120')",
    ])
      await expect(databases.run(login, `SELECT amsterdam.${call}`)).rejects.toThrow("permission denied");
    for (const call of [
      "add_record_partition('gateway_keys', 'gateway_keys_1', 'a', 'b')",
      "drop_record_partition('records', 'gateway_keys')",
    ])
      await expect(databases.run(url, `SELECT amsterdam.${call}`)).rejects.toThrow("partition of");
    await databases.run(url, `DROP OWNED BY ${reader}`);
    await databases.run(url, `DROP ROLE ${reader}`);
  });
});

test("a record whose id tells no moment is refused", async () => {
  const storage = await openStorage(await databases.emptied(), ".");
  for (const id of ["", "x", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"])
    await expect(
      storage.records.write([bare({ ...sampleRecord({ startedAt: START }), id })]),
    ).rejects.toMatchObject({ name: "StorageError", refusesData: true });
  expect((await storage.records.list({}, { order: "newest", limit: 9 })).records).toEqual([]);
  await storage.close();
});

test("histograms of many requests stay short, and say the same", async () => {
  const url = await databases.emptied();
  const storage = await openStorage(url, ".");
  const records = Array.from({ length: 6000 }, (_, index) =>
    sampleRecord({
      startedAt: START + index,
      model: "m",
      provider: "p",
      keyId: "k",
      route: null,
      door: "/v1",
      operation: "generate",
      finish: "stop",
      durationMs: 1.002 ** index,
      firstTokenMs: null,
    }),
  );
  for (const batch of batches(records.map(bare), 20)) await storage.records.write(batch);
  const lengths = "SELECT count(*)::int, max(length(histograms)) AS longest FROM amsterdam.record_hours";
  const [row] = await databases.run(url, lengths);
  expect(row?.count).toBe(1);
  expect(row?.longest).toBeLessThan(4096);
  expect(rounded(await count(storage))).toEqual(rounded(await count(storage, { minDurationMs: 0 })));
  await storage.close();
});

test("a server that goes in the middle of batches leaves none of them half, and none twice when they are written again", async () => {
  const server = await startPostgres();
  const storage = await openStorage(server.url("postgres"), ".");
  const records = sampleRecords(3000, { seed: 8, start: START, step: 5000 });
  const queue = batches(records, 10).reverse();
  let failures = 0;
  let written = 0;
  const writers = Array.from({ length: 3 }, async () => {
    for (let batch = queue.pop(); batch !== undefined; ) {
      try {
        await storage.records.write(batch);
        written++;
        batch = queue.pop();
      } catch (error) {
        // As a gateway does: what is in doubt is written once more.
        expect(error).toBeInstanceOf(StorageError);
        failures++;
      }
    }
  });
  for (const mode of ["immediate", "fast", "immediate"] as const) {
    const before = written;
    while (written < before + 20 && queue.length > 0) await Bun.sleep(1);
    await server.stop(mode);
    await Bun.sleep(20);
    await server.start();
  }
  await Promise.all(writers);
  await expectOnce(storage, records);
  expect(failures).toBeLessThan(50);
  await storage.close();
  await server.stop();
});
