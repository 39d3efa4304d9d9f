import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chownSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { SQL } from "bun";
import { type PostgresServer, startPostgres } from "../../../test/support/postgres.ts";
import { until } from "../../../test/support/until.ts";
import { StorageError } from "../interface.ts";
import { PostgresConnection } from "./connection.ts";
import { PostgresStorage } from "./storage.ts";

const LIMITS = { openPatience: 10_000, patience: 5_000, statement: 500, silence: 1_000 };
const KEY = { name: "ci", prefix: "ams_abcd", scopes: [], createdAt: 1, expiresAt: null, revokedAt: null };
const keyOf = (id: string) => ({ ...KEY, id, hash: Bun.SHA256.hash(id, "hex") });

let server: PostgresServer;
let owner: SQL;
beforeAll(async () => {
  server = await startPostgres();
  owner = new SQL({ url: server.url("postgres"), max: 2 });
});
afterAll(async () => {
  await owner.close();
  await server.stop();
});

async function open(url = server.url("postgres"), limits = LIMITS): Promise<PostgresStorage> {
  return new PostgresStorage(await PostgresConnection.open(url, limits));
}

/** The message of the StorageError that the call ends with. */
async function failure(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  return (error as StorageError).message;
}

const OURS = "FROM pg_stat_activity WHERE application_name = 'amsterdam'";
const connections = async () => {
  const [row] = await owner.unsafe<{ count: number }[]>(`SELECT count(*)::int AS count ${OURS}`);
  return row?.count ?? -1;
};
const transactions = async () => {
  const [row] = await owner.unsafe<{ count: number }[]>(
    `SELECT count(*)::int AS count ${OURS} AND state <> 'idle'`,
  );
  return row?.count ?? -1;
};
const endConnections = () => owner.unsafe(`SELECT pg_terminate_backend(pid) ${OURS}`);

/** Stands between the gateway and the server; `mode` says what becomes of what the gateway sends. */
interface Wire {
  readonly url: string;
  mode: "open" | "silent" | { readonly cutAt: string };
  close(): void;
}

async function wire(): Promise<Wire> {
  const sockets = new Set<Socket>();
  const result: Wire = { url: "", mode: "open", close: () => undefined };
  const proxy: Server = createServer((client) => {
    const upstream = connect(server.port, "127.0.0.1");
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) sockets.add(socket.on("error", cut).on("close", cut));
    client.on("data", (bytes) => {
      const { mode } = result;
      if (mode === "silent") return;
      upstream.write(bytes);
      // The server gets it and carries it out; nobody hears of it.
      if (mode !== "open" && bytes.includes(mode.cutAt)) client.destroy();
    });
    upstream.on("data", (bytes) => client.write(bytes));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  const url = new URL(server.url("postgres"));
  url.port = String(port);
  return Object.assign(result, {
    url: url.href,
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}

test("at most five connections are open, as many as are needed at once", async () => {
  const storage = await open();
  await storage.keys.list();
  expect(await connections()).toBe(1);
  await Promise.all(Array.from({ length: 50 }, () => storage.keys.list()));
  expect(await connections()).toBeWithin(2, 6);
  await storage.close();
  await until("they are closed", async () => (await connections()) === 0);
});

test("what waits for a connection fails when the storage is closed, and nothing stays open", async () => {
  const storage = await open();
  const held = await owner.reserve();
  await held.unsafe("BEGIN");
  await held.unsafe("LOCK TABLE amsterdam.gateway_keys");
  const calls = Array.from({ length: 20 }, () => failure(storage.keys.list()));
  await until("all connections are open", async () => (await connections()) === 5);
  await storage.close();
  for (const message of await Promise.all(calls)) expect(message).toContain("it is closed");
  await held.unsafe("COMMIT");
  held.release();
  await until("they are closed", async () => (await connections()) === 0);
});

test("connections that the server ends are opened anew, and what was lost before its commit is done again", async () => {
  const storage = await open();
  const failures: string[] = [];
  let done = 0;
  let busy = true;
  const calls = Array.from({ length: 4 }, async (_, worker) => {
    for (let count = 0; busy; count++) {
      try {
        await storage.keys.create(keyOf(`killed_${worker}_${count}`));
        await storage.keys.list();
        done++;
      } catch (error) {
        failures.push(String(error));
      }
    }
  });
  for (let count = 0; count < 10; count++) {
    const before = done;
    await endConnections();
    await until("calls succeed again", () => done > before + 4);
  }
  busy = false;
  await Promise.all(calls);
  // One that is ended in the very moment of a commit: nobody can know, and the call says so.
  expect(failures.filter((failure) => !failure.includes("may be there or not"))).toEqual([]);
  expect((await storage.keys.list()).length).toBeWithin(done, done + failures.length + 1);
  await storage.close();
});

describe.each(["fast", "immediate"] as const)("a server that is stopped (%s)", (mode) => {
  test("and started again is waited for", async () => {
    const storage = await open();
    await storage.keys.create(keyOf(`before_${mode}`));
    await server.stop(mode);
    const calls = [storage.keys.list(), storage.keys.create(keyOf(`meanwhile_${mode}`))];
    await Bun.sleep(300);
    await server.start();
    await Promise.all(calls);
    const ids = (await storage.keys.list()).map(({ id }) => id);
    expect(ids).toContain(`before_${mode}`);
    expect(ids).toContain(`meanwhile_${mode}`);
    await storage.close();
  });

  test("and stays away fails the calls in time, and is used again once it is back", async () => {
    const storage = await open(server.url("postgres"), { ...LIMITS, patience: 300 });
    await server.stop(mode);
    expect(await failure(storage.keys.list())).toContain("nothing answers there");
    expect(await storage.check()).toContain("nothing answers there");
    await server.start();
    expect(await storage.check()).toBeNull();
    await storage.close();
  });
});

test("a server that is started while the gateway starts is waited for", async () => {
  await server.stop();
  const opening = open();
  await Bun.sleep(500);
  await server.start();
  const storage = await opening;
  expect(await storage.check()).toBeNull();
  await storage.close();
});

test("a connection that goes silent is given up, and others take its place", async () => {
  const line = await wire();
  const storage = await open(line.url);
  await storage.keys.list();
  line.mode = "silent";
  const start = performance.now();
  const messages = await Promise.all(Array.from({ length: 12 }, () => failure(storage.keys.list())));
  expect(performance.now() - start).toBeLessThan(LIMITS.patience + 2 * LIMITS.silence);
  expect(messages[0]).toContain("the server has not answered for 1 s");
  line.mode = "open";
  expect(await storage.check()).toBeNull();
  await storage.close();
  line.close();
});

test("a connection lost in a commit fails with what is known, and the change is not made twice", async () => {
  const line = await wire();
  const storage = await open(line.url);
  await storage.check();
  line.mode = { cutAt: "COMMIT" };
  const report = { kind: "error" as const, keyId: "key_1", body: '{"n":1}', receivedAt: 1 };
  expect(await failure(storage.clientReports.add([report]))).toContain("it may be there or not");
  line.mode = "open";
  // The call fails before the server has carried the commit out.
  const stored = () => storage.clientReports.newest("error", 10);
  await until("it is committed", async () => (await stored()).length > 0);
  await until("nothing else is being done", async () => (await transactions()) === 0);
  expect(await stored()).toHaveLength(1);
  await storage.close();
  line.close();
});

test("a lock that is held too long fails the call, with its cause", async () => {
  const storage = await open();
  const held = await owner.reserve();
  await held.unsafe("BEGIN");
  await held.unsafe("LOCK TABLE amsterdam.gateway_keys");
  expect(await failure(storage.keys.list())).toContain("the server took too long");
  await held.unsafe("COMMIT");
  held.release();
  expect(await storage.keys.list()).not.toEqual([]);
  await storage.close();
});

test("a server that became a standby is told of, and used again when it takes changes", async () => {
  const storage = await open(server.url("postgres"), { ...LIMITS, patience: 300 });
  await owner.unsafe("ALTER DATABASE postgres SET default_transaction_read_only = on");
  await endConnections();
  expect(await storage.check()).toContain("the server takes no changes");
  await owner.unsafe("SET default_transaction_read_only = off");
  await owner.unsafe("ALTER DATABASE postgres RESET default_transaction_read_only");
  // Without its connections being ended: they still have the setting, and are replaced for it.
  expect(await storage.check()).toBeNull();
  await storage.close();
});

const openssl = Bun.which("openssl");

describe.skipIf(openssl === null)("TLS", () => {
  const certificate = () => join(server.folder, "server.crt");

  beforeAll(async () => {
    const key = join(server.folder, "server.key");
    const made = Bun.spawnSync([
      openssl ?? "",
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", key, "-out", certificate()],
    ]);
    expect(made.exitCode).toBe(0);
    const { uid, gid } = statSync(server.folder);
    for (const file of [key, certificate()]) chownSync(file, uid, gid);
    await owner.unsafe("ALTER SYSTEM SET ssl = on");
    await owner.unsafe("SELECT pg_reload_conf()");
  });

  test.each([
    ["require", false],
    ["prefer", false],
    ["verify-full", true],
  ])("sslmode=%s encrypts", async (mode, trusted) => {
    const file = trusted ? `&sslrootcert=${encodeURIComponent(certificate())}` : "";
    const storage = await open(server.url("postgres", `?sslmode=${mode}${file}`));
    const [row] = await owner.unsafe<{ ssl: boolean }[]>(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'amsterdam'",
    );
    expect(row?.ssl).toBe(true);
    await storage.close();
    await until("it is closed", async () => (await connections()) === 0);
  });

  test("a certificate that nobody vouches for is refused where that is asked for", async () => {
    const message = await failure(open(server.url("postgres", "?sslmode=verify-full")));
    expect(message).toContain("certificate cannot be trusted");
    expect(message).toContain("sslrootcert");
  });
});
