import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeStorage } from "../contract.test-suite.ts";
import { openStorage } from "../open.ts";

const folder = mkdtempSync(join(tmpdir(), "amsterdam-storage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let databases = 0;
const openFile = () => openStorage(`sqlite:${databases}/test.db`, folder);
describeStorage(
  "SQLite in a file",
  () => {
    databases++;
    return openFile();
  },
  openFile,
);
describeStorage("SQLite in memory", () => openStorage("sqlite::memory:", folder));
