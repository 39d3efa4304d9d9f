import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WrittenRecord } from "./record.ts";
import { Spill, SpillFullError } from "./spill.ts";
import { STORABLE_RECORDS } from "./storable-records.ts";
import { keepingLogger, testRecord } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-spill-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const LIMIT = { items: 100, bytes: 1024 * 1024 };
const DEAD_PID = 4_194_304;

let folder: string;
let logger: ReturnType<typeof keepingLogger>;
beforeEach(() => {
  folder = join(mkdtempSync(join(root, "data-")), "waiting");
  logger = keepingLogger();
});

const spills: Spill<WrittenRecord>[] = [];
afterEach(async () => {
  for (const spill of spills.splice(0)) await spill.close();
});

function spillOf(maxBytes = Infinity): Spill<WrittenRecord> {
  const spill = new Spill({ folder, kind: STORABLE_RECORDS, logger, maxBytes: () => maxBytes });
  spills.push(spill);
  return spill;
}
const idsOf = (records: readonly WrittenRecord[]) => records.map(({ record }) => record.id);
const files = () => readdirSync(folder).toSorted();

async function drain(spill: Spill<WrittenRecord>, limit = LIMIT): Promise<WrittenRecord[]> {
  const all: WrittenRecord[] = [];
  for (let next = await spill.next(limit); next.length > 0; next = await spill.next(limit)) {
    all.push(...next);
    spill.stored();
  }
  return all;
}

/** Leaves the files as a process that was killed leaves them. */
async function left(...batches: WrittenRecord[][]): Promise<string> {
  const spill = spillOf();
  for (const batch of batches) await spill.append(batch);
  const bytes = readFileSync(join(folder, files()[0]!));
  await drain(spill);
  const name = `${"1".padStart(17, "0")}-${DEAD_PID}-0a.records`;
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

describe("records that wait in files", () => {
  test("come back as they were, in their order, and the file is gone then", async () => {
    const spill = spillOf();
    const bare = { ...testRecord("c"), bodies: null };
    const half = {
      ...testRecord("d"),
      bodies: { request: null, response: new Uint8Array([0, 255]), cut: true },
    };
    const empty = { ...testRecord("e"), bodies: { request: new Uint8Array(), response: null, cut: false } };
    const records = [testRecord("a"), testRecord("b", 3_000_000), bare, half, empty];
    await spill.append(records.slice(0, 2));
    await spill.append(records.slice(2));
    expect(spill.bytes).toBeGreaterThan(6_000_000);
    const back = await drain(spill);
    expect(back.map(({ record }) => record)).toEqual(records.map(({ record }) => record));
    for (const [i, { bodies }] of back.entries()) {
      expect(bodies?.cut).toBe(records[i]!.bodies?.cut);
      for (const side of ["request", "response"] as const) {
        const [got, wanted] = [bodies?.[side], records[i]!.bodies?.[side]];
        expect(got == null ? got : Buffer.from(got).equals(wanted!)).toBe(wanted == null ? wanted : true);
      }
    }
    expect([spill.bytes, files()]).toEqual([0, []]);
  });

  test("are given again until they are said to be stored", async () => {
    const spill = spillOf();
    await spill.append([testRecord("a"), testRecord("b"), testRecord("c")]);
    expect(idsOf(await spill.next({ items: 2, bytes: 1e6 }))).toEqual(["a", "b"]);
    expect(idsOf(await spill.next({ items: 2, bytes: 1e6 }))).toEqual(["a", "b"]);
    spill.stored();
    await spill.append([testRecord("d")]);
    expect(idsOf(await spill.next({ items: 2, bytes: 1e6 }))).toEqual(["c", "d"]);
  });

  test("give their space back as they are stored", async () => {
    const spill = spillOf();
    const numbers = Array.from({ length: 30 }, (_, i) => String(i).padStart(2, "0"));
    for (const id of numbers) await spill.append([testRecord(id, 2 * 1024 * 1024)]);
    expect(files().length).toBeGreaterThan(2);
    expect(idsOf(await drain(spill, { items: 3, bytes: 1e9 }))).toEqual(numbers);
    expect(files()).toEqual([]);
  }, 30_000);

  test("are readable by this user alone", async () => {
    await spillOf().append([testRecord("a")]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, files()[0]!)).mode & 0o777).toBe(0o600);
  });

  test("are written anew where somebody took the file away, so that they are found", async () => {
    const spill = spillOf();
    await spill.append([testRecord("a")]);
    const [taken] = files();
    renameSync(join(folder, taken!), join(folder, `${"1".padStart(17, "0")}-${DEAD_PID}-0a.records`));
    await spill.append([testRecord("b")]);
    await spill.append([testRecord("c")]);
    expect(files()).toHaveLength(2);
    // What the other has is stored twice, at worst, which changes nothing.
    expect(idsOf(await drain(spill))).toEqual(["a", "b", "c"]);
    const other = spillOf();
    await other.adopt();
    expect(idsOf(await drain(other))[0]).toBe("a");
    expect(files()).toEqual([]);
  });

  test("take no more space than they may, and none of a batch is written then", async () => {
    const spill = spillOf(10_000);
    await spill.append([testRecord("a", 1_000)]);
    expect(spill.append([testRecord("b", 10), testRecord("c", 10_000)])).rejects.toThrow(SpillFullError);
    expect(idsOf(await drain(spill))).toEqual(["a"]);
  });
});

describe("what a process left that was killed", () => {
  test("is taken over at the next start, once", async () => {
    await left([testRecord("a"), testRecord("b")], [testRecord("c")]);
    const [one, other] = [spillOf(), spillOf()];
    await Promise.all([one.adopt(), other.adopt()]);
    const found = [...(await drain(one)), ...(await drain(other))];
    expect(idsOf(found)).toEqual(["a", "b", "c"]);
    expect(files()).toEqual([]);
  });

  test("comes before what is added", async () => {
    await left([testRecord("a")]);
    const spill = spillOf();
    await spill.adopt();
    await spill.append([testRecord("b")]);
    expect(idsOf(await drain(spill))).toEqual(["a", "b"]);
  });

  test("stays with a process that still runs", async () => {
    const path = await left([testRecord("a")]);
    const now = String(Date.now() * 1000).padStart(17, "0");
    renameSync(path, join(folder, `${now}-${process.ppid}-0a.records`));
    const spill = spillOf();
    await spill.adopt();
    expect(await drain(spill)).toEqual([]);
    expect(files()).toHaveLength(1);
  });

  test.skipIf(!existsSync("/proc/stat"))("is no other program's that has its id now", async () => {
    const path = await left([testRecord("a")]);
    renameSync(path, path.replace(String(DEAD_PID), String(process.ppid)));
    const spill = spillOf();
    await spill.adopt();
    expect(idsOf(await drain(spill))).toEqual(["a"]);
  });

  test("is not taken over by what waits of another kind", async () => {
    const path = await left([testRecord("a")]);
    renameSync(path, path.replace(".records", ".feedback"));
    const spill = spillOf();
    await spill.adopt();
    expect(await drain(spill)).toEqual([]);
    expect(files()).toHaveLength(1);
  });

  test("does not keep the others from being taken over when it cannot be read", async () => {
    const path = await left([testRecord("a")]);
    mkdirSync(path.replace("-0a.", "-00."));
    const spill = spillOf();
    await spill.adopt();
    expect(idsOf(await drain(spill))).toEqual(["a"]);
    expect(logger.lines.filter((line) => line.includes("cannot be read"))).toHaveLength(1);
  });

  test.each([1, 5, 9, 200])("is read up to where its end is missing, %p bytes", async (missing) => {
    const path = await left([testRecord("a"), testRecord("b")]);
    truncateSync(path, statSync(path).size - missing);
    const spill = spillOf();
    await spill.adopt();
    expect(idsOf(await drain(spill))).toEqual(["a"]);
    expect(
      logger.lines.filter((line) => line.startsWith("warn: A file of waiting records is damaged")),
    ).toHaveLength(1);
    expect(files()).toEqual([]);
  });

  test.each(["garbage that is no record at all", "\u0000".repeat(100), "\xff".repeat(8)])(
    "is read up to where something else begins: %j",
    async (garbage) => {
      appendFileSync(await left([testRecord("a"), testRecord("b")]), garbage);
      const spill = spillOf();
      await spill.adopt();
      expect(idsOf(await drain(spill))).toEqual(["a", "b"]);
      expect(logger.lines.filter((line) => line.startsWith("warn: "))).toHaveLength(1);
    },
  );

  test("is read up to the first byte that changed", async () => {
    const path = await left([testRecord("a"), testRecord("b"), testRecord("c")]);
    const bytes = readFileSync(path);
    const at = bytes.indexOf("req-b");
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
    const spill = spillOf();
    await spill.adopt();
    expect(idsOf(await drain(spill))).toEqual(["a"]);
  });

  test("of which nothing is there is nothing", async () => {
    const spill = spillOf();
    await spill.adopt();
    expect(await spill.next(LIMIT)).toEqual([]);
  });
});
