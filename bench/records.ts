import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { WrittenRecord } from "../src/records/record.ts";
import { openStorage } from "../src/storage/open.ts";
import type { RecordFilter, RecordOrder, RecordStore, StatisticsQuery } from "../src/storage/record-store.ts";
import { moments, RecordMaker } from "../src/storage/sample-records.test-suite.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { postgresLook, sqliteLook } from "./database-look.ts";

/**
 * Fills a database with records of 30 days and measures what asking it takes: `bun bench/records.ts --records 1000000`.
 * `--postgres` starts a PostgreSQL server for it, as the tests do, in place of SQLite; both are gone at the end. `--url`
 * names another database, which is kept; one that has records already is not filled again. `--plans` prints the
 * statements with the database's plans for them.
 */
const { values: options } = parseArgs({
  options: {
    records: { type: "string", default: "100000" },
    batch: { type: "string", default: "256" },
    url: { type: "string" },
    postgres: { type: "boolean", default: false },
    runs: { type: "string", default: "9" },
    plans: { type: "boolean", default: false },
  },
});

const DAY = 86_400_000;
const END = Date.UTC(2026, 10, 22);
const LONG_RUN = "run-of-500";

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "amsterdam-records-"));
  const server = options.postgres ? await startPostgres(["fsync=on"]) : null;
  try {
    const url = options.url ?? server?.url("postgres") ?? `sqlite:${join(folder, "records.db")}`;
    const storage = await openStorage(url, process.cwd());
    const { records } = await storage.records.list({}, { order: "newest", limit: 1 });
    if (records.length === 0) await fill(storage.records);
    const look = url.startsWith("sqlite:")
      ? sqliteLook(resolve(url.slice("sqlite:".length)))
      : postgresLook(url);
    look.note(() => measured);
    await measure(storage.records);
    measured = "";
    await storage.close();
    console.log("\nMegabytes");
    for (const { name, bytes } of await look.sizes())
      console.log(`${name.padEnd(50)} ${(bytes / 1e6).toFixed(1).padStart(8)}`);
    if (options.plans)
      for (const { call, sql, plan } of await look.plans())
        console.log([`\n${call}: ${sql}`, ...plan.map((line) => `    ${line}`)].join("\n"));
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(store: RecordStore): Promise<void> {
  const maker = new RecordMaker(1);
  const count = Number(options.records);
  const size = Number(options.batch);
  const spent = { cpu: 0, wall: 0, slowest: 0 };
  let batch: WrittenRecord[] = [];
  const write = async () => {
    const [cpu, wall] = [process.cpuUsage(), performance.now()];
    await store.write(batch);
    const { user, system } = process.cpuUsage(cpu);
    const took = performance.now() - wall;
    spent.cpu += user + system;
    spent.wall += took;
    spent.slowest = Math.max(spent.slowest, took);
    batch = [];
  };
  let written = 0;
  for (const startedAt of moments(count, END)) {
    batch.push(ofLongRun(maker.make(startedAt), written++, count));
    if (batch.length === size) await write();
  }
  await write();
  console.log(`${count} records in batches of ${size}`);
  console.log(
    `writing: ${(spent.cpu / count).toFixed(1)} us CPU a record, ${((spent.wall * 1000) / count).toFixed(1)} us`,
  );
  console.log(`the slowest batch: ${spent.slowest.toFixed(0)} ms`);
}

/** Five hundred requests in the middle are of one run. */
function ofLongRun({ record, bodies }: WrittenRecord, index: number, count: number): WrittenRecord {
  const at = index - Math.floor(count / 2);
  return at < 0 || at >= 2000 || at % 4 !== 0
    ? { record, bodies }
    : { record: { ...record, runId: LONG_RUN }, bodies };
}

async function measure(store: RecordStore): Promise<void> {
  const { records } = await store.list({}, { order: "newest", limit: 1 });
  const newest = records[0]!;
  const threads = await store.list({ tag: "team=3" }, { order: "newest", limit: 50 });
  const withThread = threads.records.find(({ threadId }) => threadId !== null) ?? newest;
  const filters: Record<string, RecordFilter> = {
    none: {},
    "a day": { since: END - 20 * DAY, until: END - 19 * DAY },
    key: { keyId: "key_7" },
    "key that is not there": { keyId: "key_99" },
    door: { door: "/v1/embeddings" },
    provider: { provider: "groq" },
    model: { model: "kimi-k2" },
    route: { route: "coding" },
    operation: { operation: "embeddings" },
    "status 5xx": { status: "5xx" },
    category: { category: "timeout" },
    error: { error: "client_closed" },
    agent: { agentId: "agent-12" },
    run: { runId: LONG_RUN },
    thread: { threadId: withThread.threadId ?? "none" },
    request: { requestId: newest.requestId },
    parent: { parentId: newest.requestId },
    tag: { tag: "team=3" },
    template: { templateId: "template-6" },
    "cost of 0.048 or more": { minCost: 0.048 },
    "cost of 0": { maxCost: 0 },
    "15 s or more": { minDurationMs: 15_000 },
    "1 ms or less": { maxDurationMs: 1 },
    feedback: { feedback: "correct" },
    "text that is common": { text: "invoice customer" },
    "text that is not there": { text: "zzzzzz" },
  };
  for (const [name, filter] of Object.entries(filters))
    await time(`list by ${name}`, () => store.list(filter, page("newest")));
  for (const order of ["oldest", "dearest", "slowest"] as const)
    await time(`list, ${order} first`, () => store.list({}, page(order)));
  await time("dearest of a key", () => store.list({ keyId: "key_7" }, page("dearest")));
  await time("run of 500", () => store.run(LONG_RUN, 1000));
  await time("one record", () => store.get(newest.requestId));
  await time("its bodies", () => store.bodies(newest.id));
  const month = { since: END - 30 * DAY, until: END };
  const statistics: Record<string, StatisticsQuery> = {
    "30 days by model": { filter: month, groups: ["model"], limit: 100 },
    "30 days by model, a series of days": { filter: month, groups: ["model"], limit: 100, interval: DAY },
    "30 days, a series of hours": { filter: month, groups: [], limit: 1, interval: DAY / 24 },
    "30 days by agent and status of a key": {
      filter: { ...month, keyId: "key_7" },
      groups: ["agent", "status"],
      limit: 100,
    },
    "a day by run": { filter: { since: END - DAY, until: END }, groups: ["run"], limit: 100 },
    "30 days by tag": { filter: month, groups: ["tag"], limit: 100 },
    "30 days by run": { filter: month, groups: ["run"], limit: 100 },
  };
  for (const [name, query] of Object.entries(statistics))
    await time(`statistics, ${name}`, () => store.statistics(query));
}

const page = (order: RecordOrder) => ({ order, limit: 50 });

/** What is being measured. */
let measured = "";

async function time(name: string, call: () => Promise<unknown>): Promise<void> {
  measured = name;
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < Number(options.runs); run++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await call();
    wall.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  console.log(`${name.padEnd(50)} ${shown(wall)} ms  ${shown(cpu)} ms CPU`);
}

/** The median. */
function shown(taken: number[]): string {
  const sorted = taken.toSorted((one, other) => one - other);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1).padStart(8);
}

await main();
