import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { SseSplitter } from "../../../src/lib/sse.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { type Schema, SchemaChecker } from "../../support/json-schema.ts";
import { labelledRecord } from "../../support/records.ts";
import { openRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

const T = Date.UTC(2026, 10, 22, 12);
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: {
      providers: {
        local: { base_url: "http://127.0.0.1:9/v1", formats: ["openai-chat"], api_key: "sk-of-the-provider" },
      },
    },
  });
});
afterAll(() => gateway.stop());

function call(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const { key = gateway.key, ...rest } = init;
  return fetch(gateway.url + path, { ...rest, headers: { authorization: `Bearer ${key}`, ...rest.headers } });
}

async function get(path: string) {
  const response = await call(path);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** A chat of a run, as an agent makes it. Resolves with its request's id once it has been answered whole. */
async function ask(fields: object, model = "demo/echo"): Promise<void> {
  const body = { model, messages: [{ role: "user", content: "Hello" }], ...fields };
  const response = await call("/v1/chat/completions", { method: "POST", body: JSON.stringify(body) });
  await response.text();
}

const recorded = (filter: string, count: number) =>
  until(`${count} requests of ${filter} are recorded`, async () => {
    const { requests } = await get(`/admin/requests?order=oldest&${filter}`);
    return requests.length >= count ? (requests as Record<string, never>[]) : null;
  });

async function amsterdam(...args: string[]): Promise<string> {
  const { process: child, output } = spawnAmsterdam(gateway.dir, args);
  expect(await child.exited).toBe(0);
  return output();
}

interface Operation {
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: Schema }> }>>;
}

/** A prompt with two versions and a label, an experiment on it, and a route, all of one name. */
async function makeDescribed(): Promise<void> {
  const made = async (method: string, path: string, body: object) => {
    const response = await call(`/admin${path}`, { method, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  await made("POST", "/prompts", { name: "described", version: "1", text: "Hello {{ name }}!" });
  await made("POST", "/prompts/described/versions", { version: "2", text: "Hi {{ name }}!" });
  await made("PUT", "/prompts/described/labels/production", { version: "1" });
  await made("POST", "/experiments", {
    id: "described",
    template: "described",
    variants: [
      { name: "one", version: "1" },
      { name: "two", version: "2" },
    ],
    metric: { name: "good" },
    start: true,
  });
  await made("PUT", "/routes/described", { targets: ["demo/echo", "demo/slow"] });
}

describe("the management API", () => {
  test("is for admin keys alone, and says so in plain JSON", async () => {
    const { key: plain } = JSON.parse(await amsterdam("keys", "create", "--json"));
    const { key: admin } = JSON.parse(await amsterdam("keys", "create", "--admin", "--json"));
    await until("the keys are taken", async () => (await call("/v1/models", { key: admin })).status === 200);
    for (const path of ["/admin/keys", "/admin/requests", "/openapi.json", "/admin/tail"]) {
      const refused = await call(path, { key: plain });
      expect([path, refused.status, await refused.json()]).toEqual([
        path,
        403,
        {
          error: {
            code: "permission_denied",
            message: expect.any(String),
            request_id: refused.headers.get("x-request-id"),
          },
        },
      ]);
      const unknown = await call(path, { key: "ams_wrong" });
      expect([unknown.status, ((await unknown.json()) as { error: object }).error]).toMatchObject([
        401,
        { code: "invalid_api_key" },
      ]);
    }
    expect((await call("/v1/models", { key: plain })).status).toBe(200);
    expect((await call("/admin/keys", { key: admin })).status).toBe(200);
  });

  test("tells of wrong calls in plain JSON", async () => {
    const cases = [
      [await call("/admin/nothing"), 404, "not_found"],
      [await call("/admin/keys", { method: "PATCH" }), 405, "method_not_allowed"],
      [await call("/admin/requests?limit=0"), 400, "invalid_request"],
      [await call("/admin/keys", { method: "POST", body: "{" }), 400, "malformed_body"],
      [await call("/admin/keys", { method: "POST", body: "x".repeat(2_000_000) }), 413, "body_too_large"],
      [await call("/admin/requests/none"), 404, "not_found"],
    ] as const;
    for (const [response, status, code] of cases) {
      expect([response.status, await response.json()]).toEqual([
        status,
        { error: { code, message: expect.any(String), request_id: response.headers.get("x-request-id") } },
      ]);
    }
  });

  test("makes a key that is taken at once, and revokes it", async () => {
    const made = await call("/admin/keys", { method: "POST", body: JSON.stringify({ name: "new" }) });
    const { key, secret } = (await made.json()) as { key: { id: string }; secret: string };
    expect([made.status, (await call("/v1/models", { key: secret })).status]).toEqual([201, 200]);
    expect((await call(`/admin/keys/${key.id}`, { method: "DELETE" })).status).toBe(200);
    expect((await call("/v1/models", { key: secret })).status).toBe(401);
    expect(gateway.output()).not.toContain(secret);
  });

  test("shows the configuration, and a change of the file that is refused", async () => {
    const before = await get("/admin/config");
    expect([before.file, before.refused]).toEqual([gateway.configFile, null]);
    expect(JSON.stringify(before)).not.toContain("sk-of-the-provider");
    gateway.writeConfig({ global_timeout: 0 });
    const { refused, config } = await until("the change is refused", async () => {
      const shown = await get("/admin/config");
      return shown.refused === null ? null : shown;
    });
    expect(refused.problems).toMatchObject([
      { path: "global_timeout", message: expect.stringContaining("at least 1") },
    ]);
    expect(config.global_timeout).toBe(300);
    gateway.writeConfig({ global_timeout: 200 });
    await until("the change is taken over", async () => {
      const shown = await get("/admin/config");
      return shown.refused === null && shown.config.global_timeout === 200;
    });
  });

  test("shows providers with their breakers", async () => {
    for (let index = 0; index < 4; index++) await ask({}, "demo/down");
    const { providers } = await get("/admin/providers");
    const demo = providers.find(({ name }: { name: string }) => name === "demo");
    expect(demo.upstreams).toContainEqual(expect.objectContaining({ name: "demo/down", breaker: "open" }));
  });

  test("describes itself, and answers as it says", async () => {
    const { paths, components } = await get("/openapi.json");
    const checker = new SchemaChecker(components.schemas as Record<string, Schema>);
    const named = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    const template = { role: "user", content: "Hello", template_id: "hello", variables: { a: 1 } };
    const fields = { request_id: "described", run_id: "described", thread_id: "described", tags: { a: "b" } };
    await ask({ ...fields, messages: [template], stream: true });
    await ask({ ...fields, request_id: "child", request_parent_id: "described" }, "demo/status-400");
    const value = { correction: "Goodbye" };
    const on = [
      { request_id: "described" },
      { request_id: "child" },
      { run_id: "described" },
      { thread_id: "described" },
    ];
    const feedback = on.map((target) => ({ ...target, name: "good", value, comment: "c", source: "s" }));
    await call("/v1/feedback", { method: "POST", body: JSON.stringify(feedback) });
    await recorded("run_id=described&feedback=good", 2);
    await makeDescribed();
    const queries: Record<string, string> = {
      "/admin/prompts/{name}/compare": "?before=1&after=2",
      "/admin/experiments/{id}/evaluation": "?variant=one",
      "/admin/statistics": "?by=model,status,tag&interval=1h&order=failures",
      "/admin/statistics/feedback": "?by=template&interval=1h",
    };
    let seen = 0;
    const empty: string[] = [];
    for (const [path, { get: operation }] of Object.entries<Record<string, Operation>>(paths)) {
      const schema = operation?.responses[200]?.content["application/json"]?.schema;
      if (schema === undefined) continue;
      const answer = await get(
        path
          .replace(/\{(id|name)\}/, "described")
          .replace("{version}", "1")
          .replace("{label}", "production") + (queries[path] ?? ""),
      );
      expect([path, checker.check(answer, schema)]).toEqual([path, []]);
      if (Object.values(answer).find(Array.isArray)?.length === 0) empty.push(path);
      seen++;
    }
    // Lists with nothing in them would show little; the configuration has no warnings.
    expect([seen, empty]).toEqual([24, ["/admin/config"]]);
    const made = await (await call("/admin/keys", { method: "POST", body: '{"scopes":["admin"]}' })).json();
    expect(checker.check(made, named("NewKey"))).toEqual([]);
    for (const line of (await (await call("/admin/export")).text()).trimEnd().split("\n"))
      expect(checker.check(JSON.parse(line), named("Request"))).toEqual([]);
    for (const path of ["/admin/requests?limit=0", "/admin/requests/none", "/admin/nothing"])
      expect(checker.check(await (await call(path)).json(), named("Error"))).toEqual([]);
  });

  test("tells HEAD how long the answer is, and no more", async () => {
    const [head, whole] = [await call("/admin/providers", { method: "HEAD" }), await call("/openapi.json")];
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(100);
    expect(Number(whole.headers.get("content-length"))).toBe((await whole.bytes()).length);
    for (const path of ["/admin/tail", "/admin/export?format=csv"]) {
      const stream = await call(path, { method: "HEAD" });
      expect([path, stream.status, await stream.text()]).toEqual([path, 200, ""]);
    }
    const options = await call("/admin/runs", { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("tells nothing more to a key that is revoked while it listens", async () => {
    const made = await call("/admin/keys", { method: "POST", body: '{"scopes":["admin"]}' });
    const { key, secret } = (await made.json()) as { key: { id: string }; secret: string };
    const response = await call("/admin/tail", { key: secret });
    const told = response.text();
    await call(`/admin/keys/${key.id}`, { method: "DELETE" });
    await ask({ run_id: "not for you" });
    expect(await told).toBe(": listening\n\n");
  });
});

describe("what was recorded", () => {
  test("of an agent's run is a tree, with the feedback on it and its critical path", async () => {
    const run = { run_id: "run-7", thread_id: "thread-7", agent_id: "chief" };
    await ask({ ...run, request_id: "plan" });
    await Promise.all([
      ask({ ...run, request_id: "quick", request_parent_id: "plan", tags: ["kind=quick"] }),
      ask({ ...run, request_id: "slow", request_parent_id: "plan" }, "demo/slow-400"),
    ]);
    await ask({ ...run, request_id: "fails", request_parent_id: "slow" }, "demo/status-400");
    const feedback = [
      { request_id: "slow", name: "good", value: true },
      { run_id: "run-7", name: "done", value: "well" },
    ];
    await call("/v1/feedback", { method: "POST", body: JSON.stringify(feedback) });
    await recorded("run_id=run-7", 4);
    const shown = await until("the feedback is stored", async () => {
      const found = await get("/admin/runs/run-7");
      return found.totals.feedback === 1 && found.feedback.length === 1 ? found : null;
    });
    expect(
      shown.nodes.map(({ request_id, depth, critical }: Record<string, unknown>) => [
        request_id,
        depth,
        critical,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ["plan", 0, true],
        ["quick", 1, false],
        ["slow", 1, true],
        ["fails", 2, true],
      ]),
    );
    expect(shown.totals).toMatchObject({ requests: 4, failures: 1, positive: 1 });
    const slow = shown.nodes.find(({ request_id }: { request_id: string }) => request_id === "slow");
    expect(slow.totals).toMatchObject({ requests: 2, failures: 1 });
    const drawn = await amsterdam("runs", "show", "run-7");
    expect(drawn).toContain("* plan demo/echo chief");
    expect(drawn).toContain("fails demo/status-400 chief 400 ");

    const { turns } = await get("/admin/threads/thread-7?limit=1");
    expect(turns[0]).toMatchObject({
      kept: true,
      messages: [{ role: "user", parts: [{ kind: "text", text: "Hello" }] }],
      answer: { role: "assistant", parts: [{ kind: "text", text: expect.stringContaining("Hello") }] },
    });
    expect((await get("/admin/requests?tag=kind%3Dquick")).requests).toMatchObject([{ request_id: "quick" }]);
    expect((await get("/admin/requests?run_id=run-7&feedback=good")).requests).toMatchObject([
      { request_id: "slow" },
    ]);
    const judged = await get("/admin/requests?run_id=run-7&feedback=done%3Dwell&order=oldest");
    expect(judged.requests).toHaveLength(4);
    const counted = await get("/admin/statistics/feedback?run_id=run-7&by=model");
    expect(counted.rows).toContainEqual(
      expect.objectContaining({ group: { model: "status-400" }, name: "done", count: 1 }),
    );
    expect((await get("/admin/runs?agent_id=chief")).runs).toMatchObject([{ run_id: "run-7", requests: 4 }]);
    expect(await amsterdam("runs", "--agent-id", "chief")).toContain("run-7");
    expect(JSON.parse(await amsterdam("feedback", "--target-id", "run-7", "--json"))).toMatchObject([
      { name: "done", value: "well" },
    ]);
    const { rows } = await get("/admin/statistics?run_id=run-7&by=status");
    expect(rows.map(({ group, requests }: Record<string, unknown>) => [group, requests])).toEqual([
      [{ status: "200" }, 3],
      [{ status: "400" }, 1],
    ]);
    expect(JSON.parse(await amsterdam("stats", "--run-id", "run-7", "--json"))).toMatchObject([
      { requests: 4, failures: 1 },
    ]);
  });

  test("is shown with its bodies, as they were said", async () => {
    await ask({ request_id: "bodies", stream: true });
    await recorded("request_id=bodies", 1);
    const { request, response } = await get("/admin/requests/bodies/bodies");
    expect(JSON.parse(request.data)).toMatchObject({ messages: [{ content: "Hello" }] });
    expect(response.data).toContain("data: [DONE]");
    const { requests } = await get("/admin/requests?text=provider%20hello&request_id=bodies");
    expect(requests).toMatchObject([{ request_id: "bodies", stream: true }]);
    expect((await get("/admin/requests?text=provider%20goodbye&request_id=bodies")).requests).toEqual([]);
  });

  test("is exported as lines and as a table, over HTTP and on the command line", async () => {
    for (let index = 0; index < 3; index++) await ask({ run_id: "exported" });
    await recorded("run_id=exported", 3);
    const lines = (await (await call("/admin/export?run_id=exported")).text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).run_id)).toEqual(["exported", "exported", "exported"]);
    const csv = await call("/admin/export?run_id=exported&format=csv");
    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="requests.csv"');
    const table = await csv.text();
    expect(await amsterdam("export", "--run-id", "exported", "--format", "csv")).toBe(table);
    expect(table.trimEnd().split("\r\n")).toHaveLength(4);
  });

  test("is told live to whoever watches, as it ends", async () => {
    const leaving = new AbortController();
    const response = await call("/admin/tail?run_id=live", { signal: leaving.signal });
    const seen: Record<string, unknown>[] = [];
    const reading = (async () => {
      const splitter = new SseSplitter();
      for await (const chunk of response.body!)
        splitter.push(chunk, ({ event, data }) => seen.push({ event, ...JSON.parse(data) }));
    })().catch((error: unknown) => error);
    await ask({ run_id: "not this one" });
    await ask({ run_id: "live", request_id: "first" });
    await ask({ run_id: "live", request_id: "second" }, "demo/status-400");
    await until("both are told", () => seen.length === 2);
    expect(seen).toMatchObject([
      { event: "request", request_id: "first", status: 200 },
      { event: "request", request_id: "second", status: 400 },
    ]);
    leaving.abort();
    await reading;
  });

  test("does not include who looked at it", async () => {
    await get("/admin/keys");
    await ask({ run_id: "after" });
    await recorded("run_id=after", 1);
    const { requests } = await get("/admin/requests?limit=1000");
    expect(requests.filter(({ door }: { door: string }) => door.startsWith("/admin"))).toEqual([]);
  });
});

test("an export is taken whole by a slow reader, and ends when its reader has seen enough", async () => {
  const own = await startGateway();
  const storage = await openRecords(own.dir);
  const records = Array.from({ length: 1_500 }, (_, index) => ({
    record: labelledRecord(`q${index}`, { startedAt: T + index, cause: "x".repeat(1_000) }),
    bodies: null,
  }));
  await storage.records.write(records);
  await storage.close();
  const piped = async (reader: string) => {
    const command = `"$0" "$1" export | (${reader}); echo "\${PIPESTATUS[0]}"`;
    const main = join(import.meta.dirname, "../../../src/main.ts");
    const { stdout, stderr } = await Bun.$`bash -c ${command} ${process.execPath} ${main}`
      .cwd(own.dir)
      .quiet();
    return [stdout.toString().trim().split(/\s+/), stderr.toString()];
  };
  expect(await piped("sleep 1; wc -l")).toEqual([["1500", "0"], ""]);
  expect(await piped("head -c 3 | wc -c")).toEqual([["3", "0"], ""]);
  await own.stop();
});

test("a storage that is gone is told as 503, and requests go on", async () => {
  const own = await startGateway();
  const database = join(own.dir, "data", "amsterdam.db");
  for (const suffix of ["", "-wal", "-shm"]) renameSync(database + suffix, `${database}${suffix}.away`);
  const headers = { authorization: `Bearer ${own.key}` };
  const response = await fetch(`${own.url}/admin/requests`, { headers });
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { error: { code: "storage_unavailable" } },
  ]);
  const body = JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "Hi" }] });
  expect((await fetch(`${own.url}/v1/chat/completions`, { method: "POST", headers, body })).status).toBe(200);
  for (const suffix of ["", "-wal", "-shm"]) renameSync(`${database}${suffix}.away`, database + suffix);
  expect(await own.stop()).toBe(0);
});

test("a gateway with somebody who watches stops in order and at once", async () => {
  const own = await startGateway();
  const response = await fetch(`${own.url}/admin/tail`, { headers: { authorization: `Bearer ${own.key}` } });
  const reading = response.text().catch(() => "");
  const start = performance.now();
  expect(await own.stop()).toBe(0);
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(await reading).toContain(": listening");
});
