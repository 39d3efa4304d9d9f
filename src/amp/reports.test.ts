import { describe, expect, test } from "bun:test";
import { configSchema } from "../config/schema.ts";
import type { LogFields, Logger } from "../lib/logger.ts";
import { openStorage } from "../storage/open.ts";
import { Reports } from "./reports.ts";

const config = (reports: { max_size_mb?: number; max_age_days?: number } = {}) =>
  configSchema.parse({ amp: { reports } }).amp;

/** Keeps the warnings. */
function recorder(): { logger: Logger; warnings: (LogFields | undefined)[] } {
  const warnings: (LogFields | undefined)[] = [];
  const pass = () => undefined;
  const warn = (_: string, fields?: LogFields) => void warnings.push(fields);
  return { logger: { debug: pass, info: pass, warn, error: pass }, warnings };
}

async function open() {
  const storage = await openStorage("sqlite::memory:", ".");
  const { logger, warnings } = recorder();
  return { storage, warnings, reports: new Reports(storage.clientReports, logger) };
}

describe("clients' reports", () => {
  test("are kept whole, one of a call by one", async () => {
    const { storage, reports } = await open();
    await reports.telemetry([{ a: 1 }, { b: { c: null } }], "key_1", config());
    await reports.error({ message: "it broke", stack: "at x" }, "key_2", config());
    expect((await storage.clientReports.newest("telemetry", 9)).map(({ body }) => body)).toEqual([
      '{"b":{"c":null}}',
      '{"a":1}',
    ]);
    expect(await storage.clientReports.newest("error", 9)).toMatchObject([
      { keyId: "key_2", body: '{"message":"it broke","stack":"at x"}' },
    ]);
  });

  test("are not kept where the configuration gives them no room", async () => {
    const { storage, reports } = await open();
    expect(await reports.telemetry([{}], "key_1", config({ max_size_mb: 0 }))).toBe(1);
    expect(await storage.clientReports.newest("telemetry", 9)).toEqual([]);
  });

  test("beyond the bound are deleted in steps, the oldest first", async () => {
    const { storage, reports } = await open();
    const body = "x".repeat(2000);
    const all = Array.from({ length: 1200 }, (_, n) => ({ n, body }));
    await reports.telemetry(all, "key_1", config());
    await reports.prune(config({ max_size_mb: 0.1 }));
    const left = await storage.clientReports.newest("telemetry", 9999);
    expect(left.length).toBe(51);
    expect(JSON.parse(left[0]!.body).n).toBe(1199);
    expect(JSON.parse(left.at(-1)!.body).n).toBe(1149);
  });

  test("that come fast are bounded too, without waiting for the next look", async () => {
    const { storage, reports } = await open();
    const event = { body: "x".repeat(10_000) };
    for (let call = 0; call < 20; call++)
      await reports.telemetry(Array(20).fill(event), "key_1", config({ max_size_mb: 1 }));
    await Bun.sleep(100);
    expect((await storage.clientReports.newest("telemetry", 9999)).length).toBeLessThan(130);
  });

  test("that are too old are deleted", async () => {
    const { storage, reports } = await open();
    const day = 86_400_000;
    const kept = { kind: "error", keyId: "k", body: "{}" } as const;
    const ages = [30, 15, 13, 0];
    await storage.clientReports.add(ages.map((age) => ({ ...kept, receivedAt: Date.now() - age * day })));
    await reports.prune(config());
    expect(await storage.clientReports.newest("error", 9)).toHaveLength(2);
  });

  test("stay where the storage fails, which is told once until it works again", async () => {
    const { storage, reports, warnings } = await open();
    await storage.close();
    await reports.prune(config());
    await reports.prune(config());
    expect(warnings).toHaveLength(1);
  });
});
