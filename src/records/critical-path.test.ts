import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { requestRecord } from "../../test/support/records.ts";
import { criticalPath } from "./critical-path.ts";
import type { RequestRecord } from "./record.ts";
import { buildRunTree } from "./run-tree.ts";

/** `[requestId, parentId, from, to]` in milliseconds. */
type Span = readonly [string, string | null, number, number];

function recordsOf(spans: readonly Span[]): RequestRecord[] {
  return spans.map(([requestId, parentId, from, to], index) =>
    requestRecord({
      id: `r${String(index).padStart(3, "0")}`,
      requestId,
      parentId,
      startedAt: from,
      durationMs: to - from,
    }),
  );
}

const pathOf = (...spans: Span[]) => criticalPath(buildRunTree(recordsOf(spans), []));
const idsOf = (...spans: Span[]) => pathOf(...spans).steps.map(({ record }) => record.requestId);

describe("the critical path", () => {
  test("of no request is empty", () => {
    expect(pathOf()).toEqual({ steps: [], requestMs: 0, waitMs: 0 });
  });

  test("goes from the last end back over what each request waited for", () => {
    const { steps, requestMs, waitMs } = pathOf(
      ["plan", null, 0, 10],
      ["quick", "plan", 12, 20],
      ["slow", "plan", 12, 60],
      ["answer", "plan", 65, 80],
    );
    expect(steps.map(({ record, waitMs, requestMs }) => [record.requestId, waitMs, requestMs])).toEqual([
      ["plan", 0, 10],
      ["slow", 2, 48],
      ["answer", 5, 15],
    ]);
    expect([requestMs, waitMs]).toEqual([73, 7]);
  });

  test("follows a subagent's own requests, and not those of another branch that ended in between", () => {
    expect(
      idsOf(
        ["main", null, 0, 5],
        ["a", "main", 6, 20],
        ["b", "main", 6, 19],
        ["a1", "a", 21, 30],
        ["b1", "b", 22, 100],
      ),
    ).toEqual(["main", "b", "b1"]);
  });

  test("waits for everything below a sibling", () => {
    expect(
      idsOf(
        ["main", null, 0, 5],
        ["agent", "main", 6, 10],
        ["agent2", "agent", 11, 50],
        ["done", "main", 52, 60],
      ),
    ).toEqual(["main", "agent", "agent2", "done"]);
  });

  test("takes requests without parents as siblings", () => {
    expect(idsOf(["a", null, 0, 5], ["b", null, 6, 9], ["c", null, 6, 8], ["d", null, 10, 11])).toEqual([
      "a",
      "b",
      "d",
    ]);
  });

  test("goes over a parent that was still answering, and counts no time twice", () => {
    const { steps, requestMs, waitMs } = pathOf(["main", null, 0, 50], ["tool", "main", 20, 80]);
    expect(steps.map(({ record, requestMs }) => [record.requestId, requestMs])).toEqual([
      ["main", 20],
      ["tool", 60],
    ]);
    expect([requestMs, waitMs]).toEqual([80, 0]);
  });

  test("goes past a parent that is not recorded", () => {
    expect(
      idsOf(
        ["before", null, 0, 5],
        ["child", "gone", 6, 10],
        ["other", "gone", 8, 20],
        ["last", "gone", 12, 30],
      ),
    ).toEqual(["before", "child", "last"]);
  });

  test("begins at a child whose parent began after it", () => {
    expect(idsOf(["late", null, 10, 12], ["early", "late", 5, 40])).toEqual(["early"]);
  });

  test("of a run of five thousand requests is there in a moment", () => {
    const spans = Array.from(
      { length: 5_000 },
      (_, i): Span => [`q${i}`, i === 0 ? null : "q0", i * 10, i * 10 + 9],
    );
    const start = performance.now();
    expect(pathOf(...spans).steps).toHaveLength(5_000);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("of any run adds up to the time from its first step to the run's end, and never goes back", () => {
    const ids = fc.constantFrom("a", "b", "c", "d", "e");
    const span = fc
      .tuple(ids, fc.option(ids), fc.nat(30), fc.nat(20))
      .map(([id, parent, from, length]): Span => [id, parent, from, from + length]);
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 15 }), (spans) => {
        const { steps, requestMs, waitMs } = pathOf(...spans);
        const end = Math.max(...spans.map(([, , , to]) => to));
        const last = steps.at(-1)!.record;
        expect(last.startedAt + last.durationMs).toBe(end);
        expect(requestMs + waitMs).toBe(end - steps[0]!.record.startedAt);
        const ids = steps.map(({ record }) => `${String(record.startedAt).padStart(3, "0")} ${record.id}`);
        expect(ids).toEqual(ids.toSorted());
        for (const step of steps) expect(step.requestMs).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
