import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Collector } from "../../support/collector.ts";
import { namesIn, queriesIn, readDashboard } from "../../support/dashboard.ts";
import { parseExposition } from "../../support/exposition.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { missingPrometheus, Prometheus, promtoolFindings } from "../../support/prometheus.ts";
import { until } from "../../support/until.ts";

let collector: Collector;
let gateway: Gateway;
beforeAll(async () => {
  collector = new Collector();
  gateway = await startGateway({
    config: {
      global_retry: { base_delay_ms: 1, max_delay_ms: 5 },
      breaker: { minimum_calls: 2 },
      prices: { "demo/echo": { input: 1, output: 2 } },
      routes: { steady: { targets: ["demo/status-503", "demo/echo"] } },
      telemetry: { otlp: { endpoint: collector.url, interval: 0.05, metrics_interval: 1 } },
    },
  });
  await traffic();
});
afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  await collector.stop();
});

const MESSAGES = [{ role: "user", content: "hello" }];

async function ask(path: string, body: object): Promise<void> {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify(body),
  });
  await response.text();
}

/** Requests that make every kind of metric: answers, streams, failures, open breakers, fallbacks, tokens and cost. */
async function traffic(): Promise<void> {
  for (const model of ["echo", "thinks", "status-500", "down", 'na"me\\with\nmarks'])
    await ask("/v1/chat/completions", {
      model: `demo/${model}`,
      stream: model !== "echo",
      messages: MESSAGES,
    });
  await ask("/v1/embeddings", { model: "demo/embed", input: "hello" });
  await ask("/v1/messages", { model: "demo/echo", max_tokens: 9, stream: true, messages: MESSAGES });
  await ask("/v1/chat/completions", { model: "steady", messages: MESSAGES });
  await ask("/nowhere", {});
  await until(
    "all that reached a door is recorded",
    async () => (await value("amsterdam_records_stored_total")) >= 8,
  );
}

const page = () => fetch(`${gateway.url}/metrics`).then((response) => response.text());

async function value(name: string): Promise<number> {
  const samples = parseExposition(await page()).get(name)?.samples ?? [];
  return samples.reduce((sum, sample) => sum + sample.value, 0);
}

describe("the dashboard for Grafana", () => {
  const dashboard = readDashboard();

  test("asks for metrics and labels that the gateway has, and for nothing else", async () => {
    const families = parseExposition(await page());
    const labelsOf = new Map<string, Set<string>>();
    for (const { samples } of families.values())
      for (const { name, labels } of samples) {
        const known = labelsOf.get(name) ?? new Set(["instance", "job"]);
        labelsOf.set(name, new Set([...known, ...Object.keys(labels)]));
      }
    const queries = queriesIn(dashboard);
    expect(queries.length).toBeGreaterThan(20);
    for (const query of queries) {
      const { metrics, labels } = namesIn(query);
      expect(metrics, query).not.toEqual([]);
      for (const metric of metrics) {
        expect([...labelsOf.keys()], `${query} asks for ${metric}`).toContain(metric);
        expect([...labelsOf.get(metric)!], query).toEqual(expect.arrayContaining(labels));
      }
    }
    for (const { definition = "" } of dashboard.templating.list) {
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      if (metric !== undefined) expect([...(labelsOf.get(metric) ?? [])], definition).toContain(label!);
    }
  });

  test("has panels that do not lie on each other, each with an id of its own", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });
});

const missing = missingPrometheus();
if (missing !== null) {
  if (process.env.CI) throw new Error(missing);
  console.warn(`SKIPPED, the tests with Prometheus itself: ${missing}`);
}

describe.skipIf(missing !== null)("with Prometheus itself", () => {
  let prometheus: Prometheus;
  beforeAll(async () => {
    prometheus = await Prometheus.start(gateway.url);
    await until("it has scraped", () => prometheus.scrape());
  });
  afterAll(() => prometheus.stop());

  test("promtool finds nothing wrong with the page", async () => {
    expect(await promtoolFindings(await page())).toBe("");
  });

  test("promtool would say so if there were", async () => {
    expect(await promtoolFindings("# TYPE a_total counter\na_total 1\n")).toContain("no help text");
    expect(await promtoolFindings("a{b=}\n")).toContain("exit code");
  });

  test("every scrape is taken, and its values are those of the gateway", async () => {
    expect(await prometheus.scrape()).toBe("up");
    const count = async (query: string) => (await prometheus.query(query)).map((one) => one.value);
    expect(await count("sum(amsterdam_requests_total)")).toEqual([9]);
    expect(await count('amsterdam_route_choices_total{route="steady",target="demo/echo"}')).toEqual([1]);
    expect(await count('amsterdam_route_fallbacks_total{route="steady",reason="error"}')).toEqual([1]);
    const calls = await prometheus.query("gen_ai_server_request_duration_seconds_count");
    expect(calls.filter(({ labels }) => labels.error_type === undefined)).toHaveLength(5);
    const models = calls.map(({ labels }) => labels.gen_ai_request_model);
    expect(models).toContain('demo/na"me\\with\nmarks');
  });

  test("every query of the dashboard is understood, and all that there was traffic for have an answer", async () => {
    // Rates need two scrapes with something between them.
    await traffic();
    const rate = "sum(rate(amsterdam_requests_total[1m])) > 0";
    await until("there is a rate", async () => (await prometheus.query(rate)).length > 0);
    for (const query of queriesIn(readDashboard()))
      expect((await prometheus.query(query)).length, query).toBeGreaterThan(0);
  });
});
