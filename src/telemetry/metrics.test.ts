import { describe, expect, test } from "bun:test";
import { parseExposition, parseValue } from "../../test/support/exposition.ts";
import { exposition } from "./exposition.ts";
import { gauge } from "./metric-family.ts";
import { createMetrics, type MetricsSources } from "./metrics.ts";
import { testTrace } from "./test-trace.ts";

const sources: MetricsSources = {
  version: "0.1.0",
  activeRequests: () => 7,
  logLinesDropped: () => 3,
  recording: () => ({
    records: { stored: 5, lost: 1, waiting: 2, waitingBytes: 700, withoutBodies: 3 },
    feedback: { stored: 9, lost: 8, waiting: 7, waitingBytes: 6, refused: 4 },
  }),
  further: () => [],
  upstreams: () => [
    { name: "openai", breaker: "closed" },
    { name: "xai", breaker: "half-open" },
    { name: "gemini", breaker: "open" },
  ],
  monitor: { eventLoopDelay: () => ({ p50: 1, p99: 20, max: 250 }) },
};

describe("/metrics", () => {
  test("counts requests by door, provider, status class and error", async () => {
    const metrics = createMetrics(sources);
    metrics.observe(testTrace({}));
    metrics.observe(testTrace({}));
    metrics.observe(testTrace({ status: 502, error: "upstream_error" }));
    metrics.observe(testTrace({ status: 401, error: "invalid_api_key", provider: null, attempts: [] }));
    metrics.observe(testTrace({ status: 0, error: "client_closed" }));
    const door = "/v1/chat/completions";
    expect(parseExposition(await metrics.render()).get("amsterdam_requests_total")).toMatchObject({
      type: "counter",
      samples: [
        { labels: { door, provider: "openai", status_class: "none", error: "client_closed" }, value: 1 },
        { labels: { door, provider: "openai", status_class: "2xx", error: "none" }, value: 2 },
        { labels: { door, provider: "openai", status_class: "5xx", error: "upstream_error" }, value: 1 },
        { labels: { door, provider: "none", status_class: "4xx", error: "invalid_api_key" }, value: 1 },
      ],
    });
  });

  test("histograms are cumulative, in seconds, and end at +Inf with the count", async () => {
    const metrics = createMetrics(sources);
    for (const [firstByteAt, endedAt] of [
      [4, 5],
      [5, 6],
      [90, 700_000],
      [null, 100],
    ] as const) {
      metrics.observe(testTrace({ firstByteAt, endedAt }));
    }
    const parsed = parseExposition(await metrics.render());
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

  test("attempts are counted by provider and outcome; a URL counts by its host", async () => {
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
    const { samples } = parseExposition(await metrics.render()).get("amsterdam_upstream_attempts_total")!;
    expect(samples.map(({ labels, value }) => [labels.provider, labels.outcome, value])).toEqual([
      ["openai", "connect_timeout", 1],
      ["openai", "success", 1],
      ["api.example.com", "success", 1],
      ["demo", "success", 1],
    ]);
  });

  test("names without end stay within 1,000 pairs, the rest counted together, and no request is lost", async () => {
    const metrics = createMetrics(sources);
    for (let index = 0; index < 3000; index++) {
      const attempts = [
        { target: `made-up-${index}/m`, startedAt: 0, endedAt: 1, status: 200, error: null, message: null },
      ];
      metrics.observe(testTrace({ door: `/endpoint/${index}`, attempts }));
    }
    const parsed = parseExposition(await metrics.render());
    const requests = parsed.get("amsterdam_requests_total")!.samples;
    expect(requests).toHaveLength(1001);
    expect(requests.at(-1)).toMatchObject({ labels: { door: "other", provider: "other" }, value: 2000 });
    const attempts = parsed.get("amsterdam_upstream_attempts_total")!.samples;
    expect(attempts).toHaveLength(1001);
    expect(attempts.reduce((sum, { value }) => sum + value, 0)).toBe(3000);
  });

  test("no model, key or id is a label", async () => {
    const metrics = createMetrics(sources);
    metrics.observe(testTrace({}));
    const text = await metrics.render();
    for (const id of ["gpt-4o", "key_1", "req-1", "run-1", "T-1", "4bf92f"]) expect(text).not.toContain(id);
  });

  test("gauges say what the sources say", async () => {
    const parsed = parseExposition(await createMetrics(sources).render());
    const values = (name: string) => parsed.get(name)!.samples.map(({ value }) => value);
    expect(values("amsterdam_active_requests")).toEqual([7]);
    expect(values("amsterdam_log_lines_dropped_total")).toEqual([3]);
    expect(values("amsterdam_breaker_state")).toEqual([0, 1, 2]);
    expect(values("amsterdam_records_queue")).toEqual([2]);
    expect(values("amsterdam_records_waiting_bytes")).toEqual([700]);
    expect(values("amsterdam_records_without_bodies_total")).toEqual([3]);
    expect(values("amsterdam_feedback_stored_total")).toEqual([9]);
    expect(values("amsterdam_feedback_lost_total")).toEqual([8]);
    expect(values("amsterdam_feedback_queue")).toEqual([7]);
    expect(values("amsterdam_feedback_waiting_bytes")).toEqual([6]);
    expect(values("amsterdam_feedback_refused_total")).toEqual([4]);
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
    const points = [{ labels: { a: value, b: "" }, value: -1.5 }];
    const text = exposition(gauge("m", "{thing}", "Help\\ with\nbreak", points));
    expect(parseExposition(text).get("m")).toEqual({
      type: "gauge",
      help: "Help\\\\ with\\nbreak",
      samples: [{ name: "m", labels: { a: value, b: "" }, value: -1.5 }],
    });
  });
});
