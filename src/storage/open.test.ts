import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordedDecision } from "../records/testing.ts";
import { type Storage, StorageError } from "./interface.ts";
import type { StoredKey } from "./key-store.ts";
import { openStorage } from "./open.ts";
import { sampleRecord } from "./sample-records.test-suite.ts";

const BUN = process.execPath;
const OPEN_TS = join(import.meta.dir, "open.ts");
const KEY: StoredKey = {
  id: "key_1",
  name: "ci",
  hash: "0".repeat(64),
  prefix: "ams_abcd",
  scopes: [],
  createdAt: 1,
  expiresAt: null,
  revokedAt: null,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-open-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The message of the StorageError that opening ends with. */
async function refusal(url: string, cwd = folder): Promise<string> {
  try {
    await (await openStorage(url, cwd)).close();
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError);
    return (error as StorageError).message;
  }
  throw new Error(`${url} was opened`);
}

/** Runs a script with `openStorage` in another process. */
function inAnotherProcess(script: string, command: string[] = [BUN]) {
  const source = `const { openStorage } = await import(${JSON.stringify(OPEN_TS)}); ${script}`;
  return Bun.spawn([...command, "-e", source], { cwd: folder, stdout: "pipe", stderr: "pipe" });
}

async function output(child: ReturnType<typeof inAnotherProcess>): Promise<string> {
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return stdout + stderr;
}

describe("storage.url", () => {
  test("names a file from the working folder, or anywhere", async () => {
    for (const url of ["sqlite:data/a.db", `sqlite:${folder}/abs/a.db`, `SQLite://${folder}/slashes/a.db`]) {
      await (await openStorage(url, folder)).close();
    }
    expect(["data/a.db", "abs/a.db", "slashes/a.db"].map((path) => existsSync(join(folder, path)))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("of another kind is refused with what is supported, and without its password", async () => {
    const message = await refusal("mysql://user:hunter2@db/amsterdam");
    expect(message).toContain('"mysql:"');
    expect(message).toContain("sqlite:<file> or postgres://");
    expect(message).not.toContain("hunter2");
  });

  test.each([
    "",
    "data/amsterdam.db",
    "sqlite:",
    "sqlite://data/amsterdam.db",
    "sqlite:a\0b",
    "postgres://a#b@c",
  ])("%j is refused", async (url) => {
    expect(await refusal(url)).toContain("storage.url");
  });
});

describe("a new database", () => {
  test("is its owner's alone, with its folder and the files beside it", async () => {
    const storage = await openStorage("sqlite:private/deep/a.db", folder);
    await storage.keys.create(KEY);
    const mode = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
    expect(["private", "private/deep"].map(mode)).toEqual(["700", "700"]);
    expect(["a.db", "a.db-wal", "a.db-shm"].map((name) => mode(`private/deep/${name}`))).toEqual([
      "600",
      "600",
      "600",
    ]);
    await storage.close();
  });

  test("opened by eight processes at once is migrated once, and all succeed", async () => {
    const script = `
      const storage = await openStorage("sqlite:race/a.db", ".");
      const key = { ...${JSON.stringify(KEY)}, id: "key_" + process.pid, hash: String(process.pid) };
      console.log(await storage.keys.createIfNoneUsable(key));
      await storage.close();`;
    const outputs = await Promise.all(Array.from({ length: 8 }, () => output(inAnotherProcess(script))));
    expect(outputs.sort()).toEqual([...Array(7).fill("false\n"), "true\n"]);
    const storage = await openStorage("sqlite:race/a.db", folder);
    expect(await storage.keys.list()).toHaveLength(1);
    await storage.close();
  }, 30_000);
});

describe("a database that cannot be used is refused with path, cause and remedy:", () => {
  test("a folder in its place", async () => {
    mkdirSync(join(folder, "a-folder"));
    expect(await refusal("sqlite:a-folder")).toBe(
      `Cannot use the database ${folder}/a-folder: it is a folder. Name a file in storage.url.`,
    );
  });

  test("a device in its place", async () => {
    expect(await refusal("sqlite:/dev/null")).toContain("not a regular file");
  });

  test("a file where a folder should be", async () => {
    writeFileSync(join(folder, "a-file"), "");
    for (const url of ["sqlite:a-file/a.db", "sqlite:a-file/deeper/a.db"]) {
      expect(await refusal(url)).toContain("a part of the path is a file");
    }
  });

  test.each([7, 100, 5_000, 100_000])(
    "%d bytes that are no database, and they stay as they were",
    async (size) => {
      const garbage = Buffer.alloc(size, "not a database. ");
      writeFileSync(join(folder, `garbage-${size}`), garbage);
      const message = await refusal(`sqlite:garbage-${size}`);
      expect(message).toContain(`${folder}/garbage-${size}`);
      expect(message).toContain("not a SQLite database");
      expect(readFileSync(join(folder, `garbage-${size}`)).equals(garbage)).toBe(true);
    },
  );

  test("damaged pages", async () => {
    const path = join(folder, "damaged.db");
    await (await openStorage(`sqlite:${path}`, folder)).close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xaa, 100));
    expect(await refusal(`sqlite:${path}`)).toContain("damaged");
  });

  test("another program's tables, which stay as they were", async () => {
    const path = join(folder, "other.db");
    const other = new Database(path);
    other.run("CREATE TABLE customers (id INTEGER)");
    other.close();
    const before = readFileSync(path);
    expect(await refusal(`sqlite:${path}`)).toContain("belongs to another program");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("the schema of a newer version", async () => {
    const path = join(folder, "newer.db");
    await (await openStorage(`sqlite:${path}`, folder)).close();
    const newer = new Database(path);
    newer.run("PRAGMA user_version = 999");
    newer.close();
    const message = await refusal(`sqlite:${path}`);
    expect(message).toContain("a newer Amsterdam has written it (schema 999, this one knows ");
    expect(message).toContain("Start the newer version");
  });

  test("a folder that this user may not write", async () => {
    const locked = join(folder, "locked");
    mkdirSync(locked);
    chmodSync(folder, 0o755);
    chmodSync(locked, 0o555);
    const script = `await openStorage("sqlite:locked/a.db", ".").catch((error) => console.log(error.message));`;
    // The superuser may write everywhere, so the tests of such a one ask as nobody.
    const unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BUN];
    const command = process.getuid?.() === 0 ? unprivileged : [BUN];
    const message = await output(inAnotherProcess(script, command));
    expect(message).toContain("locked/a.db");
    expect(message).toContain("this user may not write there");
  });

  test("a full disk", async () => {
    // A limit on the size of files is the full disk that needs no privileges; ignoring the signal makes it an error.
    const shell = ["sh", "-c", `trap '' XFSZ; ulimit -f 8; exec "$0" "$@"`, BUN];
    const script = `await openStorage("sqlite:full/a.db", ".").catch((error) => console.log(error.message));`;
    const message = await output(inAnotherProcess(script, shell));
    expect(message).toMatch(/full\/a\.db: (the disk or the quota is full|reading or writing it failed)/);
    expect(message).toMatch(/free space|Free some space/);
  });
});

test("keys that were made before there were scopes may call models; the first one may do everything", async () => {
  const path = join(folder, "old-keys.db");
  const old = new Database(path);
  old.run(`CREATE TABLE gateway_keys (id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) STRICT`);
  old.run("CREATE TABLE feedback (name TEXT, target TEXT, target_id TEXT, received_at INTEGER) STRICT");
  old.run(
    "INSERT INTO gateway_keys VALUES ('a', 'first key', '1', 'p', 1, NULL, NULL), ('b', 'ci', '2', 'p', 2, 9, 8)",
  );
  old.run("PRAGMA application_id = 0x414d5354");
  old.run("PRAGMA user_version = 3");
  old.close();
  const storage = await openStorage(`sqlite:${path}`, folder);
  expect((await storage.keys.list()).map(({ id, scopes }) => [id, scopes])).toEqual([
    ["a", ["admin"]],
    ["b", []],
  ]);
  await storage.close();
});

/** Those that the sixth version of the schema did not have. */
const NEWER_TABLES = `
  SELECT name FROM sqlite_schema
  WHERE type = 'table' AND (name GLOB 'prompt_*' OR name GLOB 'experiment*' OR name IN ('record_versions', 'record_variants', 'gateway_routes'))`;

test("records that were kept before there were experiments have no decisions, and new ones have", async () => {
  const path = join(folder, "old-records.db");
  const before = await openStorage(`sqlite:${path}`, folder);
  const [first, second] = [1, 2].map((at) => sampleRecord({ startedAt: at, tags: ["kept"] }));
  await before.records.write([{ record: first!, bodies: null }]);
  await before.keys.create(KEY);
  await before.close();
  const old = new Database(path);
  for (const { name } of old.query<{ name: string }, []>(NEWER_TABLES).all()) old.run(`DROP TABLE ${name}`);
  old.run("DROP INDEX feedback_by_time");
  for (const column of ["decisions", "choice"]) old.run(`ALTER TABLE records DROP COLUMN ${column}`);
  old.run("DELETE FROM revisions WHERE name <> 'keys'");
  old.run("PRAGMA user_version = 6");
  old.close();
  const storage = await openStorage(`sqlite:${path}`, folder);
  expect(await storage.records.get(first!.id)).toEqual(first!);
  expect(await storage.keys.list()).toEqual([KEY]);
  const decided = { ...second!, decisions: [recordedDecision()] };
  await storage.records.write([{ record: decided, bodies: null }]);
  expect(await storage.records.get(decided.id)).toEqual(decided);
  expect((await storage.experiments.decided("greeting-1", { limit: 9 })).requests).toHaveLength(1);
  const revision = await storage.revision();
  await storage.prompts.moveLabel({ template: "a", label: "b", version: "1", movedAt: 1, movedBy: null });
  expect(await storage.revision()).toBe(revision + 1);
  await storage.close();
});

describe("an open database", () => {
  let storage: Storage;
  const opened = async (name: string) => {
    storage = await openStorage(`sqlite:${name}`, folder);
    return storage;
  };

  test("shows another process's new key in its revision", async () => {
    await opened("shared.db");
    const before = await storage.revision();
    const script = `const s = await openStorage("sqlite:shared.db", "."); await s.keys.create(${JSON.stringify(KEY)}); await s.close();`;
    expect(await output(inAnotherProcess(script))).toBe("");
    expect(await storage.revision()).not.toBe(before);
    expect((await storage.keys.list()).map((key) => key.id)).toEqual(["key_1"]);
    await storage.close();
  });

  test("waits for another's lock without holding up the event loop", async () => {
    await opened("locked.db");
    const holder = new Database(join(folder, "locked.db"));
    holder.run("BEGIN IMMEDIATE");
    let ticks = 0;
    const ticker = setInterval(() => ticks++, 5);
    setTimeout(() => holder.run("COMMIT"), 300);
    await storage.keys.create(KEY);
    clearInterval(ticker);
    expect(ticks).toBeGreaterThan(10);
    holder.close();
    await storage.close();
  });

  test("can be read while another holds a lock", async () => {
    await opened("read-locked.db");
    const holder = new Database(join(folder, "read-locked.db"));
    holder.run("BEGIN IMMEDIATE");
    const start = performance.now();
    await Promise.all([storage.revision(), storage.keys.list()]);
    expect(performance.now() - start).toBeLessThan(4_000);
    holder.close();
    await storage.close();
  });

  test("says so when its file was removed, and works again when it is put back", async () => {
    await opened("removed.db");
    await storage.keys.create(KEY);
    renameSync(join(folder, "removed.db"), join(folder, "kept.db"));
    expect(await storage.check()).toContain("the file was removed or replaced while in use");
    await expect(storage.keys.revoke("key_1", 2)).rejects.toThrow(StorageError);
    renameSync(join(folder, "kept.db"), join(folder, "removed.db"));
    expect(await storage.check()).toBeNull();
    await storage.close();
  });

  test("leaves alone a file that took its place", async () => {
    const backup = await openStorage("sqlite:backup.db", folder);
    await backup.keys.create({ ...KEY, name: "restored" });
    await backup.close();
    const before = readFileSync(join(folder, "backup.db"));
    await opened("replaced.db");
    renameSync(join(folder, "backup.db"), join(folder, "replaced.db"));
    await expect(storage.keys.create(KEY)).rejects.toThrow("removed or replaced while in use");
    await storage.close();
    expect(readFileSync(join(folder, "replaced.db")).equals(before)).toBe(true);
  });
});
