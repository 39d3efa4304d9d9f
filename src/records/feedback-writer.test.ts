import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";
import type { Feedback, FeedbackStore } from "../storage/feedback-store.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { DurableSink } from "./durable-sink.ts";
import { FeedbackWriter } from "./feedback-writer.ts";
import { STORABLE_FEEDBACK } from "./storable-feedback.ts";
import { keepingLogger } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "amsterdam-feedback-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let database: string;
let storage: Storage;
let logger: ReturnType<typeof keepingLogger>;
beforeEach(async () => {
  database = join(mkdtempSync(join(folder, "db-")), "a.db");
  storage = await openStorage(`sqlite:${database}`, folder);
  logger = keepingLogger();
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

const waitingFolder = () => `${database}-waiting`;
const waitingFiles = () => (existsSync(waitingFolder()) ? readdirSync(waitingFolder()) : []);

interface Bounds {
  /** Bytes that may wait in files. */
  readonly space?: number;
  readonly maxBytes?: number;
  readonly clock?: () => number;
}

function writerOf(
  add: FeedbackStore["add"],
  { space = Infinity, maxBytes = Infinity, ...clock }: Bounds = {},
) {
  const sink = new DurableSink({
    kind: STORABLE_FEEDBACK,
    write: add,
    folder: waitingFolder(),
    space: () => space,
    memory: () => Infinity,
    logger,
  });
  return { sink, writer: new FeedbackWriter({ sink, logger, maxBytes: () => maxBytes, ...clock }) };
}

const toStorage: FeedbackStore["add"] = (items) => storage.feedback.add(items);
const never: FeedbackStore["add"] = () => new Promise(() => {});

describe("feedback", () => {
  test("that comes together is stored in one transaction", async () => {
    const sizes: number[] = [];
    const { sink, writer } = writerOf((items) => {
      sizes.push(items.length);
      return storage.feedback.add(items);
    });
    const items = batch(3);
    for (const item of items) expect(writer.add([item])).toBe(true);
    expect([sizes, writer.waiting]).toEqual([[], 3]);
    await until("it is stored", () => sink.stored === 3);
    expect(sizes).toEqual([3]);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
    writer.add(batch(2));
    await until("the rest is stored", () => sink.stored === 5);
    expect(sizes).toEqual([3, 2]);
  });

  test("is stored at once by a flush, also what comes meanwhile, in order", async () => {
    const { writer } = writerOf(toStorage);
    const [early, late] = [batch(900), batch(100)];
    writer.add(early);
    const flushing = writer.flush();
    writer.add(late);
    await flushing;
    expect(await storedIds()).toEqual([...early, ...late].map(({ id }) => id));
    expect(writer.waiting).toBe(0);
  });

  test("goes in several transactions when it is much, between which other work runs", async () => {
    const { writer } = writerOf(toStorage);
    writer.add(Array.from({ length: 20_000 }, (_, index) => feedback({ targetId: `req_${index}` })));
    let turns = 0;
    const ticker = setInterval(() => turns++, 1);
    await writer.flush();
    clearInterval(ticker);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(await storage.feedback.forTarget("request", "req_19999")).toHaveLength(1);
  });

  test("waits in a file while the storage fails, which is told once, and is stored once when it is back", async () => {
    const { writer, sink } = writerOf(toStorage);
    renameSync(database, `${database}.away`);
    const items = batch(5);
    writer.add(items.slice(0, 3));
    await until("it is in a file", () => waitingFiles().length === 1 && writer.waiting === 0);
    writer.add(items.slice(3));
    await writer.flush();
    renameSync(`${database}.away`, database);
    await until("it is stored", () => sink.stored === 5);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
    await until("no file is left", () => waitingFiles().length === 0);
    expect(logger.lines.map((line) => line.split(" {")[0])).toEqual([
      "error: What cannot be stored now waits in files: feedback.",
      "info: The storage works again: feedback.",
    ]);
  });

  test("that a process left is stored at the next start, once and as it was", async () => {
    const { writer, sink } = writerOf(never);
    const items = [
      ...batch(3),
      feedback({ value: { correction: "Ünï\u{1F600}" }, comment: "why", source: "judge", keyId: null }),
      feedback({ value: -0.5 }),
    ];
    writer.add(items);
    await writer.flush();
    expect(await sink.close(10)).toBe(0);
    expect(waitingFiles()).toHaveLength(1);
    const next = writerOf(toStorage);
    await next.sink.resume();
    await until("it is stored", () => next.sink.stored === 5);
    expect(await storage.feedback.forTarget("request", "req_1")).toEqual(items);
    await until("no file is left", () => waitingFiles().length === 0);
  });

  test("is stored once where a storage had stored it before it failed to say so", async () => {
    let calls = 0;
    const { writer, sink } = writerOf(async (items) => {
      const result = await storage.feedback.add(items);
      if (calls++ === 0) throw new Error("the connection was lost after the commit");
      return result;
    });
    const items = batch(3);
    writer.add(items);
    await until("it is stored", () => sink.stored === 3);
    expect(calls).toBe(2);
    expect(await storedIds()).toEqual(items.map(({ id }) => id));
  });

  test("is refused in whole batches, counted, and told once a minute, when it can be written nowhere", async () => {
    let now = 0;
    const { writer, sink } = writerOf(never, { space: 0, maxBytes: 1_500, clock: () => now });
    expect(writer.add(batch(8))).toBe(true);
    await writer.flush();
    expect([sink.held, waitingFiles()]).toEqual([8, []]);
    expect(writer.add(batch(8))).toBe(false);
    expect(writer.add(batch(2))).toBe(true);
    expect(writer.add(batch(8))).toBe(false);
    expect([writer.waiting, writer.refused]).toEqual([10, 16]);
    const warnings = () => logger.lines.filter((line) => line.startsWith("warn: "));
    const warning = "warn: Feedback was refused because too much waits to be stored.";
    expect(warnings()).toEqual([`${warning} {"refused":8,"total":8}`]);
    now += 60_000;
    writer.add(batch(8));
    expect(warnings()).toEqual([
      `${warning} {"refused":8,"total":8}`,
      `${warning} {"refused":16,"total":24}`,
    ]);
  });

  test("has room again once it was stored", async () => {
    const { writer } = writerOf(toStorage, { maxBytes: 2_500_000 });
    const long = () =>
      Array.from({ length: 10 }, () => feedback({ value: { correction: "x".repeat(99_000) } }));
    expect([writer.add(long()), writer.add(long()), writer.add(long())]).toEqual([true, true, false]);
    await writer.flush();
    expect(writer.add(long())).toBe(true);
    await writer.flush();
    expect(await storedIds()).toHaveLength(30);
  });

  test("goes in short transactions, also of the longest texts", async () => {
    const sizes: number[] = [];
    const { writer } = writerOf(async (items) => {
      sizes.push(items.length);
      return { stored: items.length, repeated: 0 };
    });
    const long = (characters: number) => feedback({ value: { correction: "x".repeat(characters) } });
    writer.add([...Array.from({ length: 12 }, () => long(99_000)), long(3_000_000), ...batch(2_500)]);
    await writer.flush();
    expect(sizes).toEqual([10, 2, 1, 2_000, 500]);
  });
});
