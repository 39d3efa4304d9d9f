import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { call, internal, thread } from "./calls.ts";

let gateway: Gateway;
let database: string;
beforeEach(async () => {
  gateway = await startGateway();
  database = join(gateway.dir, "data", "amsterdam.db");
});
afterEach(() => gateway.stop());

const calls = () => ({
  upload: internal(gateway, "uploadThread", { thread: thread("T-1", 2) }),
  read: internal(gateway, "listThreads"),
  sync: call(gateway, "/api/threads/sync", { threadVersions: ["T-1"] }),
  telemetry: call(gateway, "/api/telemetry", [{}]),
  errors: call(gateway, "/api/errors", { message: "x" }),
});

async function expectUnavailable(response: Response): Promise<void> {
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await response.json()).toMatchObject({ error: { code: "storage_unavailable" } });
}

const TOLD = {
  ok: false,
  error: { code: "storage_unavailable", message: expect.stringContaining("storage") },
};

test("a storage that is gone is told as the client reads it, and the other calls go on", async () => {
  expect(await internal(gateway, "uploadThread", { thread: thread("T-1", 1) })).toEqual({
    ok: true,
    result: {},
  });
  renameSync(database, `${database}.away`);
  const { upload, read, sync, telemetry, errors } = calls();
  expect(await upload).toMatchObject(TOLD);
  expect(await read).toMatchObject(TOLD);
  for (const response of [await sync, await telemetry, await errors]) await expectUnavailable(response);

  expect((await internal(gateway, "getUserInfo")).ok).toBe(true);
  expect((await call(gateway, "/api/user")).status).toBe(200);
  const body = { model: "demo/echo", messages: [{ role: "user", content: "hi" }] };
  expect((await call(gateway, "/v1/chat/completions", body)).status).toBe(200);

  renameSync(`${database}.away`, database);
  expect((await internal(gateway, "getThread", { thread: "T-1" })).result.thread.data).toMatchObject({
    v: 1,
  });
});

test("a storage that another process holds is waited for a few seconds, and no longer", async () => {
  const holder = new Database(database);
  holder.run("BEGIN IMMEDIATE");
  const started = performance.now();
  const { upload, read, sync, telemetry, errors } = calls();
  expect(await read).toMatchObject({ ok: true });
  expect((await sync).status).toBe(200);
  expect(await upload).toMatchObject(TOLD);
  await expectUnavailable(await telemetry);
  await expectUnavailable(await errors);
  expect(performance.now() - started).toBeLessThan(15_000);
  holder.run("ROLLBACK");
  holder.close();
  expect(await internal(gateway, "uploadThread", { thread: thread("T-1", 2) })).toEqual({
    ok: true,
    result: {},
  });
});
