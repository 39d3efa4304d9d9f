import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Logger } from "../lib/logger.ts";
import { StorageFollower } from "../storage/follow.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { environmentKeys } from "./environment-keys.ts";
import { ensureFirstKey } from "./first-key.ts";
import { KeyRing } from "./key-ring.ts";
import { loadKeys } from "./load-keys.ts";
import { newKey } from "./new-key.ts";

const folder = mkdtempSync(join(tmpdir(), "amsterdam-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let database = "";
let storage: Storage;
let stop: AbortController;
beforeEach(async () => {
  database = join(mkdtempSync(join(folder, "db-")), "a.db");
  storage = await openStorage(`sqlite:${database}`, folder);
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await storage.close();
});

function memoryLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return {
    logger: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    lines,
  };
}

/** Milliseconds until the condition holds; throws after three seconds. */
async function until(condition: () => boolean): Promise<number> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 3_000) throw new Error("It did not happen within three seconds.");
    await Bun.sleep(5);
  }
  return performance.now() - start;
}

async function storeKey(name: string): Promise<{ id: string; key: string }> {
  const { key, stored } = newKey({ name, expiresAt: null, scopes: [] }, Date.now());
  await storage.keys.create(stored);
  return { id: stored.id, key };
}

/** Runs `amsterdam keys …` on the same database in another process. */
async function keysCommand(...argv: string[]): Promise<string> {
  const script = `
    const { runKeys } = await import(${JSON.stringify(join(import.meta.dir, "../cli/keys.ts"))});
    const { openStorage } = await import(${JSON.stringify(join(import.meta.dir, "../storage/open.ts"))});
    const { stdout, stderr } = process;
    const storageUrl = ${JSON.stringify(`sqlite:${database}`)};
    process.exitCode = await runKeys(${JSON.stringify(argv)}, { stdout, stderr, env: {}, cwd: ".", storageUrl, openStorage });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return output;
}

/** Keeps the ring as the storage has it, as a gateway does. */
function follow(
  ring: KeyRing,
  from: Pick<Storage, "keys" | "revision">,
  options: ConstructorParameters<typeof StorageFollower>[2],
): void {
  new StorageFollower(from, [{ name: "gateway keys", load: () => loadKeys(ring, from) }], options).start();
}

describe("keys followed in the storage", () => {
  test("a key that another process makes is admitted, and one that it revokes refused, each within a second", async () => {
    const ring = new KeyRing([]);
    follow(ring, storage, { logger: memoryLogger().logger, signal: stop.signal });
    const made = JSON.parse(await keysCommand("create", "--name", "ci", "--json"));
    expect(await until(() => ring.authenticate(made.key, Date.now())?.id === made.id)).toBeLessThan(1_000);
    await keysCommand("revoke", "ci");
    expect(await until(() => ring.authenticate(made.key, Date.now()) === null)).toBeLessThan(1_000);
  });

  test("this process's own changes are seen too", async () => {
    const ring = new KeyRing([]);
    follow(ring, storage, { logger: memoryLogger().logger, signal: stop.signal, intervalMs: 20 });
    const { id, key } = await storeKey("own");
    await until(() => ring.authenticate(key, Date.now()) !== null);
    await storage.keys.revoke(id, Date.now());
    await until(() => ring.authenticate(key, Date.now()) === null);
  });

  test("a storage that is gone leaves the keys in force, is logged once, and is followed again when it is back", async () => {
    const ring = new KeyRing([]);
    const { logger, lines } = memoryLogger();
    const { id, key } = await storeKey("kept");
    await loadKeys(ring, storage);
    renameSync(database, `${database}.away`);
    follow(ring, storage, { logger, signal: stop.signal, intervalMs: 10 });
    await until(() => lines.length > 0);
    await Bun.sleep(100);
    expect(lines).toEqual(["error: The gateway keys cannot be refreshed; those known stay."]);
    expect(ring.authenticate(key, Date.now())?.id).toBe(id);
    renameSync(`${database}.away`, database);
    await until(() => lines.length === 2);
    expect(lines[1]).toBe("info: The gateway keys are up to date again.");
    await storage.keys.revoke(id, Date.now());
    await until(() => ring.authenticate(key, Date.now()) === null);
  });

  test("a storage that was away may be another one, so that the same revision does not mean the same keys", async () => {
    const ring = new KeyRing([]);
    let away = false;
    // Restored from a backup meanwhile: of the same revision, and with other keys.
    const restored: Pick<Storage, "keys" | "revision"> = {
      keys: storage.keys,
      revision: async () => {
        if (away) throw new StorageError("It is away.");
        return 7;
      },
    };
    const { logger, lines } = memoryLogger();
    const { id, key } = await storeKey("before");
    follow(ring, restored, { logger, signal: stop.signal, intervalMs: 10 });
    await until(() => ring.authenticate(key, Date.now()) !== null);
    away = true;
    await until(() => lines.length === 1);
    await storage.keys.revoke(id, Date.now());
    away = false;
    await until(() => ring.authenticate(key, Date.now()) === null);
  });

  test("stops with its signal", async () => {
    const ring = new KeyRing([]);
    follow(ring, storage, { logger: memoryLogger().logger, signal: stop.signal, intervalMs: 10 });
    const { key } = await storeKey("first");
    await until(() => ring.authenticate(key, Date.now()) !== null);
    stop.abort();
    await Bun.sleep(30);
    const { key: late } = await storeKey("late");
    await Bun.sleep(100);
    expect(ring.authenticate(late, Date.now())).toBeNull();
  });
});

describe("the first key", () => {
  test("is made when there is none, admitted at once, and made once", async () => {
    const ring = new KeyRing([]);
    const key = await ensureFirstKey(ring, storage);
    expect(key).toMatch(/^ams_/);
    expect(ring.authenticate(key!, Date.now())?.name).toBe("first key");
    expect(await ensureFirstKey(new KeyRing([]), storage)).toBeNull();
  });

  test("is not made beside an environment key or a usable stored one", async () => {
    const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "main" }));
    expect(await ensureFirstKey(ring, storage)).toBeNull();
    expect(await storage.keys.list()).toEqual([]);
    const { key } = await storeKey("usable");
    const second = new KeyRing([]);
    expect(await ensureFirstKey(second, storage)).toBeNull();
    expect(second.authenticate(key, Date.now())?.name).toBe("usable");
  });

  test("is made anew when all others are revoked", async () => {
    const { id } = await storeKey("old");
    await storage.keys.revoke(id, Date.now());
    expect(await ensureFirstKey(new KeyRing([]), storage)).toMatch(/^ams_/);
  });

  test("of gateways started together is made by one, and admitted by all", async () => {
    const rings = Array.from({ length: 4 }, () => new KeyRing([]));
    const keys = (await Promise.all(rings.map((ring) => ensureFirstKey(ring, storage)))).filter(
      (key) => key !== null,
    );
    expect(keys).toHaveLength(1);
    expect(rings.map((ring) => ring.authenticate(keys[0]!, Date.now())?.name)).toEqual(
      Array(4).fill("first key"),
    );
  });

  test("is nowhere in the files of the database, only its hash is", async () => {
    const key = (await ensureFirstKey(new KeyRing([]), storage))!;
    const hash = (await storage.keys.list())[0]!.hash;
    const bytes = () =>
      Buffer.concat(
        readdirSync(dirname(database)).map((name) => readFileSync(join(dirname(database), name))),
      );
    const whileOpen = bytes();
    await storage.close();
    for (const content of [whileOpen, bytes()]) {
      expect(content.includes(key)).toBe(false);
      expect(content.includes(key.slice("ams_".length))).toBe(false);
      expect(content.includes(hash)).toBe(true);
    }
  });
});
