import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Gateway, type Spawned, spawnAmsterdam, startGateway } from "../support/gateway.ts";
import { POSTGRES_PASSWORD, type PostgresServer, startPostgres, testDatabases } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { call, internal, thread } from "./amp-client/calls.ts";

// Two gateways on one PostgreSQL server, as a load balancer would have them.

let server: PostgresServer;
let databaseUrl: string;
let gateways: [Gateway, Gateway];
let doomed: Spawned;
let started: number;
const databases = testDatabases();

beforeAll(async () => {
  server = await startPostgres();
  databaseUrl = server.url("postgres", "?sslmode=prefer");
  const start = () =>
    startGateway({
      config: { storage: { url: databaseUrl } },
      env: { ADDITIONAL_API_KEYS: "ams_other_key" },
    });
  // It takes its time to give up; the other tests run meanwhile.
  started = performance.now();
  doomed = spawnAmsterdam(server.folder, ["start"], {
    DATABASE_URL: "postgres://someone:hunter2@127.0.0.1:1/gateway",
    PORT: "0",
  });
  // At once, on an empty database.
  gateways = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await server.stop();
});

const chat = (gateway: Gateway, key: string) =>
  call({ url: gateway.url, key }, "/v1/chat/completions", {
    model: "demo/echo",
    messages: [{ role: "user", content: "hi" }],
  });

async function statusEverywhere(key: string): Promise<number[]> {
  return Promise.all(
    gateways.map(async (gateway) => {
      const response = await chat(gateway, key);
      await response.arrayBuffer();
      return response.status;
    }),
  );
}

/** The command line in the first gateway's folder, with its configuration or with the database in the environment. */
async function amsterdam(args: string[], env: Record<string, string> = {}): Promise<string> {
  const config = env.DATABASE_URL === undefined ? ["--config", gateways[0].configFile] : [];
  const { process: child, output } = spawnAmsterdam(gateways[0].dir, [...args, ...config], env);
  expect([await child.exited, output()]).toEqual([0, expect.any(String)]);
  return output();
}

interface Answer {
  readonly id: string;
  readonly usage: { readonly input_tokens: number };
}

async function health(gateway: Gateway) {
  return (await (await fetch(`${gateway.url}/health/detailed`)).json()) as {
    status: string;
    storage: { kind: string; status: string; cause: string | null };
  };
}

test("a key made or revoked on the command line acts on both within a second", async () => {
  const { key, id } = JSON.parse(await amsterdam(["keys", "create", "--name", "visitor", "--json"]));
  const made = performance.now();
  await until("both take the key", async () => (await statusEverywhere(key)).every((code) => code === 200));
  expect(performance.now() - made).toBeLessThan(1_000);
  await amsterdam(["keys", "revoke", id], { DATABASE_URL: databaseUrl });
  const revoked = performance.now();
  await until("both refuse it", async () => (await statusEverywhere(key)).every((code) => code === 401));
  expect(performance.now() - revoked).toBeLessThan(1_000);
});

test("a thread uploaded through one is read through the other", async () => {
  const [one, other] = gateways;
  const whole = thread("T-shared", 3, { title: "Łódź 🚋 \u0000 \ud800" });
  expect(await internal(one, "uploadThread", { thread: whole })).toEqual({ ok: true, result: {} });
  const read = await internal(other, "getThread", { thread: "T-shared" });
  expect(read.result.thread.data).toEqual(whole);
});

test("a response stored through one is read and continued through the other", async () => {
  const [one, other] = gateways;
  const ask = (gateway: Gateway, body: object) =>
    call(gateway, "/v1/responses", { model: "demo/echo", ...body });
  const made = (await (await ask(one, { input: "hi", store: true })).json()) as Answer;
  const kept = await until("the other has it", async () => {
    const found = await call(other, `/v1/responses/${made.id}`);
    return found.status === 200 ? ((await found.json()) as Answer) : null;
  });
  expect(kept).toEqual(made);
  const next = (await (
    await ask(other, { input: "and now?", previous_response_id: made.id })
  ).json()) as Answer;
  expect(next.usage.input_tokens).toBeGreaterThan(made.usage.input_tokens);
});

test("while the server is away requests go on, and feedback given meanwhile is stored afterwards", async () => {
  const [one, other] = gateways;
  const { key } = JSON.parse(await amsterdam(["keys", "create", "--json"]));
  await until("both take the key", async () => (await statusEverywhere(key)).every((code) => code === 200));
  await server.stop("immediate");
  let asking = true;
  const statuses: number[] = [];
  const asked = (async () => {
    while (asking) statuses.push(...(await statusEverywhere(key)));
  })();
  for (const [index, gateway] of gateways.entries()) {
    const item = { id: `fb_${index}`, run_id: "run_away", name: "correct", value: true };
    expect((await call({ url: gateway.url, key }, "/v1/feedback", item)).status).toBe(202);
  }
  await until("both tell that it is away", async () =>
    (await Promise.all(gateways.map(health))).every(({ storage }) => storage.status === "failing"),
  );
  expect(await health(one)).toMatchObject({
    status: "degraded",
    storage: { kind: "postgres", cause: expect.stringContaining("nothing answers there") },
  });
  expect((await fetch(`${other.url}/health/ready`)).status).toBe(200);
  await server.start();
  await until("both tell that it is back", async () =>
    (await Promise.all(gateways.map(health))).every(({ storage }) => storage.status === "ok"),
  );
  const stored = "SELECT id FROM amsterdam.feedback WHERE target_id = 'run_away' ORDER BY id";
  await until("the feedback is stored", async () => (await databases.run(databaseUrl, stored)).length === 2);
  asking = false;
  await asked;
  expect(statuses.length).toBeGreaterThan(20);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test("a gateway whose database never answers says so and ends", async () => {
  const { process: child, output } = doomed;
  expect(await child.exited).toBe(1);
  expect(performance.now() - started).toBeGreaterThan(9_000);
  expect(output()).toContain(
    "Cannot use the database postgres://someone@127.0.0.1:1/gateway: nothing answers",
  );
  expect(output()).not.toContain("hunter2");
}, 30_000);

test("the password is nowhere to be seen", async () => {
  const shown = [
    await amsterdam(["check"]),
    await amsterdam(["keys", "list"]),
    await amsterdam(["threads", "list"]),
    await (await fetch(`${gateways[0].url}/health/detailed`)).text(),
    await (await fetch(`${gateways[0].url}/metrics`)).text(),
    ...gateways.map((gateway) => gateway.output()),
  ].join("\n");
  expect(shown).toContain(`postgres://amsterdam@127.0.0.1:${server.port}/postgres`);
  for (const secret of [POSTGRES_PASSWORD, encodeURIComponent(POSTGRES_PASSWORD), "hunter2"])
    expect(shown).not.toContain(secret);
});
