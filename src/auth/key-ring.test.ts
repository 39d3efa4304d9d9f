import { describe, expect, mock, test } from "bun:test";
import * as crypto from "node:crypto";
import type { StoredKey } from "../storage/key-store.ts";
import { environmentKeys } from "./environment-keys.ts";
import { KeyRing } from "./key-ring.ts";
import { hashKey } from "./keys.ts";

const NOW = Date.UTC(2026, 10, 22);

function stored(key: string, change: Partial<StoredKey> = {}): StoredKey {
  return {
    id: `key_${key}`,
    name: `name of ${key}`,
    hash: hashKey(key),
    prefix: key.slice(0, 8),
    scopes: [],
    createdAt: NOW,
    expiresAt: null,
    revokedAt: null,
    ...change,
  };
}

describe("KeyRing", () => {
  test("admits environment and stored keys, and says whose they are", () => {
    const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main", ADDITIONAL_API_KEYS: "second" }));
    ring.replaceStored([stored("third")]);
    expect(ring.authenticate("main", NOW)).toEqual({
      id: "env_amp",
      name: "AMP_API_KEY",
      scopes: ["admin"],
    });
    expect(ring.authenticate("second", NOW)?.id).toBe("env_additional_1");
    expect(ring.authenticate("third", NOW)).toEqual({
      id: "key_third",
      name: "name of third",
      scopes: [],
    });
  });

  test("knows what each key may do; a key that is also in the environment may do all", () => {
    const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
    ring.replaceStored([stored("main"), stored("plain"), stored("admin", { scopes: ["admin"] })]);
    expect(["main", "plain", "admin"].map((key) => ring.authenticate(key, NOW)?.scopes)).toEqual([
      ["admin"],
      [],
      ["admin"],
    ]);
  });

  test.each(["", "mai", "main ", "Main", "main\0", hashKey("main"), "x".repeat(513)])(
    "refuses %j",
    (candidate) => {
      const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
      expect(ring.authenticate(candidate, NOW)).toBeNull();
    },
  );

  test("admits the longest key and hashes none that is longer", () => {
    const ring = new KeyRing([{ id: "env_amp", name: "AMP_API_KEY", key: "x".repeat(512) }]);
    expect(ring.authenticate("x".repeat(512), NOW)).not.toBeNull();
    const start = performance.now();
    const huge = "x".repeat(50_000_000);
    for (let round = 0; round < 1_000; round++) ring.authenticate(huge, NOW);
    // Hashing 50 MB a thousand times takes minutes.
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("refuses revoked keys, and expired ones from that moment on", () => {
    const ring = new KeyRing([]);
    ring.replaceStored([stored("revoked", { revokedAt: NOW - 1 }), stored("expiring", { expiresAt: NOW })]);
    expect(ring.authenticate("revoked", NOW)).toBeNull();
    expect(ring.authenticate("expiring", NOW - 1)?.id).toBe("key_expiring");
    expect(ring.authenticate("expiring", NOW)).toBeNull();
  });

  test("a new snapshot takes the place of the old one, environment keys stay", () => {
    const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
    ring.replaceStored([stored("old")]);
    ring.replaceStored([stored("new"), stored("main", { revokedAt: NOW })]);
    expect(["old", "new", "main"].map((key) => ring.authenticate(key, NOW)?.id)).toEqual([
      undefined,
      "key_new",
      "env_amp",
    ]);
  });

  test("knows by a key's id whether it is still admitted", () => {
    const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
    ring.replaceStored([stored("a"), stored("b", { expiresAt: NOW }), stored("c", { revokedAt: 1 })]);
    const usable = ["key_a", "key_b", "key_c", "env_amp", "__proto__"].filter((id) => ring.isUsable(id, NOW));
    expect(usable).toEqual(["key_a", "env_amp"]);
    expect(ring.isUsable("key_b", NOW - 1)).toBe(true);
    ring.replaceStored([]);
    expect(ring.isUsable("key_a", NOW)).toBe(false);
  });

  test("knows whether any key is usable", () => {
    const ring = new KeyRing([]);
    expect(ring.hasUsable(NOW)).toBe(false);
    ring.replaceStored([stored("a", { revokedAt: 1 }), stored("b", { expiresAt: NOW })]);
    expect(ring.hasUsable(NOW)).toBe(false);
    expect(ring.hasUsable(NOW - 1)).toBe(true);
    expect(new KeyRing(environmentKeys({ AMP_API_KEY: "main" })).hasUsable(NOW)).toBe(true);
  });

  test("compares digests in constant time, and admits nobody whom that comparison refuses", async () => {
    const original = { ...crypto };
    const compare = mock((_a: NodeJS.ArrayBufferView, _b: NodeJS.ArrayBufferView) => false);
    mock.module("node:crypto", () => ({ ...original, timingSafeEqual: compare }));
    try {
      const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
      expect(ring.authenticate("main", NOW)).toBeNull();
      expect(compare.mock.calls.map((args) => args.map(String))).toEqual([
        [hashKey("main"), hashKey("main")],
      ]);
    } finally {
      mock.module("node:crypto", () => original);
    }
    expect(new KeyRing(environmentKeys({ AMP_API_KEY: "main" })).authenticate("main", NOW)?.id).toBe(
      "env_amp",
    );
  });

  test("does not look through 10,000 keys one by one", () => {
    const ring = new KeyRing([]);
    ring.replaceStored(Array.from({ length: 10_000 }, (_, index) => stored(`ams_${index}`.padEnd(47, "x"))));
    const [known, unknown] = ["ams_5000".padEnd(47, "x"), "ams_none".padEnd(47, "x")];
    expect([ring.authenticate(known, NOW)?.id, ring.authenticate(unknown, NOW)]).toEqual([
      `key_${known}`,
      null,
    ]);
    const rounds = 20_000;
    const start = performance.now();
    for (let round = 0; round < rounds; round++) ring.authenticate(round % 2 ? known : unknown, NOW);
    // Measured: 0.3 us; comparing with each key would take milliseconds.
    expect(((performance.now() - start) / rounds) * 1_000).toBeLessThan(1_000);
  });
});
