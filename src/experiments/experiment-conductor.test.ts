import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrive, keepVersions, newExperiment } from "../../test/support/experiments.ts";
import { testDatabases } from "../../test/support/postgres.ts";
import type { Logger } from "../lib/logger.ts";
import { Refusal } from "../lib/refusal.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { ConductorThread } from "./conductor-thread.ts";
import { ExperimentDesk } from "./desk.ts";
import { ExperimentConductor } from "./experiment-conductor.ts";

let folder: string;
let logged: string[];

const log = (message: string) => void logged.push(message);
const logger: Logger = { debug: log, info: log, warn: log, error: log };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-thread-"));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An experiment with 200 units that speak clearly, on which the conductor's analyst reports. */
async function prepared(storage: Storage, conductor: ExperimentConductor) {
  await keepVersions(storage, ["1", "2"]);
  const desk = new ExperimentDesk(storage, conductor);
  const { id } = await desk.create(newExperiment({ whenDecided: "promote" }), true, null);
  await arrive(storage, id, { first: 0, count: 200 }, (variant) => ({ helpful: variant === 1 }));
  return { desk, id };
}

/** What a promise is rejected with. `expect(…).rejects` would not let another thread's answer in. */
async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => null,
    (error: unknown) => error,
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); performance.now() - began < 20_000; await Bun.sleep(50))
    if (await holds()) return;
  throw new Error("It did not come to it.");
}

const databases = testDatabases();

describe.each(["sqlite:thread.db", "sqlite::memory:", "PostgreSQL"])("on %s", (place) => {
  let storage: Storage;
  let conductor: ExperimentConductor;
  beforeEach(async () => {
    const storageUrl = place === "PostgreSQL" ? await databases.emptied() : place;
    storage = await openStorage(storageUrl, folder);
    conductor = new ExperimentConductor({ storageUrl, cwd: folder, storage, logger });
  });
  afterEach(async () => {
    await conductor.close();
    await storage.close();
  });

  test("experiments are led while one runs", async () => {
    const { desk, id } = await prepared(storage, conductor);
    conductor.follow(true);
    await until(async () => (await desk.get(id)).status === "ended");
    conductor.follow(false);
    expect((await desk.show(id)).report.sentence).toContain("warm is the best");
    expect(logged).toEqual(["An experiment is decided", "An experiment promoted its winner"]);
  }, 30_000);

  test("reports are made for who asks while none is led, and what is refused is refused as such", async () => {
    const { desk, id } = await prepared(storage, conductor);
    expect((await desk.show(id)).report).toMatchObject({ requests: 200, verdict: { winner: 1 } });
    expect(await desk.evaluate(id, { variant: "warm" })).toHaveLength(1);
    expect(await failure(conductor.report("none"))).toBeInstanceOf(Refusal);
    expect(await failure(conductor.evaluate(id, { variant: "none" }))).toMatchObject({ kind: "missing" });
    expect((await desk.get(id)).status).toBe("running");
  }, 30_000);

  test("nothing is begun before an experiment runs, and closing twice does no harm", async () => {
    conductor.follow(false);
    await conductor.close();
    conductor.follow(true);
    await conductor.close();
    expect(logged).toEqual([]);
  });
});

describe("the thread", () => {
  test("is begun and ended again and again without leaving anything open", async () => {
    const storage = await openStorage("sqlite:thread.db", folder);
    await keepVersions(storage, ["1", "2"]);
    const before = openFiles();
    for (let turn = 0; turn < 10; turn += 1) {
      const thread = new ConductorThread({ storageUrl: "sqlite:thread.db", cwd: folder }, logger);
      thread.lead(true);
      expect(thread.runs).toBe(true);
      expect(await failure(thread.report("none"))).toBeInstanceOf(Refusal);
      thread.lead(false);
      await thread.close();
      expect(thread.runs).toBe(false);
      expect(await failure(thread.report("none"))).toBeInstanceOf(StorageError);
    }
    // SQLite keeps a closed connection's descriptor for the next one while another connection has locks.
    expect(openFiles().length - before.length).toBeLessThanOrEqual(1);
    await storage.close();
    expect(openFiles()).toEqual([]);
    expect(logged).toEqual([]);
  }, 60_000);

  test("lets whoever waits for a report know that it ends", async () => {
    const thread = new ConductorThread({ storageUrl: "sqlite:thread.db", cwd: folder }, logger);
    const asked = thread.report("none");
    const closed = thread.close();
    expect(await failure(asked)).toBeInstanceOf(StorageError);
    await closed;
  });

  test("logs a storage that cannot be opened once, and goes on when it can be", async () => {
    const file = join(folder, "broken.db");
    writeFileSync(file, "this is no database, and long enough to be seen as none".repeat(100));
    const thread = new ConductorThread({ storageUrl: "sqlite:broken.db", cwd: folder }, logger);
    thread.lead(true);
    await until(async () => logged.length > 0);
    expect(await failure(thread.report("x"))).toBeInstanceOf(StorageError);
    await Bun.sleep(2_500);
    expect(logged).toEqual(["The storage cannot be opened to lead experiments."]);
    rmSync(file);
    const storage = await openStorage("sqlite:broken.db", folder);
    await keepVersions(storage, ["1", "2"]);
    const desk = new ExperimentDesk(storage, thread);
    const { id } = await desk.create(newExperiment(), true, null);
    await arrive(storage, id, { first: 0, count: 200 }, (variant) => ({ helpful: variant === 1 }));
    await until(async () => (await desk.events(id)).some(({ kind }) => kind === "decided"));
    await thread.close();
    await storage.close();
  }, 30_000);
});

/** What this process holds open of the folder. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      // The one by which the folder is listed is closed by now.
      return [];
    }
  });
}
