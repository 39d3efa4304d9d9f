import { expect, test } from "bun:test";
import { isRouteDecision, kindOfUnit, learnLog, unitOf } from "./learned-decisions.ts";

test("a route's log is another one for other targets, and never an experiment's", () => {
  const names = [
    learnLog("r", ["a", "b"]),
    learnLog("r", ["b", "a"]),
    learnLog("r", ["a"]),
    learnLog("r", []),
    learnLog("s", ["a", "b"]),
  ];
  expect(new Set(names).size).toBe(5);
  for (const experiment of names) expect(isRouteDecision({ experiment })).toBeTrue();
  expect(learnLog("r", ["a", "b"])).toBe(names[0]!);
  // Ids of experiments have no colon.
  expect(isRouteDecision({ experiment: "route-1" })).toBeFalse();
});

test.each(["", "k1"])("a unit tells the kind %p of its request, whatever the request's id is", (kind) => {
  for (const id of ["req_1", "an id of a client", " ", ""]) {
    expect(kindOfUnit(unitOf(kind, id))).toBe(kind);
    expect(unitOf(kind, id)).toEndWith(id);
  }
});
