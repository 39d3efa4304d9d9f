import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Collector } from "../../support/collector.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SECRET = "collector-secret-4711";
const SERVER = 2;
const CLIENT = 3;

let collector: Collector;
let gateway: Gateway;
beforeAll(async () => {
  collector = new Collector();
  gateway = await startGateway({
    env: {
      COLLECTOR_KEY: SECRET,
      OTEL_SERVICE_NAME: "our-gateway",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,team=a%20b",
      OTEL_EXPORTER_OTLP_HEADERS: `x-tenant=${SECRET}-2`,
    },
    config: {
      global_retry: { base_delay_ms: 1, max_delay_ms: 5 },
      providers: { down: { base_url: "http://127.0.0.1:9/v1", formats: ["openai-chat"] } },
      routes: { safe: { targets: ["demo/status-503", "demo/echo"] }, gone: { targets: ["down/some-model"] } },
      prices: { "demo/echo": { input: 1_000_000, output: 0 } },
      telemetry: {
        otlp: {
          endpoint: `${collector.url}/collect/`,
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own way to read the environment
          headers: { authorization: "Bearer ${COLLECTOR_KEY}" },
          interval: 0.05,
          metrics_interval: 0.2,
        },
      },
    },
  });
});
afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  await collector.stop();
  // What the collector could not read is a fault of ours, whichever test sent it.
  expect(collector.faults).toEqual([]);
});
beforeEach(() => {
  collector.exports.length = 0;
});

const HI = [{ role: "user", content: "say the word pineapple" }];

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key}`, ...headers },
    body: JSON.stringify(body),
  });
}

/** The span of one request, and those below it in their order. */
async function spansFor(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await post(path, body, headers);
  await response.text();
  const root = await until("the request's span is exported", () =>
    collector.spans.find(({ kind }) => kind === SERVER),
  );
  const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  return { response, root, below };
}

describe("a request becomes spans by the GenAI conventions", () => {
  test("a chat is a span with usage, cost and ids, below the client's own, and each attempt one below it", async () => {
    const before = Date.now();
    const { root, below } = await spansFor(
      "/v1/chat/completions",
      {
        model: "demo/echo",
        messages: HI,
        thread_id: "T-9",
        agent_id: "agent-7",
        run_id: "run-5",
        tags: ["a"],
      },
      { traceparent: `00-${TRACE}-${PARENT}-01`, "x-request-id": "req-otlp-1" },
    );
    expect(root).toMatchObject({
      traceId: TRACE,
      parentSpanId: PARENT,
      name: "chat demo/echo",
      kind: SERVER,
    });
    expect(root.status).toEqual({});
    expect(root.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "demo",
      "gen_ai.request.model": "demo/echo",
      "gen_ai.request.stream": false,
      "gen_ai.response.model": "echo",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.conversation.id": "T-9",
      "gen_ai.agent.id": "agent-7",
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "url.path": "/v1/chat/completions",
      "amsterdam.run.id": "run-5",
      "amsterdam.request.id": "req-otlp-1",
      "amsterdam.tags": ["a"],
      "amsterdam.usage.source": "provider",
    });
    const { "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output } = root.attributes;
    expect(Number(input)).toBeGreaterThan(0);
    expect(Number(output)).toBeGreaterThan(0);
    expect(root.attributes["amsterdam.cost.usd"]).toBe(Number(input));
    expect(root.start).toBeGreaterThanOrEqual(before);
    expect(root.end).toBeLessThanOrEqual(Date.now() + 1);
    const [attempt, ...others] = below;
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({ traceId: TRACE, name: "chat echo", kind: CLIENT, status: {} });
    expect(attempt!.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "demo",
      "gen_ai.request.model": "echo",
      "server.address": "127.0.0.1",
      "http.response.status_code": 200,
    });
    expect(Number(attempt!.attributes["server.port"])).toBeGreaterThan(0);
    expect(attempt!.start).toBeGreaterThanOrEqual(root.start);
    expect(attempt!.end).toBeLessThanOrEqual(root.end + 0.001);
  });

  test("what was said is not exported", async () => {
    await spansFor("/v1/chat/completions", { model: "demo/echo", messages: HI });
    expect(JSON.stringify(collector.exports)).not.toContain("pineapple");
  });

  test("a stream tells when its first output came, and a request without traceparent begins a trace", async () => {
    const { root } = await spansFor("/v1/messages", {
      model: "demo/slow-40",
      max_tokens: 50,
      stream: true,
      messages: HI,
    });
    expect(root.parentSpanId).toBeNull();
    expect(root.attributes["gen_ai.request.stream"]).toBe(true);
    const first = Number(root.attributes["gen_ai.response.time_to_first_chunk"]);
    expect(first).toBeGreaterThan(0.03);
    expect(first).toBeLessThan((root.end - root.start) / 1000);
  });

  test("attempts that failed before another answered are spans with their errors", async () => {
    const { response, root, below } = await spansFor("/v1/chat/completions", { model: "safe", messages: HI });
    expect(response.status).toBe(200);
    expect(root).toMatchObject({ name: "chat safe", status: {} });
    expect(root.attributes).toMatchObject({ "gen_ai.response.model": "echo", "amsterdam.route": "safe" });
    expect(below.length).toBeGreaterThan(1);
    const [first, last] = [below[0]!, below.at(-1)!];
    expect(first.attributes).toMatchObject({
      "gen_ai.request.model": "status-503",
      "error.type": "upstream_error",
      "http.response.status_code": 503,
    });
    expect(first.status.code).toBe(2);
    expect(last.attributes).toMatchObject({
      "gen_ai.request.model": "echo",
      "http.request.resend_count": below.length - 1,
    });
    expect(last.attributes["error.type"]).toBeUndefined();
  });

  test("a failure is told by its code", async () => {
    const { response, root, below } = await spansFor("/v1/chat/completions", { model: "gone", messages: HI });
    expect(response.status).toBe(502);
    expect(root.attributes).toMatchObject({
      "error.type": "upstream_unreachable",
      "gen_ai.request.model": "gone",
    });
    expect(root.attributes["gen_ai.response.model"]).toBeUndefined();
    expect(root.status.code).toBe(2);
    expect(below[0]!.attributes).toMatchObject({
      "gen_ai.provider.name": "down",
      "server.address": "127.0.0.1",
      "server.port": 9,
    });
  });

  test("embeddings, completions and counted tokens have their own operations", async () => {
    const operationOf = async (path: string, body: object) => {
      collector.exports.length = 0;
      const { root } = await spansFor(path, body);
      return root.attributes["gen_ai.operation.name"];
    };
    expect(await operationOf("/v1/embeddings", { model: "demo/embed", input: "hi" })).toBe("embeddings");
    expect(await operationOf("/v1/completions", { model: "demo/echo", prompt: "hi" })).toBe(
      "text_completion",
    );
    const count = { model: "demo/echo", messages: HI };
    expect(await operationOf("/v1/messages/count_tokens", count)).toBe("count_tokens");
  });

  test("hostile names and ids arrive as they are", async () => {
    const name = 'demo/ec"ho\\\n\u0000é\u2028😀';
    const { root } = await spansFor("/v1/chat/completions", {
      model: name,
      messages: HI,
      tags: ["__proto__"],
    });
    expect(root.name).toBe(`chat ${name}`);
    expect(root.attributes).toMatchObject({ "gen_ai.request.model": name, "amsterdam.tags": ["__proto__"] });
  });
});

describe("what an export says of its sender", () => {
  test("the resource is the configuration's and the environment's, under the conventions' schema", async () => {
    await spansFor("/v1/chat/completions", { model: "demo/echo", messages: HI });
    const [sent] = collector.exports.filter(({ spans }) => spans.length > 0);
    expect(sent).toMatchObject({
      path: "/collect/v1/traces",
      schemaUrl: "https://opentelemetry.io/schemas/1.41.1",
      resource: { "service.name": "our-gateway", "deployment.environment.name": "test", team: "a b" },
    });
    expect(sent!.resource["service.instance.id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("headers reach the collector and nothing else: no log, no metric, no configuration that is shown", async () => {
    await spansFor("/v1/chat/completions", { model: "demo/echo", messages: HI });
    const { headers } = collector.exports[0]!;
    expect(headers).toMatchObject({ authorization: `Bearer ${SECRET}`, "x-tenant": `${SECRET}-2` });
    const shown = await fetch(`${gateway.url}/admin/config`, {
      headers: { authorization: `Bearer ${gateway.key}` },
    }).then((response) => response.text());
    expect(shown).toContain("our-gateway");
    const metrics = await fetch(`${gateway.url}/metrics`).then((response) => response.text());
    for (const text of [shown, metrics, gateway.output()]) expect(text).not.toContain(SECRET);
  });
});

test("metrics are exported with the conventions' names and units, and count from the start of the process", async () => {
  await (await post("/v1/chat/completions", { model: "demo/echo", stream: true, messages: HI })).text();
  const metrics = await until("the metrics are exported", () => {
    const { metrics } = collector;
    return metrics.has("gen_ai.server.time_per_output_token") ? metrics : null;
  });
  const told = (name: string) => [metrics.get(name)?.kind, metrics.get(name)?.unit];
  expect(told("gen_ai.client.token.usage")).toEqual(["histogram", "{token}"]);
  expect(told("gen_ai.client.operation.duration")).toEqual(["histogram", "s"]);
  expect(told("gen_ai.server.request.duration")).toEqual(["histogram", "s"]);
  expect(told("gen_ai.server.time_to_first_token")).toEqual(["histogram", "s"]);
  expect(told("gen_ai.server.time_per_output_token")).toEqual(["histogram", "s"]);
  expect(told("amsterdam.requests")).toEqual(["sum", "{request}"]);
  expect(told("amsterdam.active_requests")).toEqual(["gauge", "{request}"]);
  expect(told("amsterdam.records.waiting")).toEqual(["gauge", "By"]);
  const usage = metrics.get("gen_ai.client.token.usage")!.points;
  const echo = usage.filter(
    ({ attributes }) =>
      attributes["gen_ai.request.model"] === "echo" && attributes["gen_ai.operation.name"] === "chat",
  );
  expect(echo.map(({ attributes }) => attributes["gen_ai.token.type"])).toEqual(["input", "output"]);
  for (const { from } of echo) expect(Math.abs(Date.now() - from)).toBeLessThan(120_000);
});
