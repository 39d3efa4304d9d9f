import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, spawnAmsterdam, startGateway } from "../support/gateway.ts";
import { until } from "../support/until.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ withKey: false });
});
afterAll(() => gateway.stop());

async function amsterdam(...args: string[]): Promise<string> {
  const { process: child, output } = spawnAmsterdam(gateway.dir, args);
  expect(await child.exited).toBe(0);
  return output();
}

async function createKey(...args: string[]): Promise<{ key: string; id: string }> {
  return JSON.parse(await amsterdam("keys", "create", "--json", ...args));
}

function ask(key: string, path = "/v1/models", body?: string): Promise<Response> {
  return fetch(gateway.url + path, {
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { method: "POST", body }),
  });
}

test("the key that a first start makes is taken, also after another start, and is printed once", async () => {
  const { key } = gateway;
  expect((await ask(key)).status).toBe(200);
  gateway = await gateway.restart();
  expect((await ask(key)).status).toBe(200);
  expect(gateway.output()).not.toContain(key);
});

test("a start that finds its port taken makes no key that nobody sees", async () => {
  const dir = mkdtempSync(join(tmpdir(), "amsterdam-first-"));
  const failed = spawnAmsterdam(dir, ["start"], { PORT: String(gateway.port) });
  expect(await failed.process.exited).toBe(1);
  const next = spawnAmsterdam(dir, ["start"], { PORT: "0" });
  await until("the next start prints a key", () => /ams_[\w-]+/.test(next.output()));
  next.process.kill("SIGTERM");
  expect(await next.process.exited).toBe(0);
  rmSync(dir, { recursive: true });
});

test("a key made beside a running gateway is taken, and refused within a second of being revoked", async () => {
  const { key, id } = await createKey("--name", "visitor");
  await until("the new key is taken", async () => (await ask(key)).status === 200);
  await amsterdam("keys", "revoke", id);
  const revoked = performance.now();
  await until("the revoked key is refused", async () => (await ask(key)).status === 401);
  expect(performance.now() - revoked).toBeLessThan(1500);
});

test("a key that has expired is refused", async () => {
  const { key } = await createKey("--expires", new Date(Date.now() + 5000).toISOString());
  await until("the new key is taken", async () => (await ask(key)).status === 200);
  await until("the key has expired", async () => (await ask(key)).status === 401);
});

test("a refusal tells the same for a wrong, a revoked and a missing key, in the format that was called", async () => {
  const { key, id } = await createKey();
  await until("the new key is taken", async () => (await ask(key)).status === 200);
  await amsterdam("keys", "revoke", id);
  await until("the key is refused", async () => (await ask(key)).status === 401);
  const shapes = [
    ["/v1/chat/completions", { error: { type: "authentication_error", code: "invalid_api_key" } }],
    ["/v1/messages", { type: "error", error: { type: "authentication_error" } }],
    ["/v1beta/models/demo/echo:generateContent", { error: { code: 401, status: "UNAUTHENTICATED" } }],
  ] as const;
  for (const [path, shape] of shapes) {
    const bodies = await Promise.all(
      ["ams_wrong", key, ""].map(async (wrong) => (await ask(wrong, path, "{}")).json()),
    );
    expect(bodies[0]).toMatchObject(shape);
    const messages = bodies.map((body) => (body as { error: { message: string } }).error.message);
    expect(new Set(messages).size).toBe(1);
  }
});
