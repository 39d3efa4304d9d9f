import { expect, test } from "bun:test";
import { z } from "zod";
import { requestRecord } from "../../test/support/records.ts";
import { FILTER_FIELDS, matches, toFilter } from "./filter.ts";
import { recordedDecision, usedTemplate } from "./testing.ts";

const read = (fields: object) => toFilter(z.strictObject(FILTER_FIELDS).parse(fields));

test("every field of the filter is read from text", () => {
  expect(
    read({
      since: "2026-11-01",
      until: "2026-11-02T00:00:00Z",
      key_id: "k",
      door: "/d",
      provider: "p",
      model: "m",
      route: "r",
      operation: "generate",
      status: "429",
      category: "limit",
      error: "upstream_limited",
      agent_id: "a",
      run_id: "run",
      thread_id: "t",
      request_id: "q",
      parent_id: "pa",
      tag: "x=1",
      template_id: "te",
      version: "te-v2",
      variant: "ex/b",
      min_cost: "0.5",
      max_cost: "1",
      min_duration_ms: "10",
      max_duration_ms: "20",
      feedback: "good",
      text: "two words",
    }),
  ).toEqual({
    since: Date.UTC(2026, 10, 1),
    until: Date.UTC(2026, 10, 2),
    keyId: "k",
    door: "/d",
    provider: "p",
    model: "m",
    route: "r",
    operation: "generate",
    status: 429,
    category: "limit",
    error: "upstream_limited",
    agentId: "a",
    runId: "run",
    threadId: "t",
    requestId: "q",
    parentId: "pa",
    tag: "x=1",
    templateId: "te",
    version: "te-v2",
    variant: "ex/b",
    minCost: 0.5,
    maxCost: 1,
    minDurationMs: 10,
    maxDurationMs: 20,
    feedback: "good",
    text: "two words",
  });
  expect(read({})).toEqual({});
  expect(read({ status: "4xx" })).toEqual({ status: "4xx" });
});

const RECORD = requestRecord({
  id: "r1",
  requestId: "q",
  startedAt: 1000,
  keyId: "k",
  door: "/d",
  provider: "p",
  model: "m",
  route: "r",
  operation: "embeddings",
  status: 429,
  category: "limit",
  error: "upstream_limited",
  agentId: "a",
  runId: "run",
  threadId: "t",
  parentId: "pa",
  tags: ["x=1", "y"],
  templates: [usedTemplate({ path: "system", templateId: "te", version: "2" })],
  decisions: [recordedDecision({ experiment: "ex", variantName: "b" })],
  cost: { usd: 0.5, source: "s", date: null },
  durationMs: 15,
});

test.each([
  [{ since: 1000 }, { since: 1001 }],
  [{ until: 1001 }, { until: 1000 }],
  [{ keyId: "k" }, { keyId: "other" }],
  [{ door: "/d" }, { door: "/" }],
  [{ provider: "p" }, { provider: "" }],
  [{ model: "m" }, { model: "M" }],
  [{ route: "r" }, { route: "null" }],
  [{ operation: "embeddings" }, { operation: "generate" }],
  [{ status: 429 }, { status: 42 }],
  [{ status: "4xx" }, { status: "5xx" }],
  [{ category: "limit" }, { category: "none" }],
  [{ error: "upstream_limited" }, { error: "upstream_error" }],
  [{ agentId: "a" }, { agentId: "b" }],
  [{ runId: "run" }, { runId: "ru" }],
  [{ threadId: "t" }, { threadId: "u" }],
  [{ requestId: "q" }, { requestId: "r1" }],
  [{ parentId: "pa" }, { parentId: "q" }],
  [{ tag: "y" }, { tag: "x" }],
  [{ templateId: "te" }, { templateId: "system" }],
  [{ version: "te-v2" }, { version: "te" }],
  [{ variant: "ex/b" }, { variant: "ex" }],
  [{ minCost: 0.5 }, { minCost: 0.51 }],
  [{ maxCost: 0.5 }, { maxCost: 0.49 }],
  [{ minDurationMs: 15 }, { minDurationMs: 16 }],
  [{ maxDurationMs: 15 }, { maxDurationMs: 14 }],
] as const)("a record is meant by %j and not by %j", (yes, no) => {
  expect(matches(RECORD, yes)).toBe(true);
  expect(matches(RECORD, no)).toBe(false);
});

test("what ended well has the category none; a cost that is not known is neither high nor low", () => {
  const record = requestRecord({ cost: null });
  expect(matches(record, { category: "none" })).toBe(true);
  expect([matches(record, { minCost: 0 }), matches(record, { maxCost: 9 }), matches(record, {})]).toEqual([
    false,
    false,
    true,
  ]);
});
