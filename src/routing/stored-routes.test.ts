import { describe, expect, test } from "bun:test";
import { routeSchema } from "../config/route-schema.ts";
import type { KeptRoute } from "../storage/route-store.ts";
import { withStoredRoutes } from "./stored-routes.ts";
import { configOf } from "./testing.ts";

/** Stored routes, each with the targets that are given. */
function stored(routes: Record<string, readonly string[]>): KeptRoute[] {
  return Object.entries(routes).map(([name, targets]) => kept(name, routeSchema.parse({ targets })));
}

function kept(name: string, definition: unknown): KeptRoute {
  return { name, definition: definition as KeptRoute["definition"], updatedAt: 0, updatedBy: null };
}

const config = configOf({ routes: { own: { targets: ["demo/echo"] } } });
const acting = (routes: KeptRoute[]) => Object.keys(withStoredRoutes(config, routes).config.routes);
const refused = (routes: KeptRoute[]) => withStoredRoutes(config, routes).refused;

describe("stored routes", () => {
  test("act beside those of the configuration, also as targets of each other", () => {
    const routes = stored({ a: ["own", "demo/echo"], b: ["a"] });
    expect(acting(routes)).toEqual(["own", "a", "b"]);
    expect(refused(routes)).toEqual([]);
    expect(Object.keys(config.routes)).toEqual(["own"]);
    expect(withStoredRoutes(config, []).config).toBe(config);
  });

  test("give way to the configuration", () => {
    const routes = stored({ own: ["demo/down"], a: ["own"] });
    expect(withStoredRoutes(config, routes).config.routes.own!.targets).toEqual(["demo/echo"]);
    expect(refused(routes)).toEqual([{ name: "own", reason: "The configuration has a route of this name." }]);
  });

  test("that lead nowhere are left out, and those that lead to them", () => {
    const routes = stored({ c: ["b"], b: ["a"], a: ["gone"], d: ["demo/echo"] });
    expect(acting(routes)).toEqual(["own", "d"]);
    expect(refused(routes).toSorted((x, y) => (x.name < y.name ? -1 : 1))).toEqual([
      { name: "a", reason: 'Its target "gone" is neither provider/model nor a route.' },
      { name: "b", reason: 'Its target "a" is neither provider/model nor a route.' },
      { name: "c", reason: 'Its target "b" is neither provider/model nor a route.' },
    ]);
  });

  test("that lead back to themselves are left out, also by a mirror", () => {
    expect(refused(stored({ a: ["b"], b: ["a"] }))[0]!.reason).toBe("It leads back to itself: a -> b -> a.");
    const mirrored = routeSchema.parse({ targets: ["demo/echo"], mirror: { target: "a" } });
    expect(refused([kept("a", mirrored)])[0]!.reason).toBe("It leads back to itself: a -> a.");
  });

  test.each([
    [null],
    [[]],
    ["demo/echo"],
    [{}],
    [{ targets: [] }],
    [{ targets: ["demo/echo"], strategy: "fastest" }],
    [{ targets: ["demo/echo"], later: true }],
    [{ targets: ["demo/echo"], weights: { "demo/echo": -1 } }],
  ])("%j is left out, since it is none", (definition) => {
    const [first, ...others] = refused([kept("odd", definition), ...stored({ a: ["demo/echo"] })]);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ name: "odd", reason: expect.stringContaining("no route as this gateway") });
  });

  test("whose settings do not go together are left out", () => {
    const [only] = refused([kept("q", { targets: ["demo/echo", "demo/down"], strategy: "quality" })]);
    expect(only!.reason).toBe("The strategy quality needs thresholds or a strong share.");
  });

  test("of an earlier version get the defaults of what it did not know", () => {
    const { config: all } = withStoredRoutes(config, [kept("old", { targets: ["demo/echo"] })]);
    expect(all.routes.old).toEqual(routeSchema.parse({ targets: ["demo/echo"] }));
  });

  test("may have names that objects have", () => {
    const routes = [kept("__proto__", { targets: ["demo/echo"] }), ...stored({ constructor: ["__proto__"] })];
    expect(acting(routes)).toEqual(["own", "__proto__", "constructor"]);
  });
});
