import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ModelFileError, readModelFile, writeModelFile } from "./model-file.ts";

const FILE = readFileSync(new URL("./default.model", import.meta.url));
const HEADER = 12;

/** A file with another header and a right checksum. */
function withHeader(change: (header: Record<string, unknown>) => unknown): Buffer {
  const length = FILE.readUInt32LE(8);
  const header: unknown = change(JSON.parse(FILE.toString("utf8", HEADER, HEADER + length)));
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  return sealed(Buffer.concat([FILE.subarray(0, 8), size, json, FILE.subarray(HEADER + length, -32)]));
}

function sealed(body: Buffer): Buffer {
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

test("a model that is read and written again is the same file", () => {
  const model = readModelFile(FILE);
  expect(Buffer.from(writeModelFile(model))).toEqual(FILE);
  expect(FILE.length).toBeLessThan(1 << 20);
  expect(model.checksum).toMatch(/^[0-9a-f]{64}$/);
});

test("a file tells what it was trained on", () => {
  const { note } = readModelFile(FILE);
  expect(note.rows).toBe(7_823);
  expect(note.sets).toEqual({ ulab: 4519, crux: 800, "math-l5": 704, mmlu: 1500, gsm8k: 300 });
  expect(note.data).toContain("Apache-2.0");
  expect(note.dataChecksum).toMatch(/^[0-9a-f]{64}$/);
});

test("a file is read wherever it lies in its memory", () => {
  const moved = new Uint8Array(FILE.length + 3);
  moved.set(FILE, 3);
  expect(readModelFile(moved.subarray(3)).checksum).toBe(readModelFile(FILE).checksum);
});

test("any changed byte is noticed", () => {
  for (let at = 0; at < FILE.length; at += 997) {
    const changed = Buffer.from(FILE);
    changed[at]! ^= 0x10;
    expect(() => readModelFile(changed)).toThrow(ModelFileError);
  }
});

test("a file that is cut, empty, foreign or too large is refused with the reason", () => {
  expect(() => readModelFile(FILE.subarray(0, -100))).toThrow("damaged");
  expect(() => readModelFile(new Uint8Array())).toThrow("not a router's");
  expect(() => readModelFile(Buffer.from("PK\u0003\u0004".padEnd(500)))).toThrow("not a router's");
  expect(() => readModelFile(new Uint8Array((1 << 20) + 1))).toThrow("1048577 bytes");
});

test("a whole file of another version is refused with what differs", () => {
  const refused: [change: (header: Record<string, unknown>) => unknown, reason: string][] = [
    [(header) => ({ ...header, statistics: ["length"] }), "other statistics"],
    [(header) => ({ ...header, means: [] }), "means"],
    [(header) => ({ ...header, deviations: (header.deviations as number[]).map(() => 0) }), "not above 0"],
    [(header) => ({ ...header, weights: (header.weights as number[]).map(() => null) }), "weights"],
    [(header) => ({ ...header, scale: "1" }), "scale"],
    [(header) => ({ ...header, slope: -1 }), "slope is not above 0"],
    [(header) => ({ ...header, quantiles: (header.quantiles as number[]).toReversed() }), "quantiles fall"],
    [(header) => ({ ...header, note: null }), "note"],
    [() => null, "not an object"],
    [() => [], "other statistics"],
  ];
  for (const [change, reason] of refused) {
    const file = withHeader(change);
    expect(() => readModelFile(file)).toThrow(ModelFileError);
    expect(() => readModelFile(file)).toThrow(reason);
  }
});

test("a header's length that lies is refused", () => {
  const body = Buffer.from(FILE.subarray(0, -32));
  body.writeUInt32LE(0xffff_ffff, 8);
  expect(() => readModelFile(sealed(body))).toThrow("does not hold 32768 weights");
  body.writeUInt32LE(0, 8);
  expect(() => readModelFile(sealed(body))).toThrow("does not hold 32768 weights");
});
