import { expect, test } from "bun:test";
import type { Attempt } from "../records/trace.ts";
import { exposition } from "./exposition.ts";
import { RouteMetrics } from "./route-metrics.ts";

const attempt = (target: string, over: Partial<Attempt> = {}): Attempt => ({
  target,
  startedAt: 0,
  endedAt: 1,
  status: 200,
  error: null,
  message: null,
  ...over,
});
const failed = (target: string, reason?: Attempt["reason"]): Attempt =>
  attempt(target, { status: 503, error: "upstream_error", ...(reason === undefined ? {} : { reason }) });

const linesOf = (metrics: RouteMetrics) =>
  metrics
    .families()
    .map(exposition)
    .join("")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

test("requests are counted by route and the target that served, and steps to another target by their reason", () => {
  const metrics = new RouteMetrics();
  const served = { route: "main", provider: "b", model: "m/2" };
  metrics.observe({ ...served, attempts: [attempt("b/m/2")] });
  metrics.observe({
    ...served,
    attempts: [failed("a/m", "error"), failed("a/m", "error"), failed("c/m", "limit"), attempt("b/m/2")],
  });
  metrics.observe({
    ...served,
    attempts: [
      attempt("x/m", { status: null, error: "conversion_refused" }),
      attempt("b/m/2", { reason: "content_filter" }),
      failed("a/m", "timeout"),
    ],
  });
  metrics.observe({ route: "main", provider: "a", model: "m", attempts: [failed("a/m", "error")] });
  expect(linesOf(metrics)).toEqual([
    'amsterdam_route_choices_total{route="main",target="b/m/2"} 3',
    'amsterdam_route_choices_total{route="main",target="none"} 1',
    'amsterdam_route_fallbacks_total{route="main",reason="error"} 1',
    'amsterdam_route_fallbacks_total{route="main",reason="limit"} 1',
    'amsterdam_route_fallbacks_total{route="main",reason="conversion"} 1',
    'amsterdam_route_fallbacks_total{route="main",reason="content_filter"} 1',
  ]);
});

test("requests that name no route, or reached no target, are not counted", () => {
  const metrics = new RouteMetrics();
  metrics.observe({ route: null, provider: "a", model: "m", attempts: [attempt("a/m")] });
  metrics.observe({ route: "main", provider: null, model: null, attempts: [] });
  expect(linesOf(metrics)).toEqual([]);
});

test("routes that come and go take a bounded number of labels", () => {
  const metrics = new RouteMetrics();
  for (let n = 0; n < 1500; n++)
    metrics.observe({ route: `route-${n}`, provider: "a", model: "m", attempts: [attempt("a/m")] });
  expect(linesOf(metrics)).toHaveLength(1001);
  expect(linesOf(metrics)).toContain('amsterdam_route_choices_total{route="other",target="other"} 500');
});
