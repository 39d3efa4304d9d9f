import { describe, expect, test } from "bun:test";
import { parseExposition } from "../../test/support/exposition.ts";
import { requestRecord } from "../../test/support/records.ts";
import type { RequestRecord } from "../records/record.ts";
import { exposition } from "./exposition.ts";
import { GenAiMetrics } from "./gen-ai-metrics.ts";

function metricsOf(...records: readonly Partial<RequestRecord>[]) {
  const metrics = new GenAiMetrics();
  for (const record of records) metrics.observe(requestRecord(record));
  return parseExposition(metrics.families().map(exposition).join(""));
}

type Metrics = ReturnType<typeof metricsOf>;

const valuesOf = (metrics: Metrics, family: string, suffix = "") =>
  (metrics.get(family)?.samples ?? [])
    .filter(({ name, labels }) => name === family + suffix && labels.le === undefined)
    .map(({ labels, value }) => [labels, value]);

const attempt = { startedAt: 1, endedAt: 9, status: 200, error: null, message: null };
const ECHO = {
  gen_ai_operation_name: "chat",
  gen_ai_provider_name: "demo",
  gen_ai_request_model: "echo",
};
const ASKED = { ...ECHO, gen_ai_request_model: "demo/echo" };

describe("the GenAI metrics", () => {
  test("have the conventions' buckets, in seconds and tokens", () => {
    const metrics = metricsOf({ stream: true });
    const bounds = (family: string) => [
      ...new Set(
        metrics
          .get(family)!
          .samples.flatMap(({ name, labels }) => (name.endsWith("_bucket") ? [labels.le] : [])),
      ),
    ];
    const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    const tokens = [
      1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    ];
    expect(bounds("gen_ai_server_request_duration_seconds")).toEqual([...seconds.map(String), "+Inf"]);
    expect(bounds("gen_ai_client_operation_duration_seconds")).toEqual([...seconds.map(String), "+Inf"]);
    expect(bounds("gen_ai_client_token_usage")).toEqual([...tokens.map(String), "+Inf"]);
    expect(bounds("gen_ai_server_time_to_first_token_seconds")).toHaveLength(17);
    expect(bounds("gen_ai_server_time_per_output_token_seconds")).toHaveLength(14);
  });

  test("tell tokens and cost under the model's name at its provider, and times under the one that was asked for", () => {
    const usage = { input: 100, cachedInput: 60, output: 9, reasoning: 4 };
    const metrics = metricsOf({ usage, stream: true, durationMs: 1000, firstTokenMs: 200 }, { cost: null });
    expect(valuesOf(metrics, "gen_ai_client_token_usage", "_sum")).toEqual([
      [{ ...ECHO, gen_ai_token_type: "input" }, 110],
      [{ ...ECHO, gen_ai_token_type: "output" }, 14],
    ]);
    expect(valuesOf(metrics, "amsterdam_tokens_total")).toEqual([
      [{ ...ECHO, type: "input" }, 110],
      [{ ...ECHO, type: "cached_input" }, 60],
      [{ ...ECHO, type: "cache_write_input" }, 0],
      [{ ...ECHO, type: "output" }, 14],
      [{ ...ECHO, type: "reasoning" }, 4],
    ]);
    expect(valuesOf(metrics, "amsterdam_cost_usd_total")).toEqual([[ECHO, 0.25]]);
    expect(valuesOf(metrics, "amsterdam_requests_unpriced_total")).toEqual([[ECHO, 1]]);
    expect(valuesOf(metrics, "gen_ai_server_request_duration_seconds", "_sum")).toEqual([[ASKED, 1.01]]);
    expect(valuesOf(metrics, "gen_ai_server_time_to_first_token_seconds", "_sum")).toEqual([[ASKED, 0.2]]);
    expect(valuesOf(metrics, "gen_ai_server_time_per_output_token_seconds", "_sum")).toEqual([[ASKED, 0.1]]);
  });

  test("count each attempt by itself, the last until the answer's end", () => {
    const attempts = [
      { ...attempt, target: "openai/gpt-4o", endedAt: 101, status: 500, error: "upstream_error" as const },
      { ...attempt, target: "https://api.example.com/v1/x", startedAt: 200, endedAt: 210 },
    ];
    const metrics = metricsOf({ attempts, provider: null, model: "gpt-4o", durationMs: 1200 });
    const chat = { gen_ai_operation_name: "chat", gen_ai_request_model: "gpt-4o" };
    expect(valuesOf(metrics, "gen_ai_client_operation_duration_seconds", "_sum")).toEqual([
      [{ ...chat, gen_ai_provider_name: "openai", error_type: "upstream_error" }, 0.1],
      [{ ...chat, gen_ai_provider_name: "api.example.com" }, 1],
    ]);
  });

  test("name providers as the conventions do", () => {
    const gemini = { attempts: [{ ...attempt, target: "gemini/m" }], provider: "gemini", model: "m" };
    const [[labels] = []] = valuesOf(metricsOf(gemini), "gen_ai_server_request_duration_seconds", "_count");
    expect(labels).toMatchObject({ gen_ai_provider_name: "gcp.gemini" });
  });

  test("leave out what is no call of a model, or reached none, and token counts are no usage", () => {
    const metrics = new GenAiMetrics();
    const unfit: Partial<RequestRecord>[] = [
      { operation: "other" },
      { operation: "models" },
      { operation: "count-tokens" },
      { provider: null, attempts: [], error: "model_not_found", category: "client", status: 404 },
    ];
    for (const record of unfit) metrics.observe(requestRecord(record));
    expect(metrics.families().flatMap((family) => [...family.points])).toEqual([]);
  });

  test("names that clients make up are `other`, and leave no room taken for those that are real", () => {
    const made = Array.from({ length: 2000 }, (_, index) => ({
      requestedModel: `demo/made-up-${index}`,
      model: `made-up-${index}`,
      attempts: [
        { ...attempt, target: `demo/made-up-${index}`, status: 404, error: "upstream_refused" as const },
      ],
      status: 404,
      error: "upstream_refused" as const,
      category: "upstream-refused" as const,
      usage: null,
    }));
    const metrics = metricsOf(...made, {});
    expect(valuesOf(metrics, "gen_ai_server_request_duration_seconds", "_count")).toEqual([
      [{ ...ECHO, gen_ai_request_model: "other", error_type: "upstream_refused" }, 2000],
      [ASKED, 1],
    ]);
  });

  test("names that are answered without end stay within a bound, and no request or token is lost", () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({
      requestedModel: `m${index}`,
      model: `m${index}`,
      provider: `p${index}`,
      attempts: [{ ...attempt, target: `p${index}/m${index}` }],
      usage: { input: 1, output: 1 },
    }));
    const metrics = metricsOf(...many);
    for (const [family, bound] of [
      ["gen_ai_server_request_duration_seconds", 301],
      ["gen_ai_client_operation_duration_seconds", 301],
      ["gen_ai_client_token_usage", 602],
    ] as const) {
      const counts = valuesOf(metrics, family, "_count");
      expect(counts.length).toBeLessThanOrEqual(bound);
      const all = counts.reduce((sum, [, value]) => sum + Number(value), 0);
      expect(all).toBe(family.includes("usage") ? 10_000 : 5000);
    }
  });

  test("hostile names are escaped, and cannot be taken for other labels", () => {
    const name = 'a"b\\c\nd\u2028__proto__\ud800';
    const metrics = metricsOf({
      requestedModel: name,
      model: name,
      attempts: [{ ...attempt, target: `demo/${name}` }],
    });
    const [[labels] = []] = valuesOf(metrics, "gen_ai_server_request_duration_seconds", "_count");
    expect(labels).toMatchObject({ gen_ai_request_model: name.toWellFormed() });
  });
});
