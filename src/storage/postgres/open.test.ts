import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { POSTGRES_PASSWORD, testDatabases } from "../../../test/support/postgres.ts";
import { StorageError } from "../interface.ts";
import type { StoredKey } from "../key-store.ts";
import { openStorage } from "../open.ts";
import { sampleRecords } from "../sample-records.test-suite.ts";
import { PostgresConnection } from "./connection.ts";
import { LATEST_VERSION } from "./migrations.ts";

const databases = testDatabases();
const IMPATIENT = { openPatience: 300, patience: 300, statement: 5_000, silence: 1_000 };
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

/** The message of the StorageError that opening ends with; never the password, in no spelling. */
async function refusal(url: string): Promise<string> {
  try {
    await (await PostgresConnection.open(url, IMPATIENT)).close();
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError);
    const { message } = error as StorageError;
    for (const secret of [POSTGRES_PASSWORD, encodeURIComponent(POSTGRES_PASSWORD), "hunter2"])
      expect(message).not.toContain(secret);
    return message;
  }
  throw new Error(`${url} was opened`);
}

function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url);
  change(copy);
  return copy.href;
}

/** The URL for a user of that name, who is made for it. */
async function as(user: string, url: string): Promise<string> {
  await databases.run(url, `DROP ROLE IF EXISTS ${user}`);
  await databases.run(url, `CREATE ROLE ${user} LOGIN PASSWORD 'hunter2'`);
  return changed(url, (other) => {
    other.username = user;
    other.password = "hunter2";
  });
}

describe("an empty database", () => {
  test("opened by eight processes at once is migrated once, and all succeed", async () => {
    const url = await databases.create();
    const script = `
      const { openStorage } = await import(${JSON.stringify(join(import.meta.dir, "../open.ts"))});
      const storage = await openStorage(process.env.URL, ".");
      const key = { ...${JSON.stringify(KEY)}, id: "key_" + process.pid, hash: String(process.pid) };
      console.log(await storage.keys.createIfNoneUsable(key));
      await storage.close();`;
    const outputs = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const env = { ...process.env, URL: url };
        const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe", stderr: "pipe" });
        const [out, errors] = await Promise.all([
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        return out + errors;
      }),
    );
    expect(outputs.sort()).toEqual([...Array(7).fill("false\n"), "true\n"]);
    const rows = await databases.run(url, "SELECT version FROM amsterdam.schema_version");
    expect(rows.map((row) => row.version)).toEqual([LATEST_VERSION]);
  });

  test("of another program stays its own beside our schema, whatever the environment says", async () => {
    const url = await databases.create();
    await databases.run(url, "CREATE TABLE public.gateway_keys (id integer)");
    const script = `
      const { openStorage } = await import(${JSON.stringify(join(import.meta.dir, "../open.ts"))});
      const storage = await openStorage(process.env.URL, ".");
      await storage.keys.create(${JSON.stringify(KEY)});
      await storage.close();`;
    // Clients of PostgreSQL read these, and the driver too.
    const misleading = { PGDATABASE: "postgres", PGHOST: "nowhere.invalid", PGUSER: "nobody", PGPORT: "1" };
    const env = { ...process.env, ...misleading, DATABASE_URL: "postgres://nowhere.invalid/", URL: url };
    const child = Bun.spawn([process.execPath, "-e", script], { env, stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toBe("");
    const tables = "SELECT schemaname FROM pg_tables WHERE tablename = 'gateway_keys' ORDER BY 1";
    expect((await databases.run(url, tables)).map((row) => row.schemaname)).toEqual(["amsterdam", "public"]);
    expect(await databases.run(url, "SELECT id FROM public.gateway_keys")).toHaveLength(0);
    expect(await databases.run(url, "SELECT id FROM amsterdam.gateway_keys")).toHaveLength(1);
  });
});

describe("a database that cannot be used is refused with its place, cause and remedy:", () => {
  test("a wrong password", async () => {
    const url = changed(await databases.emptied(), (other) => {
      other.password = "hunter2";
    });
    const message = await refusal(url);
    expect(message).toContain(`${new URL(url).username}@${new URL(url).host}${new URL(url).pathname}: `);
    expect(message).toContain("does not let this user in");
  });

  test("a database that is not there", async () => {
    const url = changed(await databases.emptied(), (other) => {
      other.pathname = "/nothing";
    });
    expect(await refusal(url)).toContain("there is no such database");
  });

  test("a server that is not there, and a name that nobody knows", async () => {
    for (const host of ["127.0.0.1:1", "nowhere.invalid"]) {
      const message = await refusal(`postgres://a:hunter2@${host}/b`);
      expect(message).toContain(`postgres://a@${host}/b: nothing answers there`);
    }
  });

  test("a server that takes connections and stays silent", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    expect(await refusal(`postgres://a:hunter2@127.0.0.1:${port}/b`)).toContain("has not answered for 1 s");
    silent.close();
  });

  test("a server without TLS, where TLS is asked for", async () => {
    const message = await refusal(`${await databases.emptied()}?sslmode=require`);
    expect(message).toContain("does not offer TLS");
  });

  test("a certificate's file that is not there", async () => {
    const message = await refusal(
      `${await databases.emptied()}?sslmode=verify-full&sslrootcert=/no/such.pem`,
    );
    expect(message).toContain("a file that storage.url names for TLS");
  });

  test("another program's tables in our schema, which stay as they were", async () => {
    const url = await databases.emptied();
    for (const table of ["customers (id integer)", "schema_version (version integer)"]) {
      await databases.run(url, "DROP SCHEMA IF EXISTS amsterdam CASCADE");
      await databases.run(url, "CREATE SCHEMA amsterdam");
      await databases.run(url, `CREATE TABLE amsterdam.${table}`);
      expect(await refusal(url)).toContain('its schema "amsterdam" belong to another program');
      const relations = "SELECT relname FROM pg_class WHERE relnamespace = 'amsterdam'::regnamespace";
      expect(await databases.run(url, relations)).toHaveLength(1);
    }
  });

  test("the schema of a newer version", async () => {
    const url = await databases.emptied();
    await (await openStorage(url, ".")).close();
    await databases.run(url, "UPDATE amsterdam.schema_version SET version = 999");
    const message = await refusal(url);
    expect(message).toContain("a newer Amsterdam has written it (schema 999, this one knows ");
    expect(message).toContain("Start the newer version");
  });

  test("texts that cannot be kept", async () => {
    const url = await databases.create("TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    expect(await refusal(url)).toContain("it keeps texts as SQL_ASCII");
  });
});

test("a user who may not make a schema is told what to ask for, and needs no more than that", async () => {
  const url = await databases.create();
  const user = `amsterdam_guest_${process.pid}`;
  const guest = await as(user, url);
  const message = await refusal(guest);
  expect(message).toContain("the user lacks a right (permission denied for database");
  const [, remedy = ""] = /run: (CREATE SCHEMA [^.]*)\./.exec(message) ?? [];
  await databases.run(url, remedy.replace("<this user>", user));
  const storage = await openStorage(guest, ".");
  await storage.keys.create(KEY);
  await storage.close();
  await databases.run(url, `DROP OWNED BY ${user} CASCADE`);
  await databases.run(url, `DROP ROLE ${user}`);
});

test("a user who may read and write, and make nothing, is enough for a schema that is there", async () => {
  const url = await databases.emptied();
  await (await openStorage(url, ".")).close();
  const user = `amsterdam_writer_${process.pid}`;
  const writer = await as(user, url);
  await databases.run(url, `GRANT USAGE ON SCHEMA amsterdam TO ${user}`);
  await databases.run(
    url,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA amsterdam TO ${user}`,
  );
  const storage = await openStorage(writer, ".");
  expect(await storage.keys.createIfNoneUsable(KEY)).toBe(true);
  const records = sampleRecords(3, { seed: 1, start: Date.UTC(2026, 10, 20), step: 1000 });
  await storage.records.write(records);
  expect((await storage.records.list({}, { order: "oldest", limit: 9 })).records).toHaveLength(3);
  const bounds = { before: Date.UTC(2026, 10, 22), bodiesBefore: 0, maxBodyBytes: 0, limit: 9 };
  expect(await storage.records.prune(bounds)).toEqual({ records: 3, bodies: 3 });
  expect(await storage.check()).toBeNull();
  await storage.close();
  await databases.run(url, `DROP OWNED BY ${user}`);
  await databases.run(url, `DROP ROLE ${user}`);
});
