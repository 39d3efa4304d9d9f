import { describe, expect, test } from "bun:test";
import { createLineQueue } from "./line-queue.ts";

const KILOBYTE_LINE = `${"x".repeat(1023)}\n`;

/** A destination whose disk the test holds in its hands. */
function testDisk() {
  const disk = {
    text: "",
    writes: 0,
    /** Bytes that it still takes, in whole lines. */
    room: Number.POSITIVE_INFINITY,
    held: null as Promise<void> | null,
    async write(lines: Buffer): Promise<number> {
      disk.writes++;
      await disk.held;
      const fit =
        lines.length <= disk.room ? lines.length : lines.lastIndexOf(0x0a, Math.max(0, disk.room - 1)) + 1;
      const taken = disk.room <= 0 ? 0 : fit;
      disk.text += lines.toString("utf8", 0, taken);
      disk.room -= taken;
      return taken;
    },
    async close() {},
  };
  return disk;
}

const notice = (count: number) => `dropped ${count}\n`;

describe("the queue of lines", () => {
  test("nothing is written while the caller waits, and all of it within 100 ms in one write", async () => {
    const disk = testDisk();
    const queue = createLineQueue(disk, notice);
    for (let index = 0; index < 10; index++) queue.push(`${index}\n`);
    expect(disk.writes).toBe(0);
    await Bun.sleep(100);
    expect(disk.text).toBe("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    expect(disk.writes).toBe(1);
  });

  test("64 KB are written at once, but not before the caller is done", async () => {
    const disk = testDisk();
    const queue = createLineQueue(disk, notice);
    for (let index = 0; index < 64; index++) queue.push(KILOBYTE_LINE);
    expect(disk.writes).toBe(0);
    await Bun.sleep(10);
    expect(disk.text.length).toBe(65_536);
  });

  test("flush waits for lines queued while an earlier batch was being written", async () => {
    const disk = testDisk();
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.held = promise;
    const queue = createLineQueue(disk, notice);
    queue.push("first\n");
    const early = queue.flush();
    queue.push("second\n");
    const late = queue.flush();
    resolve();
    await Promise.all([early, late]);
    expect(disk.text).toBe("first\nsecond\n");
  });

  test("a failing destination gets every line once, in order, when it works again", async () => {
    const disk = testDisk();
    disk.room = 0;
    const queue = createLineQueue(disk, notice);
    queue.push("a\n");
    await queue.flush();
    queue.push("b\n");
    disk.room = 2;
    await queue.flush();
    queue.push("c\n");
    disk.room = Number.POSITIVE_INFINITY;
    await Bun.sleep(1100);
    expect(disk.text).toBe("a\nb\nc\n");
    expect(queue.dropped()).toBe(0);
  });

  test("while it fails it is asked once a second and not once a line", async () => {
    const disk = testDisk();
    disk.room = 0;
    const queue = createLineQueue(disk, notice);
    queue.push("a\n");
    await queue.flush();
    for (let index = 0; index < 500; index++) queue.push(KILOBYTE_LINE);
    await Bun.sleep(300);
    expect(disk.writes).toBe(1);
  });

  test("beyond 16 MB lines are dropped, counted, and told of once when writing works again", async () => {
    const disk = testDisk();
    disk.room = 0;
    const queue = createLineQueue(disk, notice);
    for (let index = 0; index < 17 * 1024; index++) queue.push(KILOBYTE_LINE);
    expect(queue.dropped()).toBe(1024);
    expect(queue.losing()).toBe(true);
    await queue.flush();
    queue.push(KILOBYTE_LINE);
    expect(queue.dropped()).toBe(1025);

    disk.room = Number.POSITIVE_INFINITY;
    await queue.flush();
    await queue.flush();
    expect(disk.text).toBe(`${KILOBYTE_LINE.repeat(16 * 1024)}dropped 1025\n`);
    expect(queue.losing()).toBe(false);
  });

  test("a reader that stalls holds at most 16 MB and lets close end all the same", async () => {
    const disk = testDisk();
    disk.held = new Promise(() => {});
    const queue = createLineQueue(disk, notice);
    for (let index = 0; index < 100; index++) queue.push(KILOBYTE_LINE);
    await Bun.sleep(20);
    for (let index = 0; index < 17 * 1024; index++) queue.push(KILOBYTE_LINE);
    expect(queue.dropped()).toBe(1024 + 100);
    const start = performance.now();
    await queue.close();
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(queue.dropped()).toBe(17 * 1024 + 100);
  });

  test("close writes what is queued; later lines count as dropped", async () => {
    const disk = testDisk();
    const queue = createLineQueue(disk, notice);
    queue.push("last\n");
    await queue.close();
    queue.push("too late\n");
    expect(disk.text).toBe("last\n");
    expect(queue.dropped()).toBe(1);
  });
});
