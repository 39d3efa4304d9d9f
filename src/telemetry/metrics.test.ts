import { describe, expect, test } from "bun:test";
import { family } from "./exposition.ts";
import { createMetrics, type MetricsSources } from "./metrics.ts";
import { testTrace } from "./test-trace.ts";

interface ParsedSample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g;

/** The text format 0.0.4, strictly: HELP, TYPE, then only samples of that metric, each label set once. */
function parseExposition(text: string): Map<string, ParsedFamily> {
  expect(text).toEndWith("\n");
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let name = "";
  let help = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const helpLine = /^# HELP (\S+) (.+)$/.exec(line);
    const typeLine = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (helpLine !== null) {
      [name, help] = [helpLine[1]!, helpLine[2]!];
      expect(families.has(name)).toBe(false);
    } else if (typeLine !== null) {
      expect(typeLine[1]).toBe(name);
      families.set(name, { type: typeLine[2]!, help, samples: [] });
    } else {
      const sample = SAMPLE.exec(line);
      if (sample === null) throw new Error(`not a sample: ${line}`);
      const parsed = families.get(name)!;
      const suffixes = parsed.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      expect(suffixes.map((suffix) => name + suffix)).toContain(sample[1]!);
      const identity = line.slice(0, line.lastIndexOf(" "));
      expect(seen.has(identity)).toBe(false);
      seen.add(identity);
      parsed.samples.push({
        name: sample[1]!,
        labels: parseLabels(sample[2] ?? ""),
        value: parseValue(sample[3]!),
      });
    }
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const unescaped = (value: string) =>
    value.replaceAll(/\\(.)/g, (_, mark: string) => (mark === "n" ? "\n" : mark));
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name!, unescaped(value!)]));
}

function parseValue(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  const value = Number(text);
  expect(Number.isNaN(value)).toBe(false);
  return value;
}

const sources: MetricsSources = {
  version: "0.1.0",
  activeRequests: () => 7,
  logLinesDropped: () => 3,
  records: () => ({ stored: 5, lost: 1, waitingBytes: 700 }),
  upstreams: () => [
    { name: "openai", breaker: "closed" },
    { name: "xai", breaker: "half-open" },
    { name: "gemini", breaker: "open" },
  ],
  monitor: { eventLoopDelay: () => ({ p50: 1, p99: 20, max: 250 }) },
};

describe("/metrics", () => {
  test("counts requests by door, provider, status class and error", () => {
    const metrics = createMetrics(sources);
    metrics.observe(testTrace({}));
    metrics.observe(testTrace({}));
    metrics.observe(testTrace({ status: 502, error: "upstream_error" }));
    metrics.observe(testTrace({ status: 401, error: "invalid_api_key", provider: null, attempts: [] }));
    metrics.observe(testTrace({ status: 0, error: "client_closed" }));
    const door = "/v1/chat/completions";
    expect(parseExposition(metrics.render()).get("amsterdam_requests_total")).toMatchObject({
      type: "counter",
      samples: [
        { labels: { door, provider: "openai", status_class: "none", error: "client_closed" }, value: 1 },
        { labels: { door, provider: "openai", status_class: "2xx", error: "none" }, value: 2 },
        { labels: { door, provider: "openai", status_class: "5xx", error: "upstream_error" }, value: 1 },
        { labels: { door, provider: "none", status_class: "4xx", error: "invalid_api_key" }, value: 1 },
      ],
    });
  });

  test("histograms are cumulative, in seconds, and end at +Inf with the count", () => {
    const metrics = createMetrics(sources);
    for (const [firstByteAt, endedAt] of [
      [4, 5],
      [5, 6],
      [90, 700_000],
      [null, 100],
    ] as const) {
      metrics.observe(testTrace({ firstByteAt, endedAt }));
    }
    const parsed = parseExposition(metrics.render());
    const { samples } = parsed.get("amsterdam_request_duration_seconds")!;
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => parseValue(labels.le!));
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
    const counts = Object.fromEntries(buckets.map(({ labels, value }) => [labels.le, value]));
    expect(counts).toMatchObject({ "0.005": 1, "0.01": 2, "0.05": 2, "0.1": 3, "600": 3, "+Inf": 4 });
    expect(samples.find(({ name }) => name.endsWith("_count"))?.value).toBe(4);
    expect(samples.find(({ name }) => name.endsWith("_sum"))?.value).toBeCloseTo(700.111, 6);
    const firstByte = parsed.get("amsterdam_first_byte_seconds")!.samples;
    expect(firstByte.find(({ name }) => name.endsWith("_count"))?.value).toBe(3);
  });

  test("attempts are counted by provider and outcome; a URL counts by its host", () => {
    const metrics = createMetrics(sources);
    const attempt = { startedAt: 0, endedAt: 1, status: null, message: null };
    metrics.observe(
      testTrace({
        attempts: [
          { ...attempt, target: "openai/gpt-4o", error: "connect_timeout" },
          { ...attempt, target: "openai/gpt-5", error: null },
          { ...attempt, target: "https://api.example.com/v1/x/y", error: null },
          { ...attempt, target: "demo", error: null },
        ],
      }),
    );
    const { samples } = parseExposition(metrics.render()).get("amsterdam_upstream_attempts_total")!;
    expect(samples.map(({ labels, value }) => [labels.provider, labels.outcome, value])).toEqual([
      ["openai", "connect_timeout", 1],
      ["openai", "success", 1],
      ["api.example.com", "success", 1],
      ["demo", "success", 1],
    ]);
  });

  test("names without end stay within 1,000 pairs, the rest counted together, and no request is lost", () => {
    const metrics = createMetrics(sources);
    for (let index = 0; index < 3000; index++) {
      const attempts = [
        { target: `made-up-${index}/m`, startedAt: 0, endedAt: 1, status: 200, error: null, message: null },
      ];
      metrics.observe(testTrace({ door: `/endpoint/${index}`, attempts }));
    }
    const parsed = parseExposition(metrics.render());
    const requests = parsed.get("amsterdam_requests_total")!.samples;
    expect(requests).toHaveLength(1001);
    expect(requests.at(-1)).toMatchObject({ labels: { door: "other", provider: "other" }, value: 2000 });
    const attempts = parsed.get("amsterdam_upstream_attempts_total")!.samples;
    expect(attempts).toHaveLength(1001);
    expect(attempts.reduce((sum, { value }) => sum + value, 0)).toBe(3000);
  });

  test("no model, key or id is a label", () => {
    const metrics = createMetrics(sources);
    metrics.observe(testTrace({}));
    for (const id of ["gpt-4o", "key_1", "req-1", "run-1", "T-1", "4bf92f"])
      expect(metrics.render()).not.toContain(id);
  });

  test("gauges say what the sources say", () => {
    const parsed = parseExposition(createMetrics(sources).render());
    const values = (name: string) => parsed.get(name)!.samples.map(({ value }) => value);
    expect(values("amsterdam_active_requests")).toEqual([7]);
    expect(values("amsterdam_log_lines_dropped_total")).toEqual([3]);
    expect(values("amsterdam_breaker_state")).toEqual([0, 1, 2]);
    expect(values("amsterdam_event_loop_delay_seconds")).toEqual([0.001, 0.02, 0.25]);
    expect(parsed.get("amsterdam_build_info")?.samples[0]?.labels).toEqual({
      version: "0.1.0",
      bun: Bun.version,
    });
    expect(values("process_resident_memory_bytes")[0]).toBeGreaterThan(10_000_000);
    expect(values("process_cpu_seconds_total")[0]).toBeGreaterThan(0);
    expect(
      Math.abs(values("process_start_time_seconds")[0]! * 1000 - (Date.now() - performance.now())),
    ).toBeLessThan(1000);
  });

  test("label values keep every character", () => {
    const value = 'back\\slash "quote"\nbreak {}= ,é';
    const text = family("m", "gauge", "Help\\ with\nbreak", [{ labels: { a: value, b: "" }, value: -1.5 }]);
    expect(parseExposition(text).get("m")).toEqual({
      type: "gauge",
      help: "Help\\\\ with\\nbreak",
      samples: [{ name: "m", labels: { a: value, b: "" }, value: -1.5 }],
    });
  });
});
