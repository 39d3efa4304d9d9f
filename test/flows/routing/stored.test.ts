import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const ROUTES = {
  routes: { own: { targets: ["demo/down", "demo/echo"] } },
  aliases: { "claude-3-5-haiku*": "quick" },
};

/** Two processes on one file. */
let one: Gateway;
let other: Gateway;
beforeAll(async () => {
  one = await startGateway({ config: ROUTES });
  const url = `sqlite:${join(one.dir, "data/amsterdam.db")}`;
  other = await startGateway({ config: { ...ROUTES, storage: { url } } });
});
afterAll(async () => {
  await other.stop();
  await one.stop();
});

async function ask(gateway: Gateway, model: string): Promise<Response> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
  });
  await response.text();
  return response;
}

const servedBy = async (gateway: Gateway, model: string) =>
  (await ask(gateway, model)).headers.get("x-amsterdam-model");

async function amsterdam(...args: string[]): Promise<string> {
  const { process: child, output } = spawnAmsterdam(one.dir, ["routes", ...args]);
  const code = await child.exited;
  expect([code, output()]).toEqual([0, expect.any(String)]);
  return output();
}

async function withinASecond(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const changed = performance.now();
  await until(what, isSo);
  expect(performance.now() - changed).toBeLessThan(1500);
}

test("a route that the management API stores acts at once here, and within a second in another process", async () => {
  expect((await ask(one, "quick")).status).toBe(404);
  await admin(one, "PUT", "/routes/quick", { targets: ["demo/echo"] });
  expect(await servedBy(one, "quick")).toBe("echo");
  expect(await servedBy(one, "claude-3-5-haiku-20241022")).toBe("echo");
  await withinASecond("the other follows", async () => (await ask(other, "quick")).status === 200);
  await admin(other, "PUT", "/routes/quick", { targets: ["demo/reasoning"] });
  expect(await servedBy(other, "quick")).toBe("reasoning");
  await withinASecond("the first follows", async () => (await servedBy(one, "quick")) === "reasoning");
});

test("a route that the command line changes and deletes acts so within a second", async () => {
  await amsterdam("set", "quick", "--target", "demo/down", "--target", "own");
  await withinASecond("it falls back", async () => (await servedBy(one, "quick")) === "echo");
  await withinASecond("it does so there", async () => (await servedBy(other, "quick")) === "echo");
  expect(await amsterdam("explain", "quick", "Hello")).toContain("It would go to demo/down, then demo/echo.");
  await amsterdam("delete", "quick");
  for (const gateway of [one, other])
    await withinASecond("it is gone", async () => (await ask(gateway, "quick")).status === 404);
});

test("what a route decided is in the answer's headers, in the record and in statistics", async () => {
  const response = await ask(one, "own");
  expect(response.headers.get("x-amsterdam-route")).toBe("own");
  expect(response.headers.get("x-amsterdam-decision")).toStartWith("first; demo/");
  expect(response.headers.get("x-amsterdam-attempts")).toContain("demo/echo=200");
  const id = response.headers.get("x-request-id")!;
  interface Recorded {
    readonly route: string;
    readonly choice: { readonly route: string; readonly candidates: readonly { target: string }[] };
  }
  let found: Recorded | undefined;
  await until("it is recorded", async () => {
    found = (await admin<{ request: Recorded }>(one, "GET", `/requests/${id}`).catch(() => undefined))
      ?.request;
    return found !== undefined;
  });
  expect(found).toMatchObject({ route: "own", choice: { route: "own", strategy: "first" } });
  expect(found!.choice.candidates.map(({ target }) => target).toSorted()).toEqual(["demo/down", "demo/echo"]);
  const { requests } = await admin<{ requests: readonly unknown[] }>(one, "GET", "/requests?route=own");
  expect(requests.length).toBeGreaterThan(0);
  const { process: child, output } = spawnAmsterdam(one.dir, ["requests", "show", id]);
  expect(await child.exited).toBe(0);
  expect(output()).toContain("\nroute own by first\n  demo/");
});

test("explaining sends nothing", async () => {
  const explained = await admin<{ targets: string[] }>(one, "POST", "/routes/own/explain", {
    prompt: "Hello",
  });
  expect(explained.targets.toSorted()).toEqual(["demo/down", "demo/echo"]);
  expect(await servedBy(one, "own")).toBe("echo");
});
