import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";
import { StorageError } from "../storage/interface.ts";
import { keepingLogger, MemoryRecords, recordSink, testRecord } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-sink-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let store: MemoryRecords;
let logger: ReturnType<typeof keepingLogger>;
beforeEach(() => {
  folder = join(mkdtempSync(join(root, "data-")), "waiting");
  store = new MemoryRecords();
  logger = keepingLogger();
});

const sinkOf = ({ space = Infinity, memory = Infinity } = {}) =>
  recordSink(store, { folder, logger, space: () => space, memory: () => memory });
const waitingFiles = () => (existsSync(folder) ? readdirSync(folder) : []);
const ids = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => String(from + i).padStart(5, "0"));
const batch = (from: number, to: number, bodyBytes = 10) =>
  ids(from, to).map((id) => testRecord(id, bodyBytes));
const never = () => new Promise<void>(() => {});

describe("records", () => {
  test("are stored at once, and in no file, while the storage answers", async () => {
    const sink = sinkOf();
    await sink.put(batch(0, 3));
    expect(store.order).toEqual(ids(0, 3));
    expect(waitingFiles()).toEqual([]);
    expect(await sink.close(1_000)).toBe(0);
  });

  test("are in a file soon when the storage is slow, and stored in their order later", async () => {
    const sink = sinkOf();
    const { promise, resolve } = Promise.withResolvers<void>();
    store.before = () => promise;
    await sink.put(batch(0, 2));
    await sink.put(batch(2, 4));
    expect(waitingFiles()).toHaveLength(1);
    expect(store.kept.size).toBe(0);
    resolve();
    await until("all are stored", () => store.kept.size === 4);
    expect(store.order).toEqual(ids(0, 4));
    await until("they are counted, once", () => sink.stored === 4);
    await until("the file is gone", () => waitingFiles().length === 0);
    await sink.put(batch(4, 5));
    expect(store.order).toEqual(ids(0, 5));
  });

  test("are stored once when the storage is back, and both is told once", async () => {
    const sink = sinkOf();
    store.before = () => Promise.reject(new Error("the disk is gone"));
    for (let i = 0; i < 20; i++) await sink.put(batch(i * 10, i * 10 + 10));
    expect(store.kept.size).toBe(0);
    store.before = async () => {};
    await until("all are stored", () => store.kept.size === 200);
    expect(store.order).toEqual(ids(0, 200));
    expect(logger.lines.map((line) => line.split(" {")[0])).toEqual([
      "error: What cannot be stored now waits in files: records.",
      "info: The storage works again: records.",
    ]);
    expect(sink.lost).toBe(0);
  });

  test("that came while others were replayed are stored after them, all of them", async () => {
    const sink = sinkOf();
    store.before = () => Promise.reject(new Error("down"));
    await sink.put(batch(0, 50));
    store.before = () => Bun.sleep(2);
    for (let i = 50; i < 400; i += 5) {
      await sink.put(batch(i, i + 5));
      await Bun.sleep(1);
    }
    await until("all are stored", () => store.kept.size === 400);
    expect(store.order).toEqual(ids(0, 400));
    expect(await sink.close(1_000)).toBe(0);
    expect(waitingFiles()).toEqual([]);
  });

  test("that wait at the end stay in files, and are stored by the next process", async () => {
    const sink = sinkOf();
    store.before = never;
    await sink.put(batch(0, 10));
    expect(await sink.close(50)).toBe(0);
    expect(waitingFiles()).toHaveLength(1);
    store.before = async () => {};
    const next = sinkOf();
    await next.resume();
    await until("all are stored", () => store.kept.size === 10);
    expect(store.order).toEqual(ids(0, 10));
    await until("the file is gone", () => waitingFiles().length === 0);
  });

  test("are not given up for a failure that may pass, even where others are stored beside it", async () => {
    const sink = sinkOf();
    let calls = 0;
    store.before = async () => {
      // The whole batch is refused until it is taken apart; then the storage fails in the middle, once.
      if (++calls === 10) throw new StorageError("the disk is full");
      if (calls < 5) throw new StorageError("not these", { refusesData: true });
    };
    await sink.put(batch(0, 10));
    await until("all are stored", () => store.kept.size === 10, 20_000);
    await until("they are counted, once", () => sink.stored === 10);
    expect(sink.lost).toBe(0);
  }, 30_000);

  test("one that the storage alone refuses holds up no others", async () => {
    const sink = sinkOf();
    store.refused.add("00005");
    await sink.put(batch(0, 10));
    await until("the others are stored", () => store.kept.size === 9, 20_000);
    expect(sink.lost).toBe(1);
    expect(logger.lines.join("\n")).toContain('"ids":["00005"]');
    await sink.put(batch(10, 12));
    await until("later ones are stored", () => store.kept.size === 11);
  }, 30_000);
});

describe("with neither storage nor files", () => {
  test("records wait in memory and are stored later", async () => {
    const sink = sinkOf({ space: 0 });
    store.before = () => Promise.reject(new Error("down"));
    for (let i = 0; i < 5; i++) await sink.put(batch(i * 10, i * 10 + 10));
    expect(sink.held).toBeGreaterThan(0);
    store.before = async () => {};
    await until("all are stored", () => store.kept.size === 50);
    expect(store.order).toEqual(ids(0, 50));
    expect(sink.lost).toBe(0);
  });

  test("the oldest bodies go first, then the oldest records, which are counted", async () => {
    const sink = sinkOf({ space: 0, memory: 100_000 });
    store.before = never;
    await sink.put(batch(0, 10, 10_000));
    await sink.put(batch(10, 12, 10_000));
    expect([sink.held, sink.lost]).toEqual([12, 0]);
    await sink.put(batch(12, 80, 10));
    expect(sink.lost).toBeGreaterThanOrEqual(20);
    expect(sink.held).toBe(80 - sink.lost);
    // Once that they wait, and once that some are lost.
    const told = logger.lines.filter((line) => line.startsWith("error: What can be written neither"));
    expect(told.map((line) => JSON.parse(line.slice(line.indexOf("{"))).lost)).toEqual([0, sink.lost]);
    expect(await sink.close(10)).toBe(80);
  });

  test("a file that cannot be made is as good as none", async () => {
    writeFileSync(folder, "a file in the folder's place");
    const sink = sinkOf();
    store.before = () => Promise.reject(new Error("down"));
    await sink.put(batch(0, 10));
    store.before = async () => {};
    await until("all are stored", () => store.kept.size === 10);
  });
});
