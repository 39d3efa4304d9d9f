import { expect, test } from "bun:test";
import { join } from "node:path";
import { type ConfigResult, loadConfig } from "./load.ts";
import { parsePathPattern } from "./path-pattern.ts";
import { formatProblem } from "./problems.ts";
import type { Config } from "./schema.ts";
import { fillTarget, parseTarget } from "./target-template.ts";

const root = join(import.meta.dir, "..", "..");

function load(path: string): ConfigResult {
  return loadConfig({ path, env: {}, cwd: root, knownProviders: ["openai", "demo"] });
}

function loaded(path: string): Config {
  const result = load(path);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  expect(result.warnings).toEqual([]);
  return result.config;
}

test("an AMP Server's file loads as it is, with everything that it says", () => {
  const config = loaded("examples/proxy_config.yaml");
  expect(config.global_timeout).toBe(30);
  const byPath = new Map(config.endpoints.map((endpoint) => [endpoint.path, endpoint]));
  expect(byPath.get("/api/provider/openai/v1/responses")).toMatchObject({
    target_url: "https://api.openai.com/v1/responses",
    method: "POST",
    response_type: "stream",
    timeout: 120,
    retry: { max_attempts: 2, base_delay_ms: 200, max_delay_ms: 5000, backoff_multiplier: 1.5 },
    forward_response_headers: ["content-type", "cache-control"],
  });
  expect(byPath.get("/api/provider/xai/v1/chat/completions")?.custom_headers).toEqual({
    "X-Proxied-By": "amp-server",
  });
  expect(byPath.get("/api/provider/cerebras/v1/embeddings")?.enabled).toBe(false);
  expect(new Set(config.endpoints.map((endpoint) => endpoint.response_type)).size).toBe(4);
});

test("the Amp client's path to Gemini reaches the model that it names", () => {
  const path = "/api/provider/google/v1beta1/publishers/google/models/{*rest}";
  const endpoint = loaded("examples/proxy_config.yaml").endpoints.find((one) => one.path === path);
  const pattern = parsePathPattern(path);
  if (endpoint === undefined || "error" in pattern) throw new Error("not in the example");
  const target = parseTarget(endpoint.target_url, pattern);
  if ("error" in target) throw new Error(target.error);
  expect(fillTarget(target, { rest: "gemini-2.5-flash:generateContent" })).toBe(
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
  );
});

test("the example of this gateway's own settings loads", () => {
  expect(loaded("examples/amsterdam.yaml").routes.fast?.targets).toEqual(["local/llama-3.1-8b", "demo/echo"]);
});

test("a typical file is loaded in less than 50 ms", () => {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    load("examples/proxy_config.yaml");
    return performance.now() - started;
  });
  expect(Math.min(...times)).toBeLessThan(50);
});
