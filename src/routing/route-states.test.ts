import { describe, expect, test } from "bun:test";
import { routeSchema, STRATEGIES } from "../config/route-schema.ts";
import { RouteStates } from "./route-states.ts";

const OPTIONS = ["p/a", "p/b"];
const routeOf = (over: object = {}) => routeSchema.parse({ targets: OPTIONS, ...over });
const states = () => new RouteStates((share) => 1 - share);

describe("a route's strategy", () => {
  test.each([...STRATEGIES])("is %s where that is asked for, and one of the route's own", (strategy) => {
    const memory = states();
    const route = routeOf({ strategy });
    const made = memory.strategyOf("one", route, OPTIONS);
    expect(made.name).toBe(strategy);
    expect(memory.strategyOf("other", route, OPTIONS)).not.toBe(made);
  });

  test("stays the same when the configuration is read again, and when what it does not know of changes", () => {
    const memory = states();
    const made = memory.strategyOf("r", routeOf({ strategy: "weighted" }), OPTIONS);
    const changed = routeOf({
      strategy: "weighted",
      weights: { "p/a": 3 },
      parameters: { "p/a": { temperature: 0 } },
      deadline: 5,
    });
    expect(memory.strategyOf("r", changed, OPTIONS)).toBe(made);
  });

  test.each([
    ["strategy", { strategy: "latency" }, OPTIONS],
    ["settings", { strategy: "learn", learn: { cost: 1 } }, OPTIONS],
    ["targets", { strategy: "learn" }, ["p/a", "p/c"]],
    ["targets' order", { strategy: "learn" }, ["p/b", "p/a"]],
    ["targets that are switched on", { strategy: "learn" }, ["p/a"]],
  ])("is another one with another of its %s", (_, over, options) => {
    const memory = states();
    const made = memory.strategyOf("r", routeOf({ strategy: "learn" }), OPTIONS);
    expect(memory.strategyOf("r", routeOf(over), options)).not.toBe(made);
  });

  test("is forgotten with its route", () => {
    const memory = states();
    const [kept, gone] = ["kept", "gone"].map((name) => memory.strategyOf(name, routeOf(), OPTIONS));
    memory.keep(new Set(["kept"]));
    expect(memory.strategyOf("kept", routeOf(), OPTIONS)).toBe(kept!);
    expect(memory.strategyOf("gone", routeOf(), OPTIONS)).not.toBe(gone!);
  });
});

test("requests that are never recorded fill no memory", () => {
  const memory = states();
  const awaited = { arms: [], conversation: null, kind: "" };
  for (let at = 0; at < 20_001; at++) memory.awaitRecord(`s${at}`, awaited);
  expect(memory.takeAwaited("s0")).toBeNull();
  expect(memory.takeAwaited("s20000")).toBe(awaited);
  expect(memory.takeAwaited("s20000")).toBeNull();
});
