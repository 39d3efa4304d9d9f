import { describe, expect, test } from "bun:test";
import { requestRecord } from "../../../test/support/records.ts";
import type { RequestRecord } from "../../records/record.ts";
import { recordedDecision, usedTemplate } from "../../records/testing.ts";
import { spansOf } from "./spans.ts";

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

function spansFor(change: Partial<RequestRecord>): SpanJson[] {
  const servers = () => ({ address: "api.example.com", port: 443 });
  return spansOf(requestRecord(change), servers, null).map((text) => JSON.parse(text) as SpanJson);
}

const valuesIn = ({ attributes }: SpanJson) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const attempt = { startedAt: 1, endedAt: 9, status: 200, error: null, message: null };

describe("the spans of a request", () => {
  test("what is no call of a model is named by its method and door, and has no GenAI attributes", () => {
    const attempts = [{ ...attempt, target: "https://images.example.com/v1/edit" }];
    const [root, below] = spansFor({ operation: "other", door: "/v1/openai", attempts });
    expect(root?.name).toBe("POST /v1/openai");
    expect(below?.name).toBe("POST images.example.com");
    for (const span of [root!, below!])
      expect(Object.keys(valuesIn(span)).filter((key) => key.startsWith("gen_ai."))).toEqual([]);
  });

  test("a request that reached nobody is one span, with the error as its type", () => {
    const spans = spansFor({
      attempts: [],
      provider: null,
      model: null,
      requestedModel: null,
      status: 401,
      error: "invalid_api_key",
      usage: null,
      finish: null,
    });
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({ name: "chat", status: { code: 2, message: "invalid_api_key" } });
    const values = valuesIn(spans[0]!);
    expect(values["error.type"]).toBe("invalid_api_key");
    expect(values["gen_ai.response.model"]).toBeUndefined();
    expect(values["gen_ai.provider.name"]).toBeUndefined();
  });

  test("an attempt that never ended, or whose clock ran back, still ends after it began", () => {
    const attempts = [
      { ...attempt, target: "demo/a", startedAt: 30, endedAt: null, error: "client_closed" as const },
      { ...attempt, target: "demo/b", startedAt: 40, endedAt: 35, error: "upstream_error" as const },
    ];
    for (const span of spansFor({ attempts, durationMs: 20 }))
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
  });

  test("keys in the words of an upstream's failure are masked", () => {
    const message = "Incorrect API key provided: sk-proj-abcdefgh12345678";
    const attempts = [{ ...attempt, target: "demo/a", error: "upstream_refused" as const, message }];
    const texts = JSON.stringify(spansFor({ attempts, error: "upstream_refused", cause: message }));
    expect(texts).toContain("Incorrect API key");
    expect(texts).not.toContain("abcdefgh12345678");
  });

  test("templates and variants are told by their names, versions in the places of their templates", () => {
    const templates = [
      usedTemplate({ templateId: "greeting", version: "2", source: "experiment" }),
      usedTemplate({ templateId: null, source: "rendered" }),
      usedTemplate({ templateId: "farewell-v1" }),
    ];
    const decisions = [recordedDecision({ experiment: "greeting-1", variantName: "kind" })];
    const texts = (...values: string[]) => ({ values: values.map((stringValue) => ({ stringValue })) });
    const told = valuesIn(spansFor({ templates, decisions })[0]!);
    expect(told).toMatchObject({
      "amsterdam.template.ids": texts("greeting", "farewell-v1"),
      "amsterdam.template.versions": texts("2", ""),
      "amsterdam.variants": texts("greeting-1/kind"),
    });
    const plain = Object.keys(valuesIn(spansFor({ templates: [usedTemplate()] })[0]!));
    expect(plain.filter((key) => /template|variant/.test(key))).toEqual(["amsterdam.template.ids"]);
  });

  test("cached, cache-written and reasoning tokens are told beside the sums they are part of", () => {
    const usage = { input: 10, cachedInput: 4, cacheWriteInput: 3, output: 6, reasoning: 2 };
    expect(valuesIn(spansFor({ usage })[0]!)).toMatchObject({
      "gen_ai.usage.input_tokens": "10",
      "gen_ai.usage.cache_read.input_tokens": "4",
      "gen_ai.usage.cache_creation.input_tokens": "3",
      "gen_ai.usage.output_tokens": "6",
      "gen_ai.usage.reasoning.output_tokens": "2",
    });
  });

  test.each([
    ["provider", "openai", "gen_ai.provider.name"],
    ["requestedModel", "fast", "gen_ai.request.model"],
    ["model", "gpt-5", "gen_ai.response.model"],
    ["operation", "embeddings", "gen_ai.operation.name"],
    ["method", "PUT", "http.request.method"],
    ["path", "/elsewhere", "url.path"],
    ["door", "/elsewhere", "amsterdam.door"],
    ["keyId", "key_2", "amsterdam.key.id"],
    ["route", "fast", "amsterdam.route"],
    ["usageSource", "estimated", "amsterdam.usage.source"],
    ["status", 201, "http.response.status_code"],
    ["stream", true, "gen_ai.request.stream"],
    ["finish", "length", "gen_ai.response.finish_reasons"],
    ["error", "client_closed", "error.type"],
  ])("a request that differs from the one before in its %s alone tells so", (field, value, attribute) => {
    const [before] = spansFor({});
    const [after] = spansFor({ [field]: value });
    expect(valuesIn(after!)[attribute]).not.toEqual(valuesIn(before!)[attribute]);
    expect(JSON.stringify(valuesIn(after!)[attribute])).toContain(String(value));
  });

  test.each([
    ["target", "openai/gpt-5", "gen_ai.request.model", "gpt-5"],
    ["status", 418, "http.response.status_code", "418"],
    ["error", "upstream_error", "error.type", "upstream_error"],
    ["reason", "content_filter", "amsterdam.fallback.reason", "content_filter"],
  ])("an attempt that differs in its %s alone tells so", (field, value, attribute, told) => {
    const plain = { ...attempt, target: "demo/echo" };
    const [, before] = spansFor({ attempts: [plain] });
    const [, after] = spansFor({ attempts: [{ ...plain, [field]: value }] });
    expect(valuesIn(before!)[attribute]).not.toBe(told);
    expect(valuesIn(after!)[attribute]).toBe(told);
  });

  test("each attempt has an id of its own, and the request the one that its upstream was told", () => {
    const attempts = [
      { ...attempt, target: "demo/a", error: "upstream_error" as const },
      { ...attempt, target: "demo/b" },
    ];
    const [root, ...below] = spansFor({ attempts });
    expect(root?.spanId).toBe("b7ad6b7169203331");
    expect(new Set(below.map(({ spanId }) => spanId)).size).toBe(2);
    for (const { parentSpanId } of below) expect(parentSpanId).toBe(root!.spanId);
  });
});
