import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { z } from "zod";
import { AnswerChecker } from "../../test/support/admin-answers.ts";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import { labelledRecord, recordId } from "../../test/support/records.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import { configOf, routerOf } from "../routing/testing.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import { showConfig } from "./config.ts";
import { listFeedback } from "./feedback.ts";
import { showFeedbackStatistics } from "./feedback-statistics.ts";
import { listRuns, listThreads } from "./gathered.ts";
import { createKey, listKeys, revokeKey } from "./keys.ts";
import { listProviders } from "./providers.ts";
import { listRequests, showBodies, showRequest } from "./requests.ts";
import type { JsonRoute } from "./route.ts";
import { showRun } from "./runs.ts";
import { showStatistics } from "./statistics.ts";
import { showThread } from "./threads.ts";

const T = Date.UTC(2026, 10, 22, 12);
const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
});
afterEach(() => admin.storage.close());

const checker = new AnswerChecker();

function get<A extends z.ZodType>(route: JsonRoute<A>, url: string, body?: unknown): Promise<z.output<A>> {
  return checker.ask(admin, route, url, body);
}

let fed = 0;
function judged(target: Feedback["target"], targetId: string, value: Feedback["value"]): Feedback {
  return {
    id: `fb_${fed++}`,
    target,
    targetId,
    name: "good",
    value,
    comment: null,
    source: "judge",
    keyId: "k",
    receivedAt: T,
  };
}

async function store(
  ...changes: (Partial<RequestRecord> & { id: string; request?: unknown; response?: unknown })[]
) {
  await admin.records.write(
    changes.map(({ id, request, response, ...change }) => ({
      record: labelledRecord(id, change),
      bodies:
        request === undefined
          ? null
          : {
              request: bytes(request),
              response: response === undefined ? null : bytes(response),
              cut: false,
            },
    })),
  );
}

describe("requests", () => {
  test("are listed as the filter and the order say, page by page", async () => {
    await store(
      { id: "r1", startedAt: T, model: "a", cost: null },
      {
        id: "r2",
        startedAt: T + 1,
        model: "b",
        tags: ["x=1"],
        templates: [usedTemplate({ templateId: "te", version: "3" })],
        decisions: [recordedDecision({ experiment: "ex", variantName: "b" })],
        status: 429,
        error: "upstream_limited",
        category: "limit",
      },
      {
        id: "r3",
        startedAt: T + 2,
        model: "a",
        durationMs: 5_000,
        usage: null,
        usageSource: null,
        finish: null,
      },
    );
    const ids = async (query: string) =>
      (await get(listRequests, `/admin/requests?${query}`)).requests.map(({ request_id }) => request_id);
    expect(await ids("")).toEqual(["r3", "r2", "r1"]);
    expect(await ids("model=a&order=oldest")).toEqual(["r1", "r3"]);
    expect(await ids("order=slowest&limit=1")).toEqual(["r3"]);
    expect(await ids("variant=ex%2Fb")).toEqual(["r2"]);
    expect(await ids("version=te-v3&tag=x%3D1")).toEqual(["r2"]);
    expect(await ids("version=te")).toEqual([]);
    expect(await ids("tag=x%3D1&status=4xx&category=limit")).toEqual(["r2"]);
    expect(await ids("category=none&min_cost=0.1")).toEqual(["r3"]);
    expect(await ids(`since=${T + 1}&until=${T + 2}`)).toEqual(["r2"]);
    expect(await ids("status=429")).toEqual(["r2"]);
    const first = await get(listRequests, "/admin/requests?limit=2");
    expect(await ids(`limit=2&cursor=${first.cursor}`)).toEqual(["r1"]);
  });

  test("are shown one by one, by either id, with attempts, losses and feedback", async () => {
    await store({
      id: "r1",
      requestId: "mine/1 ä",
      losses: ["top_k"],
      cause: "it broke",
      templates: [usedTemplate({ path: "system", templateId: "t1", version: "2", source: "experiment" })],
      decisions: [recordedDecision({ probability: 1 / 3 })],
      attempts: [
        {
          target: "a/b",
          startedAt: 0.12345,
          endedAt: null,
          status: null,
          error: "connect_timeout",
          message: "late",
          reason: "timeout",
        },
        { target: "c/d", startedAt: 5, endedAt: 9, status: 200, error: null, message: null },
      ],
    });
    await admin.storage.feedback.add([
      judged("request", "mine/1 ä", { correction: "42" }),
      judged("run", "mine/1 ä", 1),
    ]);
    for (const id of [recordId(T, "r1"), encodeURIComponent("mine/1 ä")]) {
      const { request, feedback } = await get(showRequest, `/admin/requests/${id}`);
      expect(request).toMatchObject({
        id: recordId(T, "r1"),
        request_id: "mine/1 ä",
        losses: ["top_k"],
        cause: "it broke",
        templates: [
          {
            path: "system",
            template_id: "t1",
            version: "2",
            revision: null,
            source: "experiment",
            label: null,
            drift: false,
            problem: null,
          },
        ],
        decisions: [
          { experiment: "greeting-1", variant: "plain", epoch: 1, probability: 1 / 3, unit: "run-1" },
        ],
      });
      expect(
        request.attempts.map(({ target, started_ms, error, reason }) => [target, started_ms, error, reason]),
      ).toEqual([
        ["a/b", 0.123, "connect_timeout", "timeout"],
        ["c/d", 5, null, null],
      ]);
      expect(feedback).toMatchObject([{ value: { correction: "42" }, target: "request" }]);
    }
    expect((await admin.ask("GET", "/admin/requests/none")).error?.code).toBe("not_found");
    expect((await admin.ask("GET", "/admin/requests/__proto__")).error?.code).toBe("not_found");
  });

  test("have their bodies beside them, text as it is and bytes as base64", async () => {
    await store({ id: "r1", request: '{"n":1.0, "text":"Łódź"}', response: "a\0b" }, { id: "r2" });
    expect(await get(showBodies, "/admin/requests/r1/bodies")).toEqual({
      id: recordId(T, "r1"),
      kept: true,
      cut: false,
      request: { bytes: 27, encoding: "utf-8", data: '{"n":1.0, "text":"Łódź"}' },
      response: { bytes: 3, encoding: "base64", data: Buffer.from("a\0b").toString("base64") },
    });
    expect(await get(showBodies, "/admin/requests/r2/bodies")).toMatchObject({
      kept: false,
      request: null,
      response: null,
    });
  });
});

test("a run is a tree with totals and its critical path", async () => {
  const own = { runId: "run 1", requestId: "" };
  await store(
    { ...own, id: "r1", requestId: "plan", startedAt: T, durationMs: 10 },
    { ...own, id: "r2", requestId: "quick", parentId: "plan", startedAt: T + 12, durationMs: 8, cost: null },
    { ...own, id: "r3", requestId: "slow", parentId: "plan", startedAt: T + 12, durationMs: 50.5 },
    {
      ...own,
      id: "r4",
      requestId: "lost",
      parentId: "gone",
      startedAt: T + 20,
      durationMs: 1,
      category: "timeout",
    },
    { id: "r5", runId: "other" },
  );
  await admin.storage.feedback.add([
    judged("request", "slow", true),
    judged("run", "run 1", "fine"),
    judged("request", "x", true),
  ]);
  const run = await get(showRun, "/admin/runs/run%201");
  expect(run).toMatchObject({ run_id: "run 1", truncated: false, feedback: [{ value: "fine" }] });
  expect(run.totals).toMatchObject({
    requests: 4,
    failures: 1,
    cost_usd: 0.75,
    unpriced: 1,
    feedback: 1,
    positive: 1,
  });
  expect(
    run.nodes.map(({ request_id, parent, depth, critical }) => [request_id, parent, depth, critical]),
  ).toEqual([
    ["plan", null, 0, true],
    ["quick", 0, 1, false],
    ["slow", 0, 1, true],
    ["gone", null, 0, false],
    ["lost", 3, 1, false],
  ]);
  expect(run.nodes[3]).toMatchObject({ request: null, totals: { requests: 1, failures: 1 } });
  expect(run.critical_path).toEqual({
    request_ms: 60.5,
    wait_ms: 2,
    steps: [
      { node: 0, wait_ms: 0, request_ms: 10 },
      { node: 2, wait_ms: 2, request_ms: 50.5 },
    ],
  });
  expect((await admin.ask("GET", "/admin/runs/none")).error?.code).toBe("not_found");
});

describe("a thread", () => {
  const chat = (...texts: string[]) => ({
    model: "demo/echo",
    messages: texts.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })),
  });
  const answer = (content: string) => ({
    id: "x",
    object: "chat.completion",
    created: 1,
    model: "echo",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  });
  const streamed = (...texts: string[]) =>
    [
      ...texts.map((content) => ({ id: "x", model: "echo", choices: [{ index: 0, delta: { content } }] })),
      { id: "x", model: "echo", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    ]
      .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      .join("")
      .concat("data: [DONE]\n\n");

  test("is a conversation, in which nothing is told twice", async () => {
    await store(
      { id: "r1", threadId: "t", startedAt: T, request: chat("Hi"), response: answer("Hello") },
      {
        id: "r2",
        threadId: "t",
        startedAt: T + 1,
        stream: true,
        request: chat("Hi", "Hello", "Who?"),
        response: streamed("I ", "am"),
      },
      { id: "r3", threadId: "t", startedAt: T + 2 },
      {
        id: "r4",
        threadId: "t",
        startedAt: T + 3,
        request: chat("New"),
        response: '{"error":{"message":"no"}}',
      },
      { id: "r5", threadId: "other", startedAt: T + 4 },
    );
    await admin.storage.feedback.add([judged("thread", "t", false)]);
    const { turns, feedback, cursor } = await get(showThread, "/admin/threads/t");
    const text = (role: "user" | "assistant", said: string) => ({
      role,
      parts: [{ kind: "text" as const, text: said }],
    });
    expect(turns.map(({ request: _, ...turn }) => turn)).toEqual([
      { kept: true, repeated: 0, messages: [text("user", "Hi")], answer: text("assistant", "Hello") },
      { kept: true, repeated: 2, messages: [text("user", "Who?")], answer: text("assistant", "I am") },
      { kept: false, repeated: 0, messages: [], answer: null },
      { kept: true, repeated: 0, messages: [text("user", "New")], answer: null },
    ]);
    expect([feedback.length, cursor]).toEqual([1, null]);
    const second = await get(showThread, "/admin/threads/t?limit=1");
    expect(
      (await get(showThread, `/admin/threads/t?limit=3&cursor=${second.cursor}`)).turns.map(
        ({ request }) => request.request_id,
      ),
    ).toEqual(["r2", "r3", "r4"]);
  });

  test("of another format, with tools, is told in the same words", async () => {
    const request = {
      model: "claude",
      max_tokens: 5,
      system: "Be short.",
      messages: [
        { role: "user", content: [{ type: "text", text: "Weather?" }] },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "c1", name: "look", input: { city: "Łódź" } }],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "c1", content: "rain", is_error: true }],
        },
      ],
    };
    const response = {
      id: "m",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [
        { type: "thinking", thinking: "hm", signature: "s" },
        { type: "text", text: "Rain." },
      ],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    };
    const next = {
      ...request,
      messages: [
        ...request.messages,
        { role: "assistant", content: "Rain." },
        { role: "user", content: "Thanks" },
      ],
    };
    const turn = { threadId: "t", clientFormat: "anthropic-messages" } as const;
    await store(
      { ...turn, id: "r1", request, response },
      { ...turn, id: "r2", startedAt: T + 1, request: next },
    );
    const { turns } = await get(showThread, "/admin/threads/t");
    expect(turns[0]?.messages.flatMap(({ role, parts }) => parts.map((part) => ({ role, ...part })))).toEqual(
      [
        { role: "system", kind: "text", text: "Be short." },
        { role: "user", kind: "text", text: "Weather?" },
        { role: "assistant", kind: "tool-call", name: "look", call_id: "c1", text: '{"city":"Łódź"}' },
        { role: "tool", kind: "tool-result", call_id: "c1", text: "rain", is_error: true },
      ],
    );
    expect(turns[1]).toMatchObject({
      repeated: 5,
      messages: [{ role: "user", parts: [{ text: "Thanks" }] }],
    });
    expect(turns[0]?.answer?.parts).toEqual([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "Rain." },
    ]);
  });

  test("that nobody named is not found; one that was judged before is", async () => {
    expect((await admin.ask("GET", "/admin/threads/none")).error?.code).toBe("not_found");
    await admin.storage.feedback.add([judged("thread", "early", true)]);
    expect(await get(showThread, "/admin/threads/early")).toMatchObject({
      turns: [],
      feedback: [{ value: true }],
    });
  });

  test("is told as far as its bodies can be read", async () => {
    const odd = [
      "",
      "{",
      "[]",
      "null",
      '{"messages":3}',
      '{"messages":[null]}',
      "\xff",
      '{"messages":[{"role":"user"}]}',
    ];
    await store(
      ...odd.map((request, index) => ({
        id: `r${index}`,
        threadId: "t",
        request,
        response: odd[odd.length - 1 - index],
      })),
    );
    expect((await get(showThread, "/admin/threads/t")).turns).toHaveLength(odd.length);
  });
});

test("statistics are of the last day, by groups, with what they were asked for", async () => {
  const now = Date.now();
  await store(
    { id: "r1", startedAt: now - 1000, model: "a" },
    { id: "r2", startedAt: now - 1000, model: "a", category: "timeout", cost: null },
    { id: "r3", startedAt: now - 1000, model: null },
    { id: "r4", startedAt: now - 2 * 86_400_000, model: "a" },
  );
  const { rows, since, until, interval_ms } = await get(showStatistics, "/admin/statistics?by=model");
  expect(rows).toMatchObject([
    { group: { model: "a" }, requests: 2, failures: 1, failure_rate: 0.5, unpriced: 1, cost_usd: 0.25 },
    { group: { model: null }, requests: 1, failure_rate: 0 },
  ]);
  expect([Date.parse(until) - Date.parse(since), interval_ms]).toEqual([86_400_000, null]);
  expect((await get(showStatistics, "/admin/statistics?since=3d&model=a")).rows).toMatchObject([
    { group: {}, requests: 3 },
  ]);
  const series = await get(showStatistics, "/admin/statistics?interval=1h&by=model,status&since=90m");
  expect([series.since.slice(13), now - Date.parse(series.since) < 2.5 * 3_600_000]).toEqual([
    ":00:00.000Z",
    true,
  ]);
  expect(series.interval_ms).toBe(3_600_000);
});

describe("feedback", () => {
  test("is listed by what it is about, by name and time, page by page", async () => {
    await admin.storage.feedback.add([
      judged("run", "r", 0.5),
      { ...judged("thread", "r", true), name: "tone", receivedAt: T + 5000 },
      judged("run", "other", { correction: "42" }),
    ]);
    const values = async (query: string) =>
      (await get(listFeedback, `/admin/feedback?${query}`)).feedback.map(({ value }) => value);
    expect(await values("")).toEqual([{ correction: "42" }, true, 0.5]);
    expect(await values("target=run&target_id=r")).toEqual([0.5]);
    expect(await values("name=tone")).toEqual([true]);
    expect(await values(`since=${T + 1000}`)).toEqual([true]);
    const { cursor } = await get(listFeedback, "/admin/feedback?limit=2");
    expect(await values(`limit=2&cursor=${cursor}`)).toEqual([0.5]);
  });

  test("on requests, their runs and threads is counted by the requests' groups", async () => {
    const now = Date.now();
    const template = (templateId: string) => [usedTemplate({ templateId })];
    await store(
      { id: "q1", startedAt: now - 5000, runId: "r", model: "a", templates: template("hello") },
      { id: "q2", startedAt: now - 4000, runId: "r", model: "b", threadId: "t" },
    );
    await admin.storage.feedback.add(
      [judged("run", "r", true), judged("request", "q1", false), judged("thread", "t", 3)].map((item) => ({
        ...item,
        receivedAt: now,
      })),
    );
    const { rows } = await get(showFeedbackStatistics, "/admin/statistics/feedback?by=model");
    expect(rows).toMatchObject([
      {
        group: { model: "a" },
        name: "good",
        count: 2,
        positive: 1,
        negative: 1,
        positive_rate: 0.5,
        mean: null,
      },
      { group: { model: "b" }, count: 2, positive: 1, negative: 0, positive_rate: 1, numbers: 1, mean: 3 },
    ]);
    const templates = await get(showFeedbackStatistics, "/admin/statistics/feedback?by=template&model=a");
    expect(templates.rows).toMatchObject([{ group: { template: "hello" }, count: 2 }]);
    const requests = await get(listRequests, "/admin/requests?feedback=good%3Dtrue");
    expect(requests.requests.map(({ request_id }) => request_id)).toEqual(["q2", "q1"]);
  });
});

test("runs and threads are listed with their sums, page by page", async () => {
  await store(
    { id: "q1", startedAt: T, runId: "r1", threadId: "t1", durationMs: 9000 },
    { id: "q2", startedAt: T + 1, runId: "__proto__", category: "timeout", cost: null },
    { id: "q3", startedAt: T + 2, runId: "r1" },
  );
  const { runs, cursor } = await get(listRuns, "/admin/runs?limit=1");
  expect(runs).toMatchObject([
    {
      run_id: "r1",
      requests: 2,
      failures: 0,
      cost_usd: 0.5,
      started_at: "2026-11-22T12:00:00.000Z",
      last_started_at: "2026-11-22T12:00:00.002Z",
      ended_at: "2026-11-22T12:00:09.000Z",
    },
  ]);
  const more = await get(listRuns, `/admin/runs?limit=1&cursor=${cursor}`);
  expect([more.runs, more.cursor]).toMatchObject([[{ run_id: "__proto__", failures: 1, unpriced: 1 }], null]);
  const threads = await get(listThreads, "/admin/threads");
  expect(threads).toMatchObject({ threads: [{ thread_id: "t1", requests: 1 }], cursor: null });
  expect((await get(listRuns, "/admin/runs?category=limit")).runs).toEqual([]);
});

describe("keys", () => {
  test("are made, listed without themselves, and revoked", async () => {
    const { key, secret } = await get(createKey, "/admin/keys", {
      name: "ci",
      expires: "2w",
      scopes: ["admin"],
    });
    expect(secret).toMatch(/^ams_[0-9A-Za-z]{43}$/);
    expect(key).toMatchObject({ name: "ci", scopes: ["admin"], state: "active", source: "storage" });
    expect(admin.ring.authenticate(secret, Date.now())).toEqual({
      id: key.id,
      name: "ci",
      scopes: ["admin"],
    });
    const plain = await get(createKey, "/admin/keys");
    expect(plain.key).toMatchObject({ name: "unnamed", scopes: [], expires_at: null });
    const listed = await get(listKeys, "/admin/keys");
    expect(new Set(listed.keys.map(({ id }) => id))).toEqual(new Set(["env_amp", key.id, plain.key.id]));
    expect(JSON.stringify(listed)).not.toContain(secret.slice(8));
    expect(await get(revokeKey, `/admin/keys/${key.id}`)).toMatchObject({ id: key.id, state: "revoked" });
    expect(await get(revokeKey, `/admin/keys/${key.id}`)).toMatchObject({ state: "revoked" });
    expect(admin.ring.authenticate(secret, Date.now())).toBeNull();
    expect(admin.logged).toEqual([
      `A gateway key was made {"id":"${key.id}","by":"key_admin"}`,
      `A gateway key was made {"id":"${plain.key.id}","by":"key_admin"}`,
      `A gateway key was revoked {"id":"${key.id}","by":"key_admin"}`,
    ]);
  });

  test("of the environment are not revoked here, and none that is not there", async () => {
    const environment = await admin.ask("DELETE", "/admin/keys/env_amp");
    expect([environment.status, environment.error?.message]).toEqual([
      400,
      "AMP_API_KEY is set in the environment. Remove it there and restart.",
    ]);
    expect((await admin.ask("DELETE", "/admin/keys/none")).error?.code).toBe("not_found");
  });

  test.each([
    [{ name: "" }, "body.name"],
    [{ name: "a\u001b[2J" }, "body.name"],
    [{ name: 5 }, "body.name"],
    [{ expires: "yesterday" }, "body.expires"],
    [{ admin: true }, "body.admin"],
    [{ scopes: ["root"] }, "body.scopes.0"],
    [{ scopes: "admin" }, "body.scopes"],
    [[], "body"],
    [null, "body"],
  ])("are not made of %j", async (body, param) => {
    const { status, error } = await admin.ask("POST", "/admin/keys", body);
    expect([status, error?.param]).toEqual([400, param]);
    expect(await admin.storage.keys.list()).toEqual([]);
  });
});

test("providers are listed with their breakers and without their keys", async () => {
  const settings = {
    providers: {
      local: {
        base_url: "http://user:secret-1@127.0.0.1:1/v1?key=secret-2",
        api_keys: ["secret-3", "secret-4"],
      },
      xai: { enabled: false },
    },
  };
  admin.router = routerOf(settings, { GEMINI_API_KEY: "secret-5" });
  const breaker = configOf({}).breaker;
  const upstream = admin.upstreams.get("local", breaker, configOf({}).retry_budget);
  for (let call = 0; call < 10; call++) upstream.breaker.admit()?.failed();
  admin.upstreams.get("demo/down", breaker, configOf({}).retry_budget);
  admin.upstreams.get("https://example.com:443", breaker, configOf({}).retry_budget);
  const { providers, upstreams } = await get(listProviders, "/admin/providers");
  const of = (name: string) => providers.find((provider: { name: string }) => provider.name === name);
  expect(of("local")).toMatchObject({
    enabled: true,
    base_url: "http://127.0.0.1:1/v1",
    keys: 2,
    upstreams: [{ name: "local", breaker: "open", recent_calls: 10, recent_failures: 10 }],
  });
  expect(of("gemini")).toMatchObject({ enabled: true, aliases: ["google"], keys: 1, upstreams: [] });
  expect(of("xai")).toMatchObject({ enabled: false, reason: expect.stringContaining("switched off") });
  expect(of("demo")?.upstreams).toMatchObject([{ name: "demo/down", breaker: "closed" }]);
  expect(upstreams.map(({ name }) => name)).toEqual(["https://example.com:443"]);
  expect(JSON.stringify([providers, upstreams])).not.toMatch(/secret-\d/);
});

test("the configuration is shown whole, without secrets, with what is wrong with the file", async () => {
  const problem = {
    file: "a.yaml",
    line: 3,
    column: 9,
    path: "server.port",
    found: '"x"',
    expected: "a number",
    message: "found x",
  };
  admin.router = routerOf({
    providers: {
      local: {
        base_url: "http://user:secret-1@h/v1",
        api_key: "secret-2",
        custom_headers: { "x-team": "secret-3" },
      },
    },
    endpoints: [
      { path: "/e", target_url: "https://h/x?key=secret-4", custom_headers: { authorization: "secret-5" } },
    ],
  });
  admin.configStatus = {
    file: "/etc/a.yaml",
    loadedAt: T,
    warnings: [problem],
    refused: { at: T + 1, problems: [problem] },
  };
  const shown = await get(showConfig, "/admin/config");
  expect(shown).toMatchObject({
    file: "/etc/a.yaml",
    version: "9.9.9",
    loaded_at: "2026-11-22T12:00:00.000Z",
    warnings: [{ line: 3, text: "a.yaml:3:9  server.port: found x" }],
    refused: { at: "2026-11-22T12:00:00.001Z", problems: [{ path: "server.port" }] },
    config: {
      server: { port: 3000 },
      providers: { local: { api_key: "[hidden]", custom_headers: { "x-team": "[hidden]" } } },
      endpoints: [{ target_url: "https://h/x?***" }],
    },
  });
  expect(JSON.stringify(shown)).not.toMatch(/secret-\d/);
});

test("every route that answers JSON is asked above, or in a test of its own", () => {
  checker.expectAll((path) => !/^\/admin\/(prompts|experiments|routes)/.test(path));
});
