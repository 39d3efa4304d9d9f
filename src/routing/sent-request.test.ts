import { beforeEach, describe, expect, test } from "bun:test";
import { requestRecord } from "../../test/support/records.ts";
import { routeSchema } from "../config/route-schema.ts";
import { DEFAULT_FALLBACK } from "../exchange/fallback.ts";
import { Capture, CaptureBudget } from "../records/capture.ts";
import { type Attempt, startTrace, type Trace } from "../records/trace.ts";
import { choose, type Route } from "../strategies/choose.ts";
import { FIRST, type Report, type Strategy, type StrategyName } from "../strategies/strategy.ts";
import { askedOf, targetOf } from "../strategies/testing.ts";
import { learnLog } from "./learned-decisions.ts";
import { RouteStates } from "./route-states.ts";
import type { RouteDecision } from "./routes.ts";
import { SentRequest, settleRecord } from "./sent-request.ts";

let told: string[];
let reports: Report[];
beforeEach(() => {
  told = [];
  reports = [];
});

/** A strategy that keeps what it is told, of the order of its list. */
const watched = (route: string, name: StrategyName = "latency"): Strategy => ({
  name,
  order: (options, asked) => ({ ...FIRST.order(options, asked), probability: 0.75 }),
  took: ({ order }) => void told.push(`${route} took ${order[0]!.name}`),
  left: (option) => void told.push(`${route} left ${option}`),
  observe: (option, report) => {
    told.push(`${route} ${report.failed ? "failed" : "served"} ${option}`);
    reports.push(report);
  },
});

const routeOf = (strategy: Strategy, to: Route["members"][number]["to"][], name = "r"): Route => ({
  name,
  strategy,
  members: to.map((one) => ({ weight: 1, to: one })),
});
const TARGETS = ["p/a", "p/b"].map((name) => targetOf(name));

function decisionOf(route: Route, stay: string | null = null): RouteDecision {
  const asked = askedOf({ conversation: "c1", kind: "k" });
  const options = route.members.map(({ to }) => to.name);
  const config = routeSchema.parse({ targets: options });
  const { strategy } = route;
  return {
    ...choose(route, asked, { until: () => 0, stay }),
    found: { route, config, fallback: DEFAULT_FALLBACK, strongShare: null },
    asked,
    conversation: "c1",
    former: null,
    logs: new Map([[strategy, { name: learnLog(route.name, options), options, strategy, config }]]),
  };
}

function traceOf(): Trace {
  const ids = { requestId: "req_1", traceId: "t", spanId: "s", parentSpanId: null };
  const trace = startTrace(ids, "POST", "/v1/x");
  trace.capture = new Capture(false, 0, new CaptureBudget(0));
  return trace;
}

function attempted(trace: Trace, target: string, error: Attempt["error"] = null): void {
  const startedAt = performance.now() - trace.startedTick;
  trace.attempts.push({ target, startedAt, endedAt: startedAt, status: null, error, message: null });
}

/** The first bytes go out. */
function answered(trace: Trace): void {
  trace.firstByteAt = performance.now() - trace.startedTick;
}

const states = () => new RouteStates((share) => 1 - share);

describe("a request that is sent", () => {
  test("is told of when it is, and how fast it was at its first output, not at its end", async () => {
    const trace = traceOf();
    const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS)), trace, states());
    expect(told.splice(0)).toEqual(["r took p/a"]);
    attempted(trace, "p/a");
    await Bun.sleep(20);
    answered(trace);
    sent.begun();
    expect(told.splice(0)).toEqual(["r left p/a", "r served p/a"]);
    expect(reports[0]!.firstTokenMs).toBeWithin(15, 200);
    expect(reports[0]).toMatchObject({ conversation: "c1", kind: "k", cost: null, usage: null });
    sent.ended();
    sent.begun();
    expect(told).toEqual([]);
  });

  test("that is answered whole is told of at its end", () => {
    const trace = traceOf();
    const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS)), trace, states());
    attempted(trace, "p/a");
    answered(trace);
    sent.ended();
    expect(told).toEqual(["r took p/a", "r left p/a", "r served p/a"]);
    expect(reports[0]!.firstTokenMs).not.toBeNull();
  });

  test("that failed at one target tells of each, on every level of its route", () => {
    const inner = routeOf(watched("inner"), TARGETS, "inner");
    const outer = routeOf(watched("outer"), [inner, targetOf("p/c")], "outer");
    const trace = traceOf();
    const sent = new SentRequest(decisionOf(outer), trace, states());
    attempted(trace, "p/a", "upstream_error");
    attempted(trace, "p/a", "first_byte_timeout");
    attempted(trace, "p/c");
    answered(trace);
    sent.ended();
    expect(told).toEqual([
      "outer took inner",
      "inner took p/a",
      "outer left inner",
      "inner left p/a",
      "outer failed inner",
      "inner failed p/a",
      "outer served p/c",
    ]);
    expect(reports.map(({ firstTokenMs }) => firstTokenMs === null)).toEqual([true, true, false]);
  });

  test.each([
    ["upstream_error", "error", "failed"],
    ["first_byte_timeout", "timeout", "failed"],
    ["upstream_limited", "limit", "failed"],
    ["breaker_open", "error", "failed"],
    ["upstream_refused", "error", "failed"],
    ["upstream_refused", "unavailable", "failed"],
    ["upstream_refused", "context_length", "served"],
    ["upstream_refused", "content_filter", "served"],
    ["upstream_refused", null, "served"],
    ["conversion_refused", null, "served"],
    ["gateway_error", "error", "served"],
    ["client_closed", null, "served"],
  ] as const)(
    "that ended with %s for the reason %p has %s as far as others are concerned",
    (error, reason, how) => {
      const trace = traceOf();
      const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS)), trace, states());
      attempted(trace, "p/a", error);
      if (reason !== null) trace.attempts[0]!.reason = reason;
      sent.ended();
      expect(told.at(-1)).toBe(`r ${how} p/a`);
      expect(reports[0]!.firstTokenMs).toBeNull();
    },
  );

  test("whose stream breaks is told of again, unless its client left", () => {
    for (const [error, more] of [
      ["upstream_disconnected", ["r failed p/a"]],
      ["client_closed", []],
    ] as const) {
      const trace = traceOf();
      const memory = states();
      const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS)), trace, memory);
      attempted(trace, "p/a");
      answered(trace);
      sent.begun();
      told.length = 0;
      trace.attempts[0]!.error = error;
      sent.ended();
      expect(told.splice(0)).toEqual([...more]);
      expect(memory.conversations.targetOf("c1", performance.now())).toBeNull();
    }
  });

  test("that no target was asked for waits nowhere any more", () => {
    const trace = traceOf();
    const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS)), trace, states());
    sent.ended();
    expect(told).toEqual(["r took p/a", "r left p/a"]);
    expect(trace.decisions).toEqual([]);
  });

  test("that stays with its conversation's target was no strategy's choice, but tells how it went", () => {
    const trace = traceOf();
    const memory = states();
    const sent = new SentRequest(decisionOf(routeOf(watched("r"), TARGETS), "p/b"), trace, memory);
    attempted(trace, "p/b");
    answered(trace);
    sent.ended();
    expect(told).toEqual(["r served p/b"]);
    expect(memory.conversations.targetOf("c1", performance.now())).toBe("p/b");
  });
});

describe("what learn drew", () => {
  const learned = (stay: string | null = null) => decisionOf(routeOf(watched("r", "learn"), TARGETS), stay);
  const end = (decision: RouteDecision, ...attempts: [string, Attempt["error"]][]) => {
    const trace = traceOf();
    const sent = new SentRequest(decision, trace, states());
    for (const [target, error] of attempts) attempted(trace, target, error);
    sent.ended();
    return trace.decisions;
  };

  test("is recorded with its probability where the target that was drawn had the last word", () => {
    const drawn = {
      experiment: learnLog("r", ["p/a", "p/b"]),
      variant: 0,
      variantName: "p/a",
      epoch: 0,
      probability: 0.75,
      unit: "k req_1",
    };
    expect(end(learned(), ["p/a", null])).toEqual([drawn]);
    expect(end(learned(), ["p/a", "upstream_error"])).toEqual([drawn]);
    // The record tells of it: it is not told twice.
    expect(told.filter((one) => /served|failed/.test(one))).toEqual([]);
  });

  test("is not recorded where another target served, or nothing was drawn; a failure is told at once", () => {
    expect(end(learned(), ["p/a", "upstream_error"], ["p/b", null])).toEqual([]);
    expect(told).toContain("r failed p/a");
    expect(end(learned("p/b"), ["p/b", null])).toEqual([]);
  });
});

describe("a record", () => {
  const choice = { route: "r", strategy: "cost", candidates: [] } as const;
  const usage = { input: 100, cachedInput: 80, output: 7 };

  test("tells what a request cost to the strategy that goes by it, once", () => {
    const trace = traceOf();
    const memory = states();
    const sent = new SentRequest(decisionOf(routeOf(watched("r", "cost"), TARGETS)), trace, memory);
    attempted(trace, "p/a");
    answered(trace);
    sent.ended();
    told.length = 0;
    const record = requestRecord({ spanId: trace.spanId, choice, usage, firstTokenMs: 3 });
    settleRecord(requestRecord({ spanId: "another", choice, usage }), memory);
    expect(told).toEqual([]);
    settleRecord(record, memory);
    settleRecord(record, memory);
    expect(told).toEqual(["r served p/a"]);
    expect(reports.at(-1)).toMatchObject({ usage, firstTokenMs: 3, conversation: "c1", kind: "k" });
  });

  test("is waited for only where there will be one", () => {
    const trace = traceOf();
    trace.capture = null;
    const memory = states();
    const sent = new SentRequest(decisionOf(routeOf(watched("r", "cost"), TARGETS)), trace, memory);
    attempted(trace, "p/a");
    sent.ended();
    expect(memory.takeAwaited(trace.spanId)).toBeNull();
  });
});
