import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "../lib/logger.ts";
import type { Feedback, FeedbackStore, Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { FeedbackWriter } from "./feedback-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "amsterdam-feedback-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let database: string;
let storage: Storage;
let lines: string[];
let logger: Logger;
beforeEach(async () => {
  database = join(mkdtempSync(join(folder, "db-")), "a.db");
  storage = await openStorage(`sqlite:${database}`, folder);
  lines = [];
  const write = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
  logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
});
afterEach(() => storage.close());

let made = 0;
function feedback(change: Partial<Feedback> = {}): Feedback {
  return {
    id: `fb_${made++}`,
    target: "request",
    targetId: "req_1",
    name: "correct",
    value: true,
    comment: null,
    source: null,
    keyId: "key_1",
    receivedAt: 1_000,
    ...change,
  };
}

function batch(count: number): Feedback[] {
  return Array.from({ length: count }, () => feedback());
}

async function storedIds(): Promise<string[]> {
  return (await storage.feedback.forTarget("request", "req_1")).map(({ id }) => id);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("It did not happen within five seconds.");
    await Bun.sleep(5);
  }
}

describe("FeedbackWriter", () => {
  test("stores what came within 100 ms in one transaction", async () => {
    const sizes: number[] = [];
    const counting: Pick<FeedbackStore, "add"> = {
      add: (items) => {
        sizes.push(items.length);
        return storage.feedback.add(items);
      },
    };
    const writer = new FeedbackWriter(counting, { logger });
    const items = batch(3);
    for (const item of items) expect(writer.add([item])).toBe(true);
    expect(sizes).toEqual([]);
    await until(() => writer.waiting === 0);
    expect(sizes).toEqual([3]);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
    writer.add(batch(2));
    await until(() => writer.waiting === 0);
    expect(sizes).toEqual([3, 2]);
  });

  test("flush stores at once, also what comes meanwhile, in order", async () => {
    const writer = new FeedbackWriter(storage.feedback, { logger });
    const [early, late] = [batch(900), batch(100)];
    writer.add(early);
    const flushing = writer.flush();
    writer.add(late);
    expect(await flushing).toBe(0);
    expect(await storedIds()).toEqual([...early, ...late].map(({ id }) => id));
    expect(await writer.flush()).toBe(0);
  });

  test("a large queue goes in several transactions, between which other work runs", async () => {
    const writer = new FeedbackWriter(storage.feedback, { logger });
    const targets = Array.from({ length: 20_000 }, (_, index) => feedback({ targetId: `req_${index}` }));
    writer.add(targets);
    let turns = 0;
    const ticker = setInterval(() => turns++, 1);
    await writer.flush();
    clearInterval(ticker);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(await storage.feedback.forTarget("request", "req_19999")).toHaveLength(1);
  });

  test("keeps everything while the storage fails, says so once, and stores it once when it is back", async () => {
    const writer = new FeedbackWriter(storage.feedback, { logger });
    renameSync(database, `${database}.away`);
    const items = batch(5);
    writer.add(items.slice(0, 3));
    await until(() => lines.length > 0);
    writer.add(items.slice(3));
    expect(await writer.flush(250)).toBe(5);
    renameSync(`${database}.away`, database);
    await until(() => writer.waiting === 0);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
    expect(lines.map((line) => line.split(" {")[0])).toEqual([
      "error: Feedback cannot be stored; it waits in memory.",
      "info: Feedback is being stored again.",
    ]);
  });

  test("stores once what a storage had stored before it failed to say so", async () => {
    let calls = 0;
    const forgetful: Pick<FeedbackStore, "add"> = {
      add: async (items) => {
        const result = await storage.feedback.add(items);
        if (calls++ === 0) throw new Error("the connection was lost after the commit");
        return result;
      },
    };
    const writer = new FeedbackWriter(forgetful, { logger });
    const items = batch(3);
    writer.add(items);
    expect(await writer.flush()).toBe(0);
    expect(calls).toBe(2);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
  });

  test("gives up a flush in time when the storage never answers", async () => {
    const silent: Pick<FeedbackStore, "add"> = { add: () => new Promise(() => {}) };
    const writer = new FeedbackWriter(silent, { logger });
    writer.add(batch(2));
    const start = performance.now();
    expect(await writer.flush(100)).toBe(2);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("refuses whole batches beyond its bound, counts them, and says so once a minute", async () => {
    let now = 0;
    const writer = new FeedbackWriter(storage.feedback, { logger, maxItems: 10, clock: () => now });
    expect(writer.add(batch(8))).toBe(true);
    expect(writer.add(batch(3))).toBe(false);
    expect(writer.add(batch(2))).toBe(true);
    expect(writer.add(batch(1))).toBe(false);
    expect([writer.waiting, writer.dropped]).toEqual([10, 4]);
    const warning = "warn: Feedback was refused because too much waits to be stored.";
    expect(lines).toEqual([`${warning} {"refused":3,"total":3}`]);
    now += 60_000;
    writer.add(batch(2));
    expect(lines).toEqual([`${warning} {"refused":3,"total":3}`, `${warning} {"refused":3,"total":6}`]);
    await writer.flush();
    expect(writer.add(batch(10))).toBe(true);
    expect(await writer.flush()).toBe(0);
    expect(await storedIds()).toHaveLength(20);
  });

  test("is bounded in characters too, and has room again after storing", async () => {
    const writer = new FeedbackWriter(storage.feedback, { logger, maxCharacters: 2_500_000 });
    const long = () =>
      Array.from({ length: 10 }, () => feedback({ value: { correction: "x".repeat(99_000) } }));
    expect([writer.add(long()), writer.add(long()), writer.add(long())]).toEqual([true, true, false]);
    expect(await writer.flush()).toBe(0);
    expect(writer.add(long())).toBe(true);
    expect(await writer.flush()).toBe(0);
    expect(await storedIds()).toHaveLength(30);
  });

  test("keeps each transaction short, also of the longest texts", async () => {
    const sizes: number[] = [];
    const measuring: Pick<FeedbackStore, "add"> = {
      add: async (items) => {
        sizes.push(items.length);
        return { stored: items.length, repeated: 0 };
      },
    };
    const writer = new FeedbackWriter(measuring, { logger });
    const long = (characters: number) => feedback({ value: { correction: "x".repeat(characters) } });
    writer.add([...Array.from({ length: 12 }, () => long(99_000)), long(3_000_000), ...batch(2_500)]);
    expect(await writer.flush()).toBe(0);
    expect(sizes).toEqual([10, 2, 1, 2_000, 500]);
  });
});
