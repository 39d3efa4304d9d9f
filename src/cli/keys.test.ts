import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashKey } from "../auth/keys.ts";
import { openStorage } from "../storage/open.ts";
import { runKeys } from "./keys.ts";
import type { StoredIo } from "./stored.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-keys-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(root, "case-"));
});

async function keys(argv: string[], change: Partial<StoredIo> = {}) {
  let stdout = "";
  let stderr = "";
  const code = await runKeys(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd,
    storageUrl: "sqlite:keys.db",
    openStorage,
    ...change,
  });
  return { code, stdout, stderr };
}

async function create(...argv: string[]) {
  return JSON.parse((await keys(["create", "--json", ...argv])).stdout);
}

async function listed() {
  return JSON.parse((await keys(["list", "--json"])).stdout);
}

describe("keys create", () => {
  test("shows the key once and stores its hash", async () => {
    const { code, stdout, stderr } = await keys(["create", "--name", "ci"]);
    expect([code, stderr]).toEqual([0, ""]);
    const key = /ams_[0-9A-Za-z]{43}/.exec(stdout)?.[0] ?? "";
    expect(stdout).toContain('Key "ci" (key_');
    expect(stdout).toContain("does not expire");
    const storage = await openStorage("sqlite:keys.db", cwd);
    expect(await storage.keys.list()).toMatchObject([
      { name: "ci", hash: hashKey(key), prefix: key.slice(0, 8) },
    ]);
    await storage.close();
  });

  test("gives JSON for scripts", async () => {
    const made = await create("--expires", "2099-12-31");
    expect(Object.keys(made)).toEqual(["id", "name", "key", "prefix", "scopes", "created_at", "expires_at"]);
    expect(made).toMatchObject({ name: "unnamed", expires_at: "2100-01-01T00:00:00.000Z" });
    expect(Math.abs(Date.parse(made.created_at) - Date.now())).toBeLessThan(60_000);
  });

  test("makes a key for the management API when asked to", async () => {
    expect((await create()).scopes).toEqual([]);
    expect((await create("--admin")).scopes).toEqual(["admin"]);
    expect((await listed()).map((key: { scopes: string[] }) => key.scopes)).toEqual([[], ["admin"]]);
    expect((await keys(["list"])).stdout).toMatch(/ams_.{4}… +admin +20/);
  });

  test("says when the key expires", async () => {
    const { stdout } = await keys(["create", "--expires", "2099-12-31T18:00:00Z"]);
    expect(stdout).toContain("It expires on 2099-12-31 18:00 UTC.");
  });

  test.each(
    [
      ["--expires", "yesterday"],
      ["--expires", "2020-01-01"],
      ["--name", ""],
      ["--name", "a\u001b[2J"],
      ["ci"],
    ].map((argv): [string[]] => [argv]),
  )("%j is wrong usage and makes no key", async (argv) => {
    const { code, stdout, stderr } = await keys(["create", ...argv]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("See: amsterdam keys --help");
    expect(await listed()).toEqual([]);
  });
});

describe("keys list", () => {
  test("shows stored and environment keys with their states and without any key", async () => {
    const [active, expiring, revoked] = [
      await create("--name", "运维 ci"),
      await create("--expires", "1h"),
      await create(),
    ];
    await keys(["revoke", revoked.id]);
    const env = { AMP_API_KEY: "secret-of-the-environment", ADDITIONAL_API_KEYS: "another-secret" };
    const { code, stdout } = await keys(["list"], { env });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^ID +NAME +PREFIX +SCOPES +CREATED +EXPIRES +STATE$/);
    expect(lines[1]).toMatch(/^env_amp +AMP_API_KEY .* active$/);
    expect(lines[2]).toMatch(/^env_additional_1 +ADDITIONAL_API_KEYS #1 .* active$/);
    expect(lines.find((line) => line.startsWith(active.id))).toMatch(
      /运维 ci +ams_.{4}… +- .* never +active$/,
    );
    expect(lines.find((line) => line.startsWith(revoked.id))).toMatch(/ revoked$/);
    expect(lines.find((line) => line.startsWith(expiring.id))).toMatch(/ UTC +active$/);
    expect(
      new Set(lines.map((line) => Bun.stringWidth(line.slice(0, line.search(/STATE|active|revoked/))))).size,
    ).toBe(1);
    for (const secret of [active.key, "secret-of-the-environment", "another-secret"]) {
      expect(stdout).not.toContain(secret);
    }
  });

  test("gives JSON for scripts", async () => {
    const { id, prefix, created_at } = await create("--name", "ci");
    const { stdout } = await keys(["list", "--json"], { env: { AMP_API_KEY: "secret" } });
    expect(JSON.parse(stdout)).toEqual([
      {
        id: "env_amp",
        name: "AMP_API_KEY",
        scopes: ["admin"],
        prefix: null,
        created_at: null,
        expires_at: null,
        revoked_at: null,
        state: "active",
        source: "environment",
      },
      {
        id,
        name: "ci",
        scopes: [],
        prefix,
        created_at,
        expires_at: null,
        revoked_at: null,
        state: "active",
        source: "storage",
      },
    ]);
  });

  test("shows an expired key as such", async () => {
    const storage = await openStorage("sqlite:keys.db", cwd);
    const times = { createdAt: 1, expiresAt: 2, revokedAt: null };
    await storage.keys.create({
      id: "key_old",
      name: "old",
      hash: "0".repeat(64),
      prefix: "ams_abcd",
      scopes: [],
      ...times,
    });
    await storage.close();
    expect(await listed()).toMatchObject([{ id: "key_old", state: "expired" }]);
  });

  test("says where it looked when there is none", async () => {
    expect((await keys(["list"])).stdout).toContain("no key in sqlite:keys.db");
  });
});

describe("keys revoke", () => {
  test("takes an id, a name, a prefix or the whole key", async () => {
    for (const field of ["id", "name", "prefix", "key"]) {
      const made = await create("--name", `by ${field}`);
      const { code, stdout } = await keys(["revoke", made[field]]);
      expect([code, stdout]).toEqual([0, `Key "by ${field}" (${made.id}) is revoked.\n`]);
    }
    expect((await listed()).map((key: { state: string }) => key.state)).toEqual(Array(4).fill("revoked"));
  });

  test("refuses a name that several keys have, listing them, until one is left", async () => {
    const [first, second] = [await create("--name", "ci"), await create("--name", "ci")];
    const { code, stderr } = await keys(["revoke", "ci"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Several keys match ci");
    expect(stderr).toContain(first.id);
    expect(stderr).toContain(second.id);
    expect((await keys(["revoke", first.id])).code).toBe(0);
    expect((await keys(["revoke", "ci"])).stdout).toContain(`(${second.id}) is revoked.`);
  });

  test("of a key that was revoked before succeeds and says so", async () => {
    await create("--name", "ci");
    await keys(["revoke", "ci"]);
    expect(await keys(["revoke", "ci"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("revoked before"),
    });
  });

  test.each(["nothing", "ams_", "key_", "%", ""])("of the unknown %j fails", async (wanted) => {
    await create();
    const { code, stderr } = await keys(["revoke", wanted]);
    expect([code, stderr]).toEqual([1, "No key in sqlite:keys.db has this id, name or prefix.\n"]);
    expect(await listed()).toMatchObject([{ state: "active" }]);
  });

  test("points to the environment for keys that are there", async () => {
    const made = await create("--name", "ci");
    const env = { AMP_API_KEY: made.key };
    expect(await keys(["revoke", "env_amp"], { env })).toMatchObject({
      code: 1,
      stderr: "AMP_API_KEY is set in the environment. Remove it there and restart.\n",
    });
    const revoked = await keys(["revoke", "ci"], { env });
    expect(revoked.code).toBe(0);
    expect(revoked.stderr).toContain("stays valid until it is removed there");
  });
});

describe("keys", () => {
  test.each([["--help"], ["create", "-h"], ["revoke", "--help"]].map((argv): [string[]] => [argv]))(
    "%j shows the help",
    async (argv) => {
      const { code, stdout, stderr } = await keys(argv);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("amsterdam keys revoke <id | name | prefix>");
    },
  );

  test.each(
    [
      [],
      ["delete"],
      ["list", "x"],
      ["list", "--name", "x"],
      ["list", "--admin"],
      ["revoke", "a", "--admin"],
      ["revoke"],
      ["revoke", "a", "b"],
      ["create", "--nme", "x"],
    ].map((argv): [string[]] => [argv]),
  )("called wrongly (%#) exits with 2 and points to the help", async (argv) => {
    const { code, stdout, stderr } = await keys(argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("amsterdam keys --help");
  });

  test("a database that cannot be used ends with its message and 1", async () => {
    writeFileSync(join(cwd, "garbage"), "x".repeat(5_000));
    const { code, stderr } = await keys(["list"], { storageUrl: "sqlite:garbage" });
    expect(code).toBe(1);
    expect(stderr).toContain("is not a SQLite database");
  });

  test("a database in memory is refused, since the running gateway would never see the key", async () => {
    const { code, stderr } = await keys(["create"], { storageUrl: "sqlite::memory:" });
    expect([code, stderr.includes("running gateway alone")]).toEqual([1, true]);
  });

  test("a broken environment key is named without being shown", async () => {
    const { code, stderr } = await keys(["list"], { env: { AMP_API_KEY: "schlüssel" } });
    expect(code).toBe(1);
    expect(stderr).toContain("AMP_API_KEY must be");
    expect(stderr).not.toContain("schlüssel");
  });
});
