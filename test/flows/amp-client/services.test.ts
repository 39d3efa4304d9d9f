import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";
import { call, internal } from "./calls.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { ADDITIONAL_API_KEYS: "ams_second_key" } });
});
afterAll(() => gateway.stop());

const second = () => ({ url: gateway.url, key: "ams_second_key" });

async function json(path: string, body?: unknown) {
  const response = await call(gateway, path, body);
  return { status: response.status, body: (await response.json()) as unknown };
}

describe("the user and the connections", () => {
  test("have sensible defaults: a user of each key, the same at every start", async () => {
    const { body } = await json("/api/user");
    const { id } = body as { id: string };
    expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(body).toMatchObject({
      username: "AMP_API_KEY",
      email: "amp_api_key@localhost",
      displayName: "AMP_API_KEY",
      emailVerified: true,
      siteAdmin: false,
      subscriptions: [],
      plan: { type: "free", limits: { monthlyUsage: 0, monthlyLimit: 0 } },
    });
    const other = (await (await call(second(), "/api/user")).json()) as { id: string };
    expect(other.id).not.toBe(id);
    expect((await json("/api/connections")).body).toEqual([]);
    gateway = await gateway.restart();
    expect((await json("/api/user")).body).toEqual(body);
  });

  test("come from the configuration, also from a changed one", async () => {
    gateway.writeConfig({
      amp: {
        user: { username: "ada", email: "ada@example.com", first_name: "Ada", last_name: "L" },
        features: ["v2"],
        connections: [
          { id: "c1", name: "GitHub", type: "github", connected_at: "2026-01-31T18:00:00Z", username: "ada" },
          { id: "c2", name: "GitLab", type: "gitlab", status: "disconnected" },
        ],
      },
    });
    const user = { username: "ada", email: "ada@example.com", firstName: "Ada", displayName: "Ada L" };
    await until("the configuration acts", async () => {
      const { body } = await json("/api/user");
      return (body as { username: string }).username === "ada";
    });
    expect((await json("/api/user")).body).toMatchObject(user);
    expect((await json("/api/connections")).body).toEqual([
      {
        id: "c1",
        name: "GitHub",
        type: "github",
        status: "connected",
        connectedAt: "2026-01-31T18:00:00Z",
        username: "ada",
      },
      { id: "c2", name: "GitLab", type: "gitlab", status: "disconnected", connectedAt: null, username: null },
    ]);
    const { result } = await internal(gateway, "getUserInfo");
    expect(result).toMatchObject({ ...user, features: [{ name: "v2", enabled: true }] });
  });
});

describe("/api/internal", () => {
  test("takes the method from the query, from the body, or from both", async () => {
    const bodies: [string, unknown][] = [
      ["?loadPlugins", { method: "loadPlugins", params: {} }],
      ["?loadPlugins", {}],
      ["?loadPlugins", ""],
      ["?method=loadPlugins", {}],
      ["", { method: "loadPlugins" }],
      ["?getUserInfo", { method: "loadPlugins", params: null }],
    ];
    for (const [search, body] of bodies)
      expect(await json(`/api/internal${search}`, body)).toEqual({
        status: 200,
        body: { ok: true, result: [] },
      });
  });

  test("answers the methods that the client reads more of than that they went well", async () => {
    expect(await internal(gateway, "loadSkills")).toEqual({ ok: true, result: {} });
    expect(await internal(gateway, "getUserFreeTierStatus")).toEqual({
      ok: true,
      result: { canUseAmpFree: true, isDailyGrantEnabled: false },
    });
    expect(await internal(gateway, "webSearch2", { objective: "x" })).toMatchObject({
      ok: false,
      error: { code: "not-supported", message: expect.stringContaining("Web search") },
    });
  });

  test("answers an unknown method with an empty result, and logs its name once", async () => {
    const names = ["getCreditsByRequestId", "constructor", "__proto__", "toString"];
    for (const name of [...names, ...names]) {
      const body = `{"method":${JSON.stringify(name)},"params":{"__proto__":{"x":1}}}`;
      expect(await json(`/api/internal?${name}`, body)).toEqual({
        status: 200,
        body: { ok: true, result: {} },
      });
    }
    const logged = () =>
      gateway
        .logs()
        .map((line) => line.method)
        .filter((method) => names.includes(String(method)));
    await until("they are logged", () => logged().length >= names.length);
    await Bun.sleep(200);
    expect(logged().toSorted()).toEqual(names.toSorted());
  });

  test("tells what is wrong with a call, where the client reads it", async () => {
    const calls: [string, unknown, string][] = [
      ["", {}, "method"],
      ["?key=x", { method: 7 }, "method"],
      ["", { method: "x".repeat(1000) }, "method"],
      ["?getThread", { params: [] }, "params"],
      ["?getThread", [], "object"],
      ["?getThread", "{", "JSON"],
      ["?getThread", { params: {} }, "params.thread"],
      ["?getThread", { params: { thread: "../../etc/passwd" } }, "params.thread"],
      ["?getThread", { params: { thread: { $ne: 1 } } }, "params.thread"],
      ["?uploadThread", { params: { thread: null } }, "thread"],
      ["?uploadThread", { params: { thread: { id: "T-1", v: -1, messages: [] } } }, "thread.v"],
      ["?uploadThread", { params: { thread: { id: "T-1", v: 1, messages: {} } } }, "thread.messages"],
      ["?uploadThread", { params: { thread: { id: "T\u0000", v: 1, messages: [] } } }, "thread.id"],
      ["?setThreadMeta", { params: { thread: "T-1", meta: "x" } }, "params.meta"],
      ["?listThreads", { params: { limit: "all" } }, "params.limit"],
    ];
    for (const [search, body, named] of calls) {
      const reply = await json(`/api/internal${search}`, body);
      expect(reply).toMatchObject({ status: 200, body: { ok: false, error: { code: expect.any(String) } } });
      expect((reply.body as { error: { message: string } }).error.message).toContain(named);
    }
  });
});

describe("telemetry and errors", () => {
  test("are taken, and counted as the client expects", async () => {
    expect(await json("/api/telemetry", [{ a: 1 }, { __proto__: null, b: 2 }])).toEqual({
      status: 200,
      body: { message: "ok", published: 2 },
    });
    expect((await json("/api/telemetry", [])).body).toEqual({ message: "ok", published: 0 });
    const error = { type: "crash", message: "it broke", stack: "at x", threadId: "T-1", timestamp: "now" };
    expect(await json("/api/errors", error)).toEqual({ status: 200, body: { status: "received" } });
  });

  test("are refused with a reason when they are something else", async () => {
    for (const body of [
      {},
      "{",
      '"x"',
      [1],
      [null],
      [[]],
      [{ x: "y".repeat(300_000) }],
      Array(5001).fill({}),
    ]) {
      const { status, body: reply } = await json("/api/telemetry", body);
      expect(status).toBeOneOf([400, 413]);
      expect((reply as { error: { message: string } }).error.message).toMatch(/\w/);
    }
    for (const body of [[], "null", { type: "x" }, { message: 5 }, { message: "x".repeat(300_000) }])
      expect((await json("/api/errors", body)).status).toBeOneOf([400, 413]);
  });
});

describe("every one of them", () => {
  const paths = [
    "/api/user",
    "/api/connections",
    "/api/threads/sync",
    "/api/internal",
    "/api/telemetry",
    "/api/errors",
  ];

  test("needs a key", async () => {
    for (const path of paths) {
      const body = path === "/api/user" || path === "/api/connections" ? undefined : {};
      const response = await call({ url: gateway.url, key: "wrong" }, path, body);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: "invalid_api_key" } });
    }
  });

  test("takes its own method alone", async () => {
    for (const path of paths) {
      const reads = path === "/api/user" || path === "/api/connections";
      const response = await call(gateway, path, reads ? {} : undefined);
      expect([response.status, response.headers.get("allow")]).toEqual([405, reads ? "GET, HEAD" : "POST"]);
    }
  });

  test("takes bodies that the client compresses", async () => {
    const body = JSON.stringify([{ text: "x".repeat(30_000) }]);
    const response = await fetch(`${gateway.url}/api/telemetry`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-encoding": "gzip" },
      body: Bun.gzipSync(Buffer.from(body)),
    });
    expect(await response.json()).toEqual({ message: "ok", published: 1 });
  });
});
