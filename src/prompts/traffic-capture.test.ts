import { beforeEach, describe, expect, test } from "bun:test";
import { until } from "../../test/support/until.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import type { PromptStore } from "../storage/prompt-store.ts";
import { MAX_SOURCE_CHARS } from "./limits.ts";
import { Renderer } from "./render.ts";
import { TrafficCapture } from "./traffic-capture.ts";

let storage: Storage;
let logged: string[];
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
  logged = [];
});

const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
const logger = { debug: log, info: log, warn: log, error: log };

/** Passes on to the real store, and counts; `before` may throw. */
function captureWith(before: (names: readonly string[]) => void = () => {}) {
  const calls: string[][] = [];
  const stored: string[] = [];
  const store: Pick<PromptStore, "capture"> = {
    capture(versions, limits) {
      const names = versions.map(({ template, version }) => `${template}-v${version}`);
      calls.push(names);
      try {
        before(names);
      } catch (error) {
        return Promise.reject(error);
      }
      return storage.prompts.capture(versions, limits);
    },
  };
  const capture = new TrafficCapture(store, new Renderer(), logger, (name) => void stored.push(name));
  return { capture, calls, stored };
}

const versionsOf = async (template: string) =>
  (await storage.prompts.versions(template)).map(({ version, conflict }) =>
    conflict ? `${version}!` : version,
  );

describe("what traffic brings", () => {
  test("is kept once, in one call for all that came within a moment", async () => {
    const { capture, calls, stored } = captureWith();
    for (let i = 0; i < 3; i++) {
      capture.see("a", "1", "Hi {{ name }}", true);
      capture.see("b", "1", "Ho", true);
    }
    await until("it is stored", async () => (await versionsOf("b")).length === 1);
    capture.see("a", "1", "Hi {{ name }}", true);
    await capture.flush();
    expect(calls).toEqual([["a-v1", "b-v1"]]);
    expect(stored).toEqual(["a", "b"]);
    expect((await storage.prompts.version("a", "1"))?.variables).toEqual(["name"]);
  });

  test("is a conflict where the version has another text, also when texts alternate", async () => {
    const { capture, calls } = captureWith();
    for (let i = 0; i < 5; i++) for (const text of ["one", "two"]) capture.see("a", "1", text, true);
    await capture.flush();
    expect(calls).toEqual([["a-v1", "a-v1"]]);
    expect(await versionsOf("a")).toEqual(["1", "1!"]);
  });

  test("under a bare name is a version of its text", async () => {
    const { capture } = captureWith();
    const { version, revision } = capture.see("a", null, "one", true);
    expect(version).toBe(`0+${revision}`);
    await capture.flush();
    expect(await versionsOf("a")).toEqual([version]);
  });

  test("is not kept where it is no template, or longer than one may be", async () => {
    const { capture, calls } = captureWith();
    capture.see("a", "1", "{% if %}", true);
    capture.see("b", "1", "x".repeat(MAX_SOURCE_CHARS + 1), true);
    await capture.flush();
    expect(calls).toEqual([]);
  });

  test("is not kept for a request that must leave nothing, and is for the next that may", async () => {
    const { capture, calls } = captureWith();
    expect(capture.see("a", "1", "Hi", false)).toEqual(capture.see("a", "1", "Hi", false));
    await capture.flush();
    expect(calls).toEqual([]);
    capture.see("a", "1", "Hi", true);
    await capture.flush();
    expect(calls).toEqual([["a-v1"]]);
  });
});

describe("a client that puts its values into the text", () => {
  test("has 200 of them kept, and is told of in the log, once", async () => {
    const { capture } = captureWith();
    for (let i = 0; i < 500; i++) capture.see("a", null, `Hello client ${i}`, true);
    await capture.flush();
    expect(await versionsOf("a")).toHaveLength(200);
    expect(capture.refused).toBe(300);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('"template":"a"');
    expect(logged[0]).not.toContain("Hello");
  });

  test("takes a bounded memory, however long its texts are", async () => {
    const { capture } = captureWith();
    const text = "é".repeat(MAX_SOURCE_CHARS - 100);
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 2_000; i++)
      capture.see(`t${i}`, "1", `${i} ${text}`.slice(0, MAX_SOURCE_CHARS), false);
    Bun.gc(true);
    // 2,000 of them are a gigabyte.
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });
});

describe("a storage that fails", () => {
  test("is asked again, for what came meanwhile too; the log says so once", async () => {
    let broken = true;
    const { capture } = captureWith(() => {
      if (broken) throw new StorageError("The database is gone.");
    });
    capture.see("a", "1", "one", true);
    await capture.flush();
    capture.see("b", "1", "two", true);
    await capture.flush();
    expect(logged).toHaveLength(1);
    broken = false;
    await capture.flush();
    expect([await versionsOf("a"), await versionsOf("b")]).toEqual([["1"], ["1"]]);
  });

  test("holds 1,000 waiting; what found no room is kept when it is seen again", async () => {
    let broken = true;
    const { capture } = captureWith(() => {
      if (broken) throw new StorageError("The database is gone.");
    });
    const seeAll = () => {
      for (let i = 0; i < 1_500; i++) capture.see(`t${i}`, "1", "text", true);
    };
    seeAll();
    await capture.flush();
    broken = false;
    await capture.flush();
    expect(await storage.prompts.templates()).toHaveLength(1_000);
    seeAll();
    await capture.flush();
    expect(await storage.prompts.templates()).toHaveLength(1_500);
  });

  test("by one version that it does not take keeps the others", async () => {
    const { capture, calls } = captureWith((names) => {
      if (names.includes("bad-v1")) throw new StorageError("No such text.", { refusesData: true });
    });
    for (const name of ["a", "bad", "b"]) capture.see(name, "1", "text", true);
    await capture.flush();
    expect((await storage.prompts.templates()).map(({ name }) => name)).toEqual(["a", "b"]);
    await capture.flush();
    expect(calls).toHaveLength(4);
  });

  test("is waited for by whoever closes, though a write is under way", async () => {
    const { capture } = captureWith();
    capture.see("a", "1", "one", true);
    void capture.flush();
    await capture.flush();
    expect(await versionsOf("a")).toEqual(["1"]);
  });
});
