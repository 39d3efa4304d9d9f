import { afterAll, describe, expect, test } from "bun:test";
import { startFaultUpstream } from "../../test/support/fault-upstream.ts";
import { answer, bodiless, stream } from "../../test/support/faults.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { ProviderLists } from "../models/provider-lists.ts";
import { startTrace, type Trace } from "../records/trace.ts";
import { routerOf } from "../routing/testing.ts";
import { HeaderFilter } from "../upstream/http/forward-headers.ts";
import { HeaderList } from "../upstream/http/headers.ts";
import { client, deadlines, requestTo } from "../upstream/http/testing.ts";
import { type Delivery, failureOf } from "../upstream/outcome.ts";
import { Upstreams } from "../upstream/upstream.ts";
import { type DeliverOptions, deliver } from "./deliver.ts";
import { gatewayHeaders } from "./headers.ts";
import { modelsBody } from "./models.ts";
import { refuse, refuseWith } from "./refuse.ts";

const upstream = startFaultUpstream();
afterAll(() => upstream.stop());

const BREAKER = { enabled: true, failure_share: 0.5, window: 30, minimum_calls: 10, open: 15 };

function traceOf(over: Partial<Trace> = {}, method = "POST"): Trace {
  const ids = { requestId: "req_1", traceId: "t", spanId: "s", parentSpanId: null };
  return { ...startTrace(ids, method, "/v1/x"), ...over };
}

const attempt = (target: string, status: number | null) => ({
  target,
  startedAt: 0,
  endedAt: 1,
  status,
  error: status === null ? ("upstream_unreachable" as const) : null,
  message: null,
});

const list = (...fields: [string, string][]) => {
  const headers = new HeaderList();
  for (const [name, value] of fields) headers.add(name, value);
  return headers;
};

const FILTER = new HeaderFilter(["content-type", "set-cookie", "retry-after"], ["x-ratelimit-"], []);

describe("the gateway's own header fields", () => {
  test("say what served the request, and every try", () => {
    const attempts = [attempt("openai/gpt", 503), attempt("xai/grok", null), attempt("demo/echo", 200)];
    expect(gatewayHeaders(traceOf({ provider: "demo", model: "echo", route: "fast", attempts }))).toEqual({
      "x-request-id": "req_1",
      "x-amsterdam-provider": "demo",
      "x-amsterdam-model": "echo",
      "x-amsterdam-route": "fast",
      "x-amsterdam-attempts": "openai/gpt=503, xai/grok=upstream_unreachable, demo/echo=200",
    });
    expect(gatewayHeaders(traceOf())).toEqual({ "x-request-id": "req_1" });
  });

  test("count tries that are too many to be told, and tell the last", () => {
    const many = Array.from({ length: 120 }, (_, index) => attempt(`${"中".repeat(40)}/${index}`, 503));
    const headers = gatewayHeaders(traceOf({ attempts: [...many, attempt("demo/echo", 200)] }));
    const told = headers["x-amsterdam-attempts"] ?? "";
    expect(told.length).toBeLessThan(3100);
    expect(told).toMatch(/^%E4.*%2F0=503, %E4.*=503, (\d+) more, demo\/echo=200$/);
    const shown = told.split("=503").length - 1;
    expect(Number(/(\d+) more/.exec(told)?.[1]) + shown).toBe(120);
  });

  test.each(["é中", "a\r\nx-evil: 1", "a\0b", "\ud800", "x".repeat(100_000), "é".repeat(500) + "\udfff"])(
    "can be sent whatever a model is called, case %#",
    (model) => {
      const headers = gatewayHeaders(traceOf({ model, route: model, attempts: [attempt(model, 200)] }));
      const sent = new Response(null, { headers }).headers;
      for (const value of Object.values(headers)) expect(value).toMatch(/^[ -~]{1,2100}$/);
      expect(sent.get("x-evil")).toBeNull();
    },
  );
});

describe("a refusal", () => {
  test("has the error's status and headers, in the shape of the API that was called", async () => {
    const error = new GatewayError("server_overloaded", "busy", { retryAfter: 3, headers: { allow: "GET" } });
    const trace = traceOf();
    const response = refuse(error, "anthropic", trace);
    expect([response.status, response.headers.get("retry-after"), response.headers.get("allow")]).toEqual([
      503,
      "3",
      "GET",
    ]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ type: "error", error: { message: "busy" } });
    expect(trace).toMatchObject({ status: 503, error: "server_overloaded", errorCategory: "overloaded" });
    expect(trace.responseBytes).toBeGreaterThan(0);
    expect(await refuse(error, "plain", traceOf({}, "HEAD")).text()).toBe("");
  });

  test("keeps its causes for the operator, and tells the client none", async () => {
    const cause = new Error("outer", { cause: new Error("inner secret") });
    const trace = traceOf();
    const response = refuse(new GatewayError("gateway_error", "failed", { cause }), "openai", trace);
    expect(trace.cause).toMatch(/outer[\s\S]*caused by[\s\S]*inner secret/);
    expect(await response.text()).not.toContain("secret");
  });

  const refused = (body: string, isJson: boolean) => ({
    ...failureOf(new GatewayError("upstream_limited", "told", { status: 429, retryAfter: 7 })),
    message: "told",
    status: 429,
    answer: {
      status: 429,
      headers: list(
        ["content-type", "application/json"],
        ["server", "nginx"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["x-request-id", "up_1"],
      ),
      body: Buffer.from(body),
      isJson,
    },
  });

  test("by the upstream passes as it came where it is JSON, with the header fields that may pass", async () => {
    const trace = traceOf();
    const response = refuseWith(refused('{"own" :1.0}', true), FILTER, "openai", trace);
    expect([response.status, await response.text()]).toEqual([429, '{"own" :1.0}']);
    expect(response.headers.get("server")).toBeNull();
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(response.headers.get("x-amsterdam-upstream-request-id")).toBe("up_1");
    expect(response.headers.get("x-request-id")).toBe("req_1");
    expect(trace).toMatchObject({ status: 429, error: "upstream_limited", cause: "told", responseBytes: 12 });
  });

  test("by the upstream that is no JSON is told in the client's shape, unless no API was called", async () => {
    expect(await refuseWith(refused("<p>", false), FILTER, "openai", traceOf()).json()).toMatchObject({
      error: { message: "told", code: "upstream_limited" },
    });
    expect(await refuseWith(refused("<p>", false), FILTER, "plain", traceOf()).text()).toBe("<p>");
  });
});

describe("a delivered answer", () => {
  async function delivered(
    behaviour: Parameters<typeof upstream.script>[1],
    delivery: Delivery,
    method = "POST",
  ) {
    const trace = traceOf({ attempts: [attempt("t", 200)] }, method);
    const ends: number[] = [];
    const begins: number[] = [];
    const target = new Upstreams().get("t", BREAKER, { share: 0, minimum: 0 });
    const options: DeliverOptions = {
      filter: FILTER,
      upstream: target,
      deadlines,
      keepAlive: 0,
      keepAliveText: "",
      stallTimeout: 1000,
      renderStreamError: (error) => `data: ${error.code}\n\n`,
      begun: () => begins.push(trace.firstByteAt ?? Number.NaN),
      finish: () => ends.push(1),
    };
    const url = upstream.script("answer", behaviour);
    const response = await client.send(requestTo(url, { method }));
    const body = delivery === "whole" ? await response.bytes(1000) : null;
    return {
      response: deliver({ ok: true, response, delivery, body, converter: null }, trace, options),
      trace,
      ends,
      begins,
      target,
    };
  }

  test("that is whole has its status, body and the header fields that may pass", async () => {
    const headers = {
      "content-type": "text/x",
      "x-ratelimit-left": "5",
      server: "nginx",
      "set-cookie": ["a=1", "b=2"],
    };
    const { response, trace, ends } = await delivered(answer(201, headers, "body"), "whole");
    expect([response.status, await response.text()]).toEqual([201, "body"]);
    expect(response.headers.get("x-ratelimit-left")).toBe("5");
    expect(response.headers.get("server")).toBeNull();
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("x-amsterdam-attempts")).toBe("t=200");
    expect([trace.status, trace.responseBytes, ends]).toEqual([201, 4, [1]]);
    expect(trace.firstByteAt).not.toBeNull();
  });

  test("that is a stream is counted as it goes, and finished once, after its last byte", async () => {
    const { response, trace, ends, begins } = await delivered(
      stream(["data: a\n\n", () => Bun.sleep(20), "data: b\n\n"]),
      "events",
    );
    expect(ends).toEqual([]);
    expect(await response.text()).toBe("data: a\n\ndata: b\n\n");
    expect(begins).toEqual([trace.firstByteAt!]);
    expect([trace.responseBytes, ends, trace.error]).toEqual([18, [1], null]);
  });

  test("whose stream breaks says so, in the stream, in the trace, and to the breaker", async () => {
    const { response, trace, ends, target } = await delivered(
      stream(["data: a\n\n", () => Bun.sleep(20)], { finish: "reset" }),
      "events",
    );
    expect(await response.text()).toBe("data: a\n\ndata: upstream_disconnected\n\n");
    expect(trace).toMatchObject({ error: "upstream_disconnected", status: 200 });
    expect([trace.attempts[0]!.error, target.lastError?.code, ends]).toEqual([
      "upstream_disconnected",
      "upstream_disconnected",
      [1],
    ]);
    expect(target.breaker.recent().failures).toBe(1);
  });

  test.each([
    ["204", bodiless(204), "POST"],
    ["304", bodiless(304), "POST"],
    ["205 with a body all the same", stream(["data: a\n\n"], { status: 205, finish: "hang" }), "POST"],
    ["HEAD", answer(200, { "content-type": "text/x" }, ""), "HEAD"],
  ] as const)("of %s has no body, and keeps no connection waiting", async (_, behaviour, method) => {
    const { response, trace, ends } = await delivered(behaviour, "bytes", method);
    expect([await response.text(), trace.responseBytes, ends]).toEqual(["", 0, [1]]);
    const exchange = upstream.received("answer").at(-1)!;
    if (response.status === 205) await exchange.left;
  });
});

describe("the list of models", () => {
  const router = routerOf({
    providers: { local: { base_url: "http://127.0.0.1:9", models: ["llama3:8b", "any-*"] } },
    routes: { fast: { targets: ["local/x"] } },
  });
  const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
  const silent = new ProviderLists({ ask: () => Promise.reject(new Error("down")), logger });
  const idsOf = async (lists: ProviderLists) => {
    const { data } = (await modelsBody(router, lists, null, "openai")) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  };

  test("has routes, named models and the demo's, in each API's shape", async () => {
    const ids = await idsOf(silent);
    expect(ids.slice(0, 2)).toEqual(["fast", "local/llama3:8b"]);
    expect(ids).toContain("demo/echo");
    const anthropic = (await modelsBody(router, silent, null, "anthropic")) as {
      data: { id: string }[];
      first_id: string;
      last_id: string;
    };
    expect([anthropic.data.map(({ id }) => id), anthropic.first_id, anthropic.last_id]).toEqual([
      ids,
      "fast",
      ids.at(-1)!,
    ]);
    const gemini = (await modelsBody(router, silent, null, "gemini")) as { models: { name: string }[] };
    expect(gemini.models.map(({ name }) => name)).toEqual(ids.map((id) => `models/${id}`));
  });

  test("has what the providers list, once, with what they say of it", async () => {
    const body = { data: [{ id: "llama3:8b", created: 1_700_000_000, owned_by: "meta" }, { id: "other" }] };
    const lists = new ProviderLists({ ask: () => Promise.resolve(body), logger });
    expect((await idsOf(lists)).slice(0, 3)).toEqual(["fast", "local/llama3:8b", "local/other"]);
    expect(await modelsBody(router, lists, "local/llama3:8b", "openai")).toEqual({
      id: "local/llama3:8b",
      object: "model",
      created: 1_700_000_000,
      owned_by: "meta",
    });
  });

  test.each(["local/llama3:8b", "local%2Fllama3%3A8b", "fast"])("has %s", async (id) => {
    expect(await modelsBody(router, silent, id, "openai")).toMatchObject({
      id: decodeURIComponent(id),
      object: "model",
    });
  });

  test.each(["nothing", "%zz", "%", "constructor", ""])("has no %j, and says so", async (id) => {
    const answer = modelsBody(router, silent, id, "openai");
    expect(answer).rejects.toEqual(expect.objectContaining({ code: "model_not_found" }));
    await answer.catch(() => {});
  });
});

test("what the same request would meet again is told to clients as final, and nothing else is", () => {
  const finality = (error: GatewayError) => refuse(error, "openai", traceOf()).headers.get("x-should-retry");
  expect(finality(new GatewayError("provider_not_configured", "no key"))).toBe("false");
  expect(finality(new GatewayError("invalid_api_key", "no"))).toBe("false");
  expect(finality(new GatewayError("model_not_found", "no"))).toBe("false");
  for (const code of [
    "upstream_error",
    "first_byte_timeout",
    "server_overloaded",
    "upstream_limited",
  ] as const) {
    expect(finality(new GatewayError(code, "later"))).toBeNull();
  }
});
