import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { describeDecisions } from "./contract-decisions.test-suite.ts";
import { describeExperiments, describeSharedExperiments } from "./contract-experiments.test-suite.ts";
import { describeGathered } from "./contract-gathered.test-suite.ts";
import { describePrompts, describeSharedPrompts } from "./contract-prompts.test-suite.ts";
import { describeRecordChanges } from "./contract-record-changes.test-suite.ts";
import { describeRecordLists } from "./contract-record-lists.test-suite.ts";
import { describeRecordStatistics } from "./contract-record-statistics.test-suite.ts";
import { describeRecords } from "./contract-records.test-suite.ts";
import { describeRoutes } from "./contract-routes.test-suite.ts";
import { describeThreads } from "./contract-threads.test-suite.ts";
import type { Feedback } from "./feedback-store.ts";
import { type Storage, StorageError } from "./interface.ts";
import type { StoredKey } from "./key-store.ts";
import type { StoredResponse } from "./response-store.ts";

const HOUR = 3_600_000;

function storedKey(change: Partial<StoredKey> = {}): StoredKey {
  const id = change.id ?? "key_1";
  return {
    id,
    name: "ci",
    hash: new Bun.CryptoHasher("sha256").update(id).digest("hex"),
    prefix: "ams_abcd",
    scopes: [],
    createdAt: 1_000,
    expiresAt: null,
    revokedAt: null,
    ...change,
  };
}

function feedback(change: Partial<Feedback> = {}): Feedback {
  return {
    id: "fb_1",
    target: "request",
    targetId: "req_1",
    name: "correct",
    value: true,
    comment: null,
    source: null,
    keyId: "key_1",
    receivedAt: 1_000,
    ...change,
  };
}

function storedResponse(change: Partial<StoredResponse> = {}): StoredResponse {
  return {
    id: "resp_1",
    keyId: "key_1",
    createdAt: 1_000,
    expiresAt: Date.UTC(2031, 0),
    status: "completed",
    background: false,
    previousId: null,
    provider: "anthropic",
    model: "claude-opus-4-1",
    response: '{"id":"resp_1"}',
    input: '[{"type":"message","id":"msg_1"}]',
    itemIds: ["msg_1"],
    leaseUntil: null,
    ...change,
  };
}

/**
 * What every database must do. `open` gives an empty one of its own for each test, `another` one more connection to that
 * which `open` gave last; it is left out where there can be no other.
 */
export function describeStorage(
  name: string,
  open: () => Promise<Storage>,
  another?: () => Promise<Storage>,
): void {
  describe(name, () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await open();
    });
    afterEach(() => storage.close());

    describe("keys", () => {
      test("are empty at first", async () => {
        expect(await storage.keys.list()).toEqual([]);
      });

      test("come back as they were stored, oldest first", async () => {
        const newer = storedKey({ id: "key_a", createdAt: Date.UTC(2030, 0), expiresAt: Date.UTC(2031, 0) });
        const older = storedKey({
          id: "key_b",
          name: "Łódź 🚋 '; DROP TABLE gateway_keys; --",
          scopes: ["admin"],
          revokedAt: 2_000,
        });
        await storage.keys.create(newer);
        await storage.keys.create(older);
        expect(await storage.keys.list()).toEqual([older, newer]);
      });

      test("are refused when the id or the hash is taken", async () => {
        const first = storedKey();
        await storage.keys.create(first);
        await expect(storage.keys.create(storedKey({ hash: "f".repeat(64) }))).rejects.toThrow(StorageError);
        await expect(storage.keys.create(storedKey({ id: "key_2", hash: first.hash }))).rejects.toThrow(
          StorageError,
        );
        expect(await storage.keys.list()).toEqual([first]);
      });

      test("are revoked once, and only the one named", async () => {
        await storage.keys.create(storedKey());
        await storage.keys.create(storedKey({ id: "key_2" }));
        expect(await storage.keys.revoke("key_1", 5_000)).toBe(true);
        expect(await storage.keys.revoke("key_1", 6_000)).toBe(false);
        expect(await storage.keys.revoke("key_9", 6_000)).toBe(false);
        expect((await storage.keys.list()).map((key) => key.revokedAt)).toEqual([5_000, null]);
      });

      test("a first key is made when the others are revoked or expired, and only then", async () => {
        await storage.keys.create(storedKey({ revokedAt: 2_000 }));
        await storage.keys.create(storedKey({ id: "key_2", expiresAt: HOUR }));
        expect(await storage.keys.createIfNoneUsable(storedKey({ id: "key_3", createdAt: HOUR - 1 }))).toBe(
          false,
        );
        expect(await storage.keys.createIfNoneUsable(storedKey({ id: "key_3", createdAt: HOUR }))).toBe(true);
        expect(await storage.keys.createIfNoneUsable(storedKey({ id: "key_4", createdAt: HOUR }))).toBe(
          false,
        );
        expect((await storage.keys.list()).map((key) => key.id)).toEqual(["key_1", "key_2", "key_3"]);
      });

      test("of several first keys made at once one is kept", async () => {
        const made = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            storage.keys.createIfNoneUsable(storedKey({ id: `key_${index}` })),
          ),
        );
        expect(made.filter(Boolean)).toHaveLength(1);
        expect(await storage.keys.list()).toHaveLength(1);
      });
    });

    describe("feedback", () => {
      test("comes back as it was stored, in the order it came, for its own target alone", async () => {
        const values = [
          true,
          false,
          0,
          -1.5e300,
          "",
          "Łódź 🚋 \u2028",
          { correction: "It is 42.\n" },
        ] as const;
        const items = values.map((value, index) =>
          feedback({ id: `fb_${index}`, value, receivedAt: 9 - index }),
        );
        const others = [
          feedback({ id: "other", targetId: "req_2" }),
          feedback({ id: "run", target: "run", comment: "too long", source: "judge", keyId: null }),
        ];
        expect(await storage.feedback.add([...items, ...others])).toEqual({ stored: 9, repeated: 0 });
        expect(await storage.feedback.forTarget("request", "req_1")).toEqual(items);
        expect(await storage.feedback.forTarget("run", "req_1")).toEqual([others[1]!]);
        expect(await storage.feedback.forTarget("thread", "req_1")).toEqual([]);
      });

      test("is stored once when its id is repeated, in one call or in several", async () => {
        const first = feedback({ value: 1 });
        expect(await storage.feedback.add([first, feedback({ value: 2 })])).toEqual({
          stored: 1,
          repeated: 1,
        });
        expect(await storage.feedback.add([feedback({ value: 3 })])).toEqual({ stored: 0, repeated: 1 });
        expect(await storage.feedback.forTarget("request", "req_1")).toEqual([first]);
      });

      test("one client's id does not hide another client's feedback", async () => {
        const items = [feedback({ keyId: "key_1" }), feedback({ keyId: "key_2" }), feedback({ keyId: null })];
        expect(await storage.feedback.add(items)).toEqual({ stored: 3, repeated: 0 });
        expect(await storage.feedback.add(items)).toEqual({ stored: 0, repeated: 3 });
      });

      test("keeps the newest 1,000 in an answer", async () => {
        await storage.feedback.add(
          Array.from({ length: 1_005 }, (_, index) => feedback({ id: `fb_${index}` })),
        );
        const found = await storage.feedback.forTarget("request", "req_1");
        expect([found.length, found[0]?.id, found.at(-1)?.id]).toEqual([1_000, "fb_5", "fb_1004"]);
      });

      test("of several targets comes together, in the order it came, the newest where it is much", async () => {
        const items = ["a", "b", "a", "c", "'"].map((targetId, index) =>
          feedback({ id: `fb_${index}`, targetId: `req_${targetId}` }),
        );
        await storage.feedback.add([...items, feedback({ id: "run", target: "run", targetId: "req_a" })]);
        const asked = ["req_a", "req_c", "req_'", "req_none"];
        const found = [items[0]!, items[2]!, items[3]!, items[4]!];
        expect(await storage.feedback.forTargets("request", asked, 100)).toEqual(found);
        expect(await storage.feedback.forTargets("request", asked, 2)).toEqual(found.slice(-2));
        expect(await storage.feedback.forTargets("request", [], 100)).toEqual([]);
      });

      test("stores all or none", async () => {
        // A name of the wrong type stands for anything that a database refuses in the middle of a batch.
        const broken = feedback({ id: "fb_2", name: null as unknown as string });
        await expect(storage.feedback.add([feedback(), broken])).rejects.toThrow(StorageError);
        expect(await storage.feedback.forTarget("request", "req_1")).toEqual([]);
      });
    });

    describe("responses", () => {
      const key = (id: string, keyId = "key_1") => ({ id, keyId });

      test("come back as they were stored, to their own key alone", async () => {
        const plain = storedResponse();
        const long = storedResponse({
          id: "resp_2",
          response: JSON.stringify({ text: "Łódź 🚋 \u2028\u0000".repeat(20_000) }),
          input: JSON.stringify([{ id: "msg_9", text: "in ".repeat(5_000) }]),
          itemIds: ["msg_9"],
          previousId: "resp_1",
          background: true,
        });
        const pointer = storedResponse({ id: "resp_3", response: null, provider: null, model: null });
        await storage.responses.put([plain, long, pointer]);
        for (const stored of [plain, long, pointer])
          expect(await storage.responses.get(stored)).toEqual(stored);
        expect(await storage.responses.get(key("resp_1", "key_2"))).toBeNull();
        expect(await storage.responses.get(key("resp_9"))).toBeNull();
      });

      test("of two keys may have one id", async () => {
        const mine = storedResponse();
        const theirs = storedResponse({ keyId: "key_2", status: "failed" });
        await storage.responses.put([mine, theirs]);
        expect(await storage.responses.get(mine)).toEqual(mine);
        expect(await storage.responses.delete(theirs)).toBe(true);
        expect(await storage.responses.get(mine)).toEqual(mine);
        expect(await storage.responses.withItems("key_1", ["msg_1"])).toEqual([mine]);
      });

      test("are replaced while they are being made, and final once they have ended", async () => {
        await storage.responses.put([storedResponse({ status: "queued", leaseUntil: 10, itemIds: ["old"] })]);
        const ended = storedResponse({ status: "cancelled" });
        await storage.responses.put([ended]);
        await storage.responses.put([storedResponse({ status: "completed", itemIds: ["late"] })]);
        expect(await storage.responses.get(ended)).toEqual(ended);
        expect(await storage.responses.withItems("key_1", ["old", "late"])).toEqual([]);
      });

      test("give the chain that they continue, newest first, up to the first that is missing", async () => {
        const chain = ["resp_0", "resp_1", "resp_2", "resp_3"].map((id, index) =>
          storedResponse({ id, previousId: index === 0 ? "resp_gone" : `resp_${index - 1}` }),
        );
        await storage.responses.put([
          ...chain,
          storedResponse({ id: "resp_gone", keyId: "key_2" }),
          storedResponse({ id: "resp_2", keyId: "key_2" }),
        ]);
        expect(await storage.responses.chain(key("resp_3"), 100)).toEqual(chain.toReversed());
        expect(await storage.responses.chain(key("resp_3"), 2)).toEqual(chain.slice(2).toReversed());
        expect(await storage.responses.chain(key("resp_gone"), 100)).toEqual([]);
      });

      test("that continue each other in a circle give no more than was asked for", async () => {
        await storage.responses.put([
          storedResponse({ id: "resp_1", previousId: "resp_2" }),
          storedResponse({ id: "resp_2", previousId: "resp_1" }),
        ]);
        expect(await storage.responses.chain(key("resp_1"), 5)).toHaveLength(5);
      });

      test("are found by the items that they have", async () => {
        const first = storedResponse({ itemIds: ["msg_1", "rs_1"] });
        const second = storedResponse({ id: "resp_2", itemIds: ["msg_1", "fc_'2"] });
        await storage.responses.put([first, second, storedResponse({ keyId: "key_2", itemIds: ["rs_1"] })]);
        expect(await storage.responses.withItems("key_1", ["rs_1", "rs_9"])).toEqual([first]);
        expect(await storage.responses.withItems("key_1", ["fc_'2"])).toEqual([second]);
        expect(await storage.responses.withItems("key_1", ["msg_1"])).toHaveLength(2);
        expect(await storage.responses.withItems("key_1", [])).toEqual([]);
      });

      test("are deleted once, with what leads to them", async () => {
        await storage.responses.put([storedResponse()]);
        expect(await storage.responses.delete(key("resp_1", "key_2"))).toBe(false);
        expect(await storage.responses.delete(key("resp_1"))).toBe(true);
        expect(await storage.responses.delete(key("resp_1"))).toBe(false);
        expect(await storage.responses.withItems("key_1", ["msg_1"])).toEqual([]);
      });

      test("that are being made have their leases moved on, and the others are told apart", async () => {
        await storage.responses.put([
          storedResponse({ status: "in_progress", leaseUntil: 10 }),
          storedResponse({ id: "resp_2", status: "queued", leaseUntil: 20 }),
          storedResponse({ id: "resp_3" }),
        ]);
        const asked = [key("resp_1"), key("resp_3"), key("resp_9"), key("resp_2", "key_2")];
        expect(await storage.responses.renew(asked, 50)).toEqual([key("resp_1")]);
        const abandoned = await storage.responses.abandoned(21, 10);
        expect(abandoned.map((item) => [item.id, item.leaseUntil])).toEqual([["resp_2", 20]]);
        expect(await storage.responses.abandoned(100, 1)).toHaveLength(1);
      });

      test("that have expired are deleted, the oldest first and no more than asked for", async () => {
        await storage.responses.put(
          [30, 10, 20, 40].map((expiresAt) => storedResponse({ id: `resp_${expiresAt}`, expiresAt })),
        );
        expect(await storage.responses.expire(35, 2)).toBe(2);
        expect(await storage.responses.get(key("resp_20"))).toBeNull();
        expect(await storage.responses.expire(35, 2)).toBe(1);
        expect(await storage.responses.expire(35, 2)).toBe(0);
        expect(await storage.responses.get(key("resp_40"))).not.toBeNull();
      });

      test("are stored all or none", async () => {
        const broken = storedResponse({ id: "resp_2", status: null as unknown as string });
        await expect(storage.responses.put([storedResponse(), broken])).rejects.toThrow(StorageError);
        expect(await storage.responses.get(key("resp_1"))).toBeNull();
      });
    });

    describeThreads(() => storage);
    describeRecords(() => storage);
    describeRecordLists(() => storage);
    describeRecordChanges(() => storage);
    describeRecordStatistics(() => storage);
    describeGathered(() => storage);
    describePrompts(() => storage);
    describeRoutes(() => storage);
    describeExperiments(() => storage);
    describeDecisions(() => storage);

    if (another !== undefined) {
      describe("open twice", () => {
        let second: Storage;
        beforeEach(async () => {
          second = await another();
        });
        afterEach(() => second.close());

        describeSharedPrompts(() => [storage, second]);
        describeSharedExperiments(() => [storage, second]);
      });
    }

    test("the revision changes with every change of the keys, and with nothing else", async () => {
      const seen = [await storage.revision()];
      await storage.keys.create(storedKey());
      seen.push(await storage.revision());
      await storage.keys.createIfNoneUsable(storedKey({ id: "key_2", createdAt: HOUR }));
      expect(await storage.revision()).toBe(seen[1]!);
      await storage.keys.revoke("key_1", 5_000);
      seen.push(await storage.revision());
      await storage.keys.createIfNoneUsable(storedKey({ id: "key_2", createdAt: HOUR }));
      seen.push(await storage.revision());
      expect(new Set(seen).size).toBe(4);
      await storage.keys.list();
      await expect(storage.keys.create(storedKey())).rejects.toThrow(StorageError);
      await storage.feedback.add([feedback()]);
      await storage.responses.put([storedResponse()]);
      await storage.check();
      expect(await storage.revision()).toBe(seen[3]!);
    });

    test("texts may hold any character, and are found by it", async () => {
      const odd = "\0a\u001a0\u001a\0\u001a1🚋'\\{\"}";
      const key = storedKey({ id: odd, name: odd });
      await storage.keys.create(key);
      expect(await storage.keys.list()).toEqual([key]);
      expect(await storage.keys.revoke(odd, 5_000)).toBe(true);
      const given = feedback({ id: odd, targetId: odd, name: odd, value: odd, comment: odd, source: odd });
      expect(await storage.feedback.add([given, { ...given, name: "" }])).toEqual({ stored: 1, repeated: 1 });
      expect(await storage.feedback.forTarget("request", odd)).toEqual([given]);
      const response = storedResponse({ id: odd, previousId: odd, itemIds: [odd, "NULL", ""], model: odd });
      await storage.responses.put([response]);
      expect(await storage.responses.withItems("key_1", [odd])).toEqual([response]);
      expect(await storage.responses.renew([{ id: odd, keyId: "key_1" }], 1)).toEqual([]);
    });

    test("says that it works", async () => {
      expect(await storage.check()).toBeNull();
      expect(await storage.check()).toBeNull();
    });

    test("once closed it refuses with a StorageError, and closing again is harmless", async () => {
      await storage.close();
      await storage.close();
      await expect(storage.keys.list()).rejects.toThrow(StorageError);
      expect(await storage.check()).toContain("closed");
    });
  });
}
