import { describe, expect, test } from "bun:test";
import { configSchema } from "../config/schema.ts";
import { Upstreams } from "./upstream.ts";

const { breaker, retry_budget: budget } = configSchema.parse({});

describe("upstreams", () => {
  test("stay themselves while their settings do, and begin anew when those change", () => {
    const upstreams = new Upstreams();
    const first = upstreams.get("a", breaker, budget);
    expect(upstreams.get("a", { ...breaker }, { ...budget })).toBe(first);
    const changed = upstreams.get("a", { ...breaker, open: breaker.open + 1 }, budget);
    expect(changed).not.toBe(first);
    expect(upstreams.all()).toEqual([changed]);
  });

  test("that no configuration names any more are forgotten, and the others are not", () => {
    const upstreams = new Upstreams();
    const [kept] = ["a", "b", "c"].map((name) => upstreams.get(name, breaker, budget));
    upstreams.keep(new Set(["a", "never-called"]));
    expect(upstreams.all()).toEqual([kept!]);
    expect(upstreams.get("a", breaker, budget)).toBe(kept!);
  });
});
