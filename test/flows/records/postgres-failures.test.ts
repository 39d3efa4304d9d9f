import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { type Storage, StorageError } from "../../../src/storage/interface.ts";
import { openStorage } from "../../../src/storage/open.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { expectDueStored, killAtWork } from "../../support/kill-gateway.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { expectStoredOnce, RequestLoad } from "../../support/request-load.ts";
import { until } from "../../support/until.ts";

let server: PostgresServer;
let gateway: Gateway;
beforeAll(async () => {
  server = await startPostgres();
});
afterEach(() => gateway.stop());
afterAll(() => server.stop());

/** Which one the gateway of the test has. */
let database: string;
const url = () => server.url(database);

async function start(name: string, judgedOneIn: number): Promise<RequestLoad> {
  database = "postgres";
  await withConnection((sql) => sql.unsafe(`CREATE DATABASE ${name}`));
  database = name;
  gateway = await startGateway({ config: { logging: { requests: false }, storage: { url: url() } } });
  return new RequestLoad(() => gateway, { judgedOneIn });
}

function waitingFiles(): string[] {
  const folder = join(gateway.dir, "data", `${database}-waiting`);
  return existsSync(folder) ? readdirSync(folder) : [];
}

const someWait = () =>
  until("records wait in files", () => waitingFiles().some((name) => name.endsWith(".records")));
const noneWaits = () => until("no file waits", () => waitingFiles().length === 0, 40_000);

/** Runs statements as who owns the server, on a connection of their own, until the work ends. */
async function withConnection<T>(work: (sql: SQL) => Promise<T>): Promise<T> {
  const sql = new SQL({ url: url(), max: 1, connection: { application_name: "test" } });
  try {
    return await work(sql);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/** The server says that its disk is full to everything that would be recorded. */
const FULL = `
  CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER disk_is_full BEFORE INSERT ON amsterdam.records EXECUTE FUNCTION disk_is_full()`;

test("20,000 requests are answered and recorded once while PostgreSQL crashes, is full, locked, and the gateway restarted", async () => {
  const load = await start("busy", 50);
  await load.send(2_000);

  // Longer than the storage waits for a server that is being restarted.
  await server.stop("immediate");
  await load.send(4_000, { lasting: 6_500 });
  await someWait();
  await server.start();
  await load.send(2_000);

  for (let times = 0; times < 10; times++) {
    await withConnection(
      (sql) =>
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'amsterdam'`,
    );
    await load.send(300, { lasting: 100 });
  }

  await withConnection((sql) => sql.unsafe(FULL));
  await load.send(2_000, { lasting: 1_000 });
  await someWait();
  await withConnection((sql) => sql.unsafe("DROP TRIGGER disk_is_full ON amsterdam.records"));
  await load.send(1_000);

  await withConnection((sql) =>
    sql.begin(async (transaction) => {
      await transaction.unsafe("LOCK TABLE amsterdam.records, amsterdam.feedback IN ACCESS EXCLUSIVE MODE");
      // Longer than a statement may take.
      await load.send(3_000, { lasting: 5_500 });
      await someWait();
    }),
  );

  await server.stop("immediate");
  await load.send(1_000);
  const restarted = gateway.restart();
  await server.start();
  gateway = await restarted;
  await load.send(2_000);

  expect(load.failures).toEqual([]);
  expect([load.answered.length, load.judged.length]).toEqual([20_000, 400]);
  await noneWaits();
  const storage = await opened();
  await expectStoredOnce(storage, load);
  await storage.close();
}, 150_000);

test.each([
  ["works", false],
  ["is stopped", true],
])(
  "a gateway that is killed loses at most what ended in the last 100 ms, while PostgreSQL %s",
  async (state, stops) => {
    const load = await start(`killed_${state.replace(" ", "_")}`, 10);
    const due = { requests: [], feedback: [] };
    for (let round = 0; round < 3; round++) {
      if (stops) await server.stop("immediate");
      await killAtWork(gateway, load, due);
      if (stops) await server.start();
      gateway = await gateway.restart();
    }
    await noneWaits();
    const storage = await opened();
    await expectDueStored(storage, due);
    await storage.close();
  },
  60_000,
);

/** A server that was just started may still be busy with what it lost. */
function opened(): Promise<Storage> {
  return until("the storage opens", () =>
    openStorage(url(), gateway.dir).catch((error: unknown) => {
      if (error instanceof StorageError) return null;
      throw error;
    }),
  );
}
