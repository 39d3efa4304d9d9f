import { expect, test } from "bun:test";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import { startTrace, type Trace } from "../records/trace.ts";
import { estimated } from "./estimated.ts";
import { gatewayHeaders } from "./headers.ts";

function traceWith(change: Partial<Trace>): Trace {
  const ids = { requestId: "req_1", traceId: "t", spanId: "s", parentSpanId: null };
  return Object.assign(startTrace(ids, "POST", "/v1/chat/completions"), change);
}

test("an answer names the versions that went out, experiments and variants", () => {
  const templates = [
    usedTemplate({ templateId: "greeting-v1", version: "2", source: "label" }),
    usedTemplate({ templateId: "helper", version: "0+abc" }),
    usedTemplate({ templateId: null, source: "rendered" }),
  ];
  const decisions = [recordedDecision({ experiment: "greeting-1", variantName: "warm" })];
  expect(gatewayHeaders(traceWith({ templates, decisions }))).toMatchObject({
    "x-amsterdam-template": "greeting-v2, helper-v0+abc",
    "x-amsterdam-experiment": "greeting-1",
    "x-amsterdam-variant": "warm",
  });
  expect(gatewayHeaders(traceWith({ templates }))["x-amsterdam-warning"]).toBeUndefined();
});

test("a warning stays readable, whatever names are in it, and has a bounded length", () => {
  const problem = "template größe, version 1, message 1, line 2, column 3: variable 名\n\ud800 is missing";
  const templates = Array.from({ length: 50 }, () => usedTemplate({ problem }));
  const warning = gatewayHeaders(traceWith({ templates }))["x-amsterdam-warning"]!;
  expect(warning).toStartWith(
    "template gr%C3%B6%C3%9Fe, version 1, message 1, line 2, column 3: variable %E5%90%8D%0A%EF%BF%BD is missing; ",
  );
  expect(warning).toMatch(/^[\x20-\x7e]+$/);
  expect(warning).toEndWith("; and more");
  expect(warning.length).toBeLessThan(1_100);
});

test("the longest names of template and version leave room for what is wrong", () => {
  const problem = `template ${"n".repeat(128)}, version ${"1".repeat(64)}, message 1, line 1, column 1: variable x is missing`;
  const headers = gatewayHeaders(traceWith({ templates: [usedTemplate({ problem })] }));
  expect(headers["x-amsterdam-warning"]).toBe(problem);
});

test("why a request was refused is in its answer, and no warning", () => {
  const templates = [usedTemplate({ source: "none", problem: "variable x is missing" })];
  expect(gatewayHeaders(traceWith({ templates }))["x-amsterdam-warning"]).toBeUndefined();
});

test("an estimate of tokens keeps the warnings of templates", async () => {
  const templates = [usedTemplate({ problem: "variable x is missing" })];
  const { headers } = estimated({ input_tokens: 1 }, traceWith({ templates }));
  expect(headers.get("x-amsterdam-warning")).toBe("variable x is missing; the token count is an estimate");
});
