import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogFile } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const limits = { max_size_mb: 1, max_age_days: 14, max_files: 10 };
const line = (index: number) => Buffer.from(`{"n":${index},"pad":"${"x".repeat(80)}"}\n`);
const numbersIn = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((each) => JSON.parse(each).n as number);
const rotated = () =>
  readdirSync(folder)
    .filter((name) => name !== "a.log")
    .sort();

describe("the log file", () => {
  test("is made with its folder at the first write, readable by owner and group only", async () => {
    const path = join(folder, "new", "sub", "a.log");
    const file = createLogFile({ ...limits, path });
    expect(await file.write(line(1))).toBe(line(1).length);
    await file.close();
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([1]);
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  test("is begun anew before it would pass its size; no line is lost, split or out of order", async () => {
    const path = join(folder, "a.log");
    const file = createLogFile({ ...limits, path, max_size_mb: 0.001 });
    for (let index = 0; index < 40; index += 4) {
      await file.write(Buffer.concat([line(index), line(index + 1), line(index + 2), line(index + 3)]));
    }
    await file.close();
    expect(file.error()).toBeNull();
    const names = [...rotated(), "a.log"];
    expect(names.length).toBe(4);
    for (const name of names)
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(0.001 * 1024 * 1024);
    const numbers = names.flatMap((name) => numbersIn(readFileSync(join(folder, name), "utf8")));
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(rotated()[0]).toMatch(/^a\.\d{8}T\d{9}Z\.log$/);
  });

  test("one batch larger than the file's size is spread over several files", async () => {
    const path = join(folder, "a.log");
    const file = createLogFile({ ...limits, path, max_size_mb: 0.001 });
    await file.write(Buffer.concat(Array.from({ length: 30 }, (_, index) => line(index))));
    await file.close();
    const numbers = [...rotated(), "a.log"].flatMap((name) =>
      numbersIn(readFileSync(join(folder, name), "utf8")),
    );
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index));
    for (const name of rotated()) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1048);
  });

  test("a line larger than the file's size gets a file of its own", async () => {
    const file = createLogFile({ ...limits, path: join(folder, "a.log"), max_size_mb: 0.0001 });
    const long = Buffer.from(`${"x".repeat(500)}\n`);
    expect(await file.write(Buffer.concat([long, long]))).toBe(1002);
    await file.close();
    expect(rotated()).toHaveLength(1);
  });

  test("only max_files stay beside it, the newest, and strangers in the folder are not touched", async () => {
    const strangers = [
      "a.20260101T000000000Z.log.gz",
      "b.20260101T000000000Z.log",
      "a.notes.log",
      "a.20260101.log",
    ];
    for (const name of strangers) writeFileSync(join(folder, name), "x");
    const file = createLogFile({ ...limits, path: join(folder, "a.log"), max_size_mb: 0.0001, max_files: 3 });
    for (let index = 0; index < 10; index++) await file.write(line(index));
    await file.close();
    const kept = rotated().filter((name) => !strangers.includes(name));
    expect(kept.flatMap((name) => numbersIn(readFileSync(join(folder, name), "utf8")))).toEqual([6, 7, 8]);
    expect(rotated()).toEqual(expect.arrayContaining(strangers));
  });

  test("files last written longer ago than max_age_days are deleted at the first write", async () => {
    for (const [name, days] of [
      ["a.20260101T000000000Z.log", 15],
      ["a.20260102T000000000Z.log", 13],
    ] as const) {
      writeFileSync(join(folder, name), "x\n");
      const time = Date.now() / 1000 - days * 86_400;
      utimesSync(join(folder, name), time, time);
    }
    const file = createLogFile({ ...limits, path: join(folder, "a.log") });
    await file.write(line(1));
    await file.close();
    expect(rotated()).toEqual(["a.20260102T000000000Z.log"]);
  });

  test("a file whose first line is max_age_days old is begun anew", async () => {
    const file = createLogFile({ ...limits, path: join(folder, "a.log"), max_age_days: 0.000001 });
    await file.write(line(1));
    await Bun.sleep(120);
    await file.write(line(2));
    await file.close();
    expect(numbersIn(readFileSync(join(folder, "a.log"), "utf8"))).toEqual([2]);
  });

  test("it is appended to after a restart, its size counted", async () => {
    const path = join(folder, "a.log");
    for (let index = 0; index < 3; index++) {
      const file = createLogFile({ ...limits, path, max_size_mb: 0.00025 });
      await file.write(line(index));
      await file.close();
    }
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([2]);
    expect(rotated()).toHaveLength(1);
  });

  test("half a line left by a killed process is ended before the next", async () => {
    const path = join(folder, "a.log");
    writeFileSync(path, '{"n":1}\n{"n":');
    const file = createLogFile({ ...limits, path });
    await file.write(line(2));
    await file.close();
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines[1]).toBe('{"n":');
    expect(numbersIn(lines.slice(2).join("\n"))).toEqual([2]);
  });

  test("a folder that was removed, and a file that was moved away, are made again", async () => {
    const path = join(folder, "sub", "a.log");
    const file = createLogFile({ ...limits, path });
    await file.write(line(1));
    rmSync(join(folder, "sub"), { recursive: true });
    await file.write(line(2));
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([2]);
    renameSync(path, `${path}.moved`);
    await file.write(line(3));
    await file.close();
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([3]);
  });

  test("where no folder can be made it takes nothing and says why, until it can", async () => {
    writeFileSync(join(folder, "sub"), "a file where the folder should be");
    const path = join(folder, "sub", "a.log");
    const file = createLogFile({ ...limits, path });
    expect(await file.write(line(1))).toBe(0);
    expect(file.error()).toMatch(/EEXIST|ENOTDIR/);
    rmSync(join(folder, "sub"));
    mkdirSync(join(folder, "sub"));
    expect(await file.write(line(1))).toBe(line(1).length);
    expect(file.error()).toBeNull();
    await file.close();
  });

  test("every time it fails and recovers, the cause comes and goes", async () => {
    const path = join(folder, "sub", "a.log");
    const file = createLogFile({ ...limits, path });
    for (let round = 0; round < 3; round++) {
      expect(await file.write(line(round))).toBe(line(round).length);
      expect(file.error()).toBeNull();
      renameSync(join(folder, "sub"), join(folder, "aside"));
      writeFileSync(join(folder, "sub"), "a file where the folder should be");
      expect(await file.write(line(99))).toBe(0);
      expect(file.error()).not.toBeNull();
      rmSync(join(folder, "sub"));
      renameSync(join(folder, "aside"), join(folder, "sub"));
    }
    await file.close();
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([0, 1, 2]);
  });

  test("a device that is full takes nothing and says why", async () => {
    const file = createLogFile({ ...limits, path: "/dev/full" });
    expect(await file.write(line(1))).toBe(0);
    expect(file.error()).toContain("ENOSPC");
    expect(await file.write(line(1))).toBe(0);
    await file.close();
  });

  test("where rotating is impossible the file grows on and the cause is told", async () => {
    // The rotated name would be longer than the 255 bytes that file systems allow.
    const path = join(folder, `${"n".repeat(245)}.log`);
    const long = createLogFile({ ...limits, path, max_size_mb: 0.0001 });
    expect(await long.write(line(1))).toBe(line(1).length);
    expect(await long.write(line(2))).toBe(line(2).length);
    expect(long.error()).toContain("ENAMETOOLONG");
    await long.close();
    expect(numbersIn(readFileSync(path, "utf8"))).toEqual([1, 2]);
  });
});
