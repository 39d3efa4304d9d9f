import { beforeEach, describe, expect, test } from "bun:test";
import type { ClientReport } from "./client-report-store.ts";
import { type Storage, StorageError } from "./interface.ts";
import type { StoredThread } from "./thread-store.ts";

const OWN = { keyId: "key_1" };

function thread(change: Partial<StoredThread> = {}): StoredThread {
  return {
    id: "T-1",
    keyId: "key_1",
    version: 1,
    title: "Łódź 🚋 '; DROP TABLE threads; --",
    messageCount: 2,
    mainId: null,
    createdAt: 1_000,
    updatedAt: 2_000,
    archived: false,
    meta: null,
    listing: "{}",
    data: '{"id":"T-1","text":"\\u0000\\ud800"}',
    ...change,
  };
}

function summary({ data: _data, ...rest }: StoredThread) {
  return rest;
}

function report(change: Partial<ClientReport> = {}): ClientReport {
  return { kind: "telemetry", keyId: "key_1", body: '{"n":1}', receivedAt: 1_000, ...change };
}

/** What every database must do with the Amp client's threads and reports. `opened` gives each test's empty one. */
export function describeThreads(opened: () => Storage): void {
  let storage: Storage;
  beforeEach(() => {
    storage = opened();
  });

  describe("threads", () => {
    test("come back as they were stored, to their own key and to all", async () => {
      const { threads } = storage;
      const kept = thread({ meta: '{"visibility":"private"}', archived: true, mainId: "T-0" });
      expect(await threads.put(kept, OWN)).toBeNull();
      expect(await threads.get("T-1", OWN)).toEqual(kept);
      expect(await threads.get("T-1", "all")).toEqual(kept);
      expect(await threads.get("T-1", { keyId: "key_2" })).toBeNull();
      expect(await threads.get("T-", OWN)).toBeNull();
      expect(await threads.find(["T-9", "T-1", "__proto__"], OWN)).toEqual([summary(kept)]);
      expect(await threads.find(["T-1"], { keyId: "key_2" })).toEqual([]);
    });

    test("are replaced by the same or a later version, never by an earlier one", async () => {
      const { threads } = storage;
      await threads.put(thread({ version: 5 }), OWN);
      expect(await threads.put(thread({ version: 4, title: "late" }), OWN)).toBe(5);
      expect((await threads.get("T-1", OWN))?.title).not.toBe("late");
      expect(await threads.put(thread({ version: 5, title: "same" }), OWN)).toBeNull();
      expect(await threads.put(thread({ version: 6, title: "next", messageCount: 9 }), OWN)).toBeNull();
      expect(await threads.get("T-1", OWN)).toMatchObject({ version: 6, title: "next", messageCount: 9 });
    });

    test("keep what was set apart from them when they are stored again", async () => {
      const { threads } = storage;
      await threads.put(thread({ meta: '{"a":1}' }), OWN);
      expect(await threads.amend("T-1", OWN, { archived: true, updatedAt: 3_000 })).toBe(true);
      expect(await threads.amend("T-1", OWN, { meta: '{"b":2}', updatedAt: 4_000 })).toBe(true);
      await threads.put(thread({ version: 2, meta: '{"a":1}', archived: false, updatedAt: 5_000 }), OWN);
      expect(await threads.get("T-1", OWN)).toMatchObject({
        meta: '{"b":2}',
        archived: true,
        updatedAt: 5_000,
      });
      expect(await threads.amend("T-1", OWN, { archived: false, updatedAt: 6_000 })).toBe(true);
      expect(await threads.get("T-1", OWN)).toMatchObject({ archived: false, meta: '{"b":2}' });
      expect(await threads.amend("T-1", { keyId: "key_2" }, { archived: true, updatedAt: 1 })).toBe(false);
      expect(await threads.amend("T-9", "all", { archived: true, updatedAt: 1 })).toBe(false);
    });

    test("of one id in several keys are kept apart, and are one where all are seen", async () => {
      const { threads } = storage;
      const other = { keyId: "key_2" };
      await threads.put(thread({ title: "first", version: 9 }), OWN);
      expect(await threads.put(thread({ ...other, title: "second", updatedAt: 3_000 }), other)).toBeNull();
      expect((await threads.get("T-1", OWN))?.title).toBe("first");
      expect((await threads.get("T-1", "all"))?.title).toBe("second");
      expect(
        await threads.put(thread({ keyId: "key_3", title: "third", updatedAt: 4_000 }), "all"),
      ).toBeNull();
      expect(await threads.get("T-1", other)).toMatchObject({ title: "third", keyId: "key_2" });
      expect(await threads.get("T-1", { keyId: "key_3" })).toBeNull();
      expect(await threads.find(["T-1"], "all")).toMatchObject([{ title: "third" }]);
    });

    test("are deleted with those that work for them, within their scope", async () => {
      const { threads } = storage;
      const other = { keyId: "key_2" };
      await threads.put(thread(), OWN);
      await threads.put(thread({ id: "T-2", mainId: "T-1" }), OWN);
      await threads.put(thread({ id: "T-3" }), OWN);
      await threads.put(thread(other), other);
      expect(await threads.delete("T-1", OWN)).toBe(2);
      expect(await threads.delete("T-1", OWN)).toBe(0);
      expect((await threads.list("all", { limit: 10 })).map(({ id, keyId }) => [id, keyId])).toEqual([
        ["T-1", "key_2"],
        ["T-3", "key_1"],
      ]);
      expect(await threads.delete("T-1", "all")).toBe(1);
    });

    test("are listed by their last change, by key, by the beginning of their ids", async () => {
      const { threads } = storage;
      for (const [at, id] of ["T-ab", "T-Ab", "T-a%", "T-a_", "T-b", "T-a🚋"].entries())
        await threads.put(thread({ id, updatedAt: at, archived: id === "T-b" }), OWN);
      await threads.put(thread({ id: "T-az", keyId: "key_2", updatedAt: 99 }), { keyId: "key_2" });
      const ids = async (...args: Parameters<typeof threads.list>) =>
        (await threads.list(...args)).map(({ id }) => id);
      expect(await ids(OWN, { limit: 3 })).toEqual(["T-a🚋", "T-b", "T-a_"]);
      expect(await ids(OWN, { limit: 3, archived: false })).toEqual(["T-a🚋", "T-a_", "T-a%"]);
      expect(await ids(OWN, { limit: 10, prefix: "T-a" })).toEqual(["T-a🚋", "T-a_", "T-a%", "T-ab"]);
      expect(await ids("all", { limit: 2, prefix: "T-a" })).toEqual(["T-az", "T-a🚋"]);
      expect(await ids("all", { limit: 10, prefix: "t" })).toEqual([]);
      expect(await ids(OWN, { limit: 0 })).toEqual([]);
    });

    test("stored several times at once are one, of the highest version", async () => {
      const { threads } = storage;
      const versions = [3, 9, 1, 7, 5, 2, 8, 4, 6, 10];
      await Promise.all(versions.map((version) => threads.put(thread({ version }), OWN)));
      expect((await threads.get("T-1", OWN))?.version).toBe(10);
      expect(await threads.list("all", { limit: 10 })).toHaveLength(1);
    });

    test("that cannot be stored change nothing", async () => {
      const { threads } = storage;
      await threads.put(thread(), OWN);
      const broken = thread({ version: 2, data: null as unknown as string });
      await expect(threads.put(broken, OWN)).rejects.toThrow(StorageError);
      expect((await threads.get("T-1", OWN))?.version).toBe(1);
    });
  });

  describe("clients' reports", () => {
    test("come back newest first, each kind for itself", async () => {
      const { clientReports } = storage;
      const all = [
        report({ body: '{"n":1}' }),
        report({ kind: "error" }),
        report({ body: '{"n":2}', keyId: "k" }),
      ];
      await clientReports.add(all);
      expect(await clientReports.newest("telemetry", 10)).toEqual([all[2]!, all[0]!]);
      expect(await clientReports.newest("telemetry", 1)).toEqual([all[2]!]);
      expect(await clientReports.newest("error", 10)).toEqual([all[1]!]);
    });

    test("are stored all or none", async () => {
      const { clientReports } = storage;
      const broken = report({ body: null as unknown as string });
      await expect(clientReports.add([report(), broken])).rejects.toThrow();
      expect(await clientReports.newest("telemetry", 10)).toEqual([]);
    });

    test("are deleted by age, in steps", async () => {
      const { clientReports } = storage;
      await clientReports.add([1, 2, 3, 4, 5].map((receivedAt) => report({ receivedAt })));
      const bounds = { before: 4, maxCharacters: Infinity, limit: 2 };
      expect(await clientReports.prune(bounds)).toBe(2);
      expect(await clientReports.prune(bounds)).toBe(1);
      expect(await clientReports.prune(bounds)).toBe(0);
      expect((await clientReports.newest("telemetry", 10)).map(({ receivedAt }) => receivedAt)).toEqual([
        5, 4,
      ]);
    });

    test("are deleted until the rest is small enough, and no more than that", async () => {
      const { clientReports } = storage;
      await clientReports.add([1, 2, 3, 4].map((n) => report({ body: "x".repeat(100 * n), receivedAt: n })));
      expect(await clientReports.prune({ before: 0, maxCharacters: 1_000, limit: 10 })).toBe(0);
      expect(await clientReports.prune({ before: 0, maxCharacters: 701, limit: 10 })).toBe(2);
      expect((await clientReports.newest("telemetry", 10)).map(({ receivedAt }) => receivedAt)).toEqual([
        4, 3,
      ]);
      expect(await clientReports.prune({ before: 0, maxCharacters: 0, limit: 10 })).toBe(2);
    });
  });
}
