import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { requestRecord } from "../../test/support/records.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import type { RequestRecord } from "./record.ts";
import { buildRunTree, type RunNode, type RunTree } from "./run-tree.ts";

let made = 0;
/** `[requestId, parentId]`, each a millisecond after the one before. */
function request(requestId: string, parentId: string | null, change: Partial<RequestRecord> = {}) {
  const number = made++;
  return requestRecord({
    id: `r${String(number).padStart(6, "0")}`,
    requestId,
    parentId,
    runId: "run",
    startedAt: number,
    ...change,
  });
}

function judged(targetId: string, value: Feedback["value"]): Feedback {
  const base = { target: "request", name: "n", comment: null, source: null, keyId: null } as const;
  return { ...base, id: `fb_${made++}`, targetId, value, receivedAt: 1 };
}

/** One line a node, as a person would draw it: `-` for each level, `?` for one that is not recorded, `@` for a circle. */
function drawn({ nodes }: RunTree): string[] {
  return nodes.map(
    ({ depth, requestId, record, cycle }) =>
      `${"-".repeat(depth)}${requestId}${record === null ? "?" : ""}${cycle ? "@" : ""}`,
  );
}

describe("a run's tree", () => {
  test("has children below their parents, as they began, whatever order they come in", () => {
    const records = [
      request("a", null),
      request("b", "a"),
      request("c", "b"),
      request("d", "a"),
      request("e", null),
    ];
    const wanted = ["a", "-b", "--c", "-d", "e"];
    expect(drawn(buildRunTree(records, []))).toEqual(wanted);
    expect(drawn(buildRunTree(records.toReversed(), []))).toEqual(wanted);
  });

  test("has one node in the place of a parent that is not recorded, where its first child began", () => {
    const records = [request("a", null), request("b", "gone"), request("c", null), request("d", "gone")];
    expect(drawn(buildRunTree(records, []))).toEqual(["a", "gone?", "-b", "-d", "c"]);
  });

  test("opens a circle at the request that began first, and leaves what hangs on it", () => {
    const records = [
      request("outside", "b"),
      request("b", "c"),
      request("c", "a"),
      request("a", "b"),
      request("self", "self"),
    ];
    expect(drawn(buildRunTree(records, []))).toEqual(["b@", "-outside", "-a", "--c", "self@"]);
  });

  test("keeps every request of one id, with the children on the first", () => {
    const records = [request("a", null), request("b", "a"), request("a", null), request("a", "a")];
    expect(drawn(buildRunTree(records, []))).toEqual(["a", "-b", "a", "a@"]);
  });

  test("counts a record once that comes twice", () => {
    const record = request("a", null);
    expect(buildRunTree([record, record], []).totals.requests).toBe(1);
  });

  test("of nothing is empty", () => {
    expect(buildRunTree([], [judged("a", true)])).toMatchObject({ nodes: [], totals: { requests: 0 } });
  });

  test("a chain of ten thousand requests is no trouble", () => {
    const records = Array.from({ length: 10_000 }, (_, i) => request(`q${i}`, i === 0 ? null : `q${i - 1}`));
    const { nodes, totals } = buildRunTree(records, []);
    expect([nodes.at(-1)?.depth, totals.requests]).toEqual([9_999, 10_000]);
  });
});

describe("the totals of a node", () => {
  test("are of itself and everything below it", () => {
    const records = [
      request("a", null, { startedAt: 0, durationMs: 10, cost: null }),
      request("b", "a", {
        startedAt: 20,
        durationMs: 30,
        usage: { input: 100, cachedInput: 60, cacheWriteInput: 20, output: 7, reasoning: 3 },
      }),
      request("c", "b", {
        startedAt: 25,
        durationMs: 100,
        usage: null,
        cost: { usd: 1, source: "x", date: null },
        status: 502,
        category: "upstream-failed",
      }),
      request("d", "gone", { startedAt: 200, durationMs: 1 }),
    ];
    const feedback = [judged("b", true), judged("b", 3), judged("c", false), judged("elsewhere", true)];
    const { nodes, totals } = buildRunTree(records, feedback);
    const of = (id: string) => nodes.find(({ requestId }) => requestId === id)?.totals;
    expect(of("b")).toEqual({
      requests: 2,
      failures: 1,
      costUsd: 1.25,
      unpriced: 0,
      inputTokens: 100,
      cachedInputTokens: 60,
      cacheWriteInputTokens: 20,
      outputTokens: 7,
      reasoningTokens: 3,
      uncounted: 1,
      requestMs: 130,
      startedAt: 20,
      endedAt: 125,
      feedback: 3,
      positive: 1,
      negative: 1,
    });
    expect(of("a")).toMatchObject({ requests: 3, unpriced: 1, requestMs: 140, startedAt: 0, endedAt: 125 });
    expect(of("gone")).toMatchObject({ requests: 1, startedAt: 200, endedAt: 201 });
    expect(totals).toMatchObject({ requests: 4, costUsd: 1.5, startedAt: 0, endedAt: 201, feedback: 3 });
  });
});

const ids = fc.constantFrom("a", "b", "c", "d", "e", "f", "toString", "__proto__");
const anyRun = fc
  .array(
    fc.record({
      requestId: ids,
      parentId: fc.option(ids),
      startedAt: fc.nat(20),
      durationMs: fc.nat(20),
      failed: fc.boolean(),
      usd: fc.option(fc.nat(9)),
    }),
    { maxLength: 20 },
  )
  .map((requests) =>
    requests.map(({ failed, usd, ...change }, index) =>
      requestRecord({
        ...change,
        id: `r${String(index).padStart(3, "0")}`,
        category: failed ? "timeout" : null,
        cost: usd === null ? null : { usd, source: "x", date: null },
      }),
    ),
  );

/** What a tree says, without its links, which lead back. */
const told = ({ nodes, totals }: RunTree) => [
  totals,
  ...nodes.map(({ requestId, record, depth, cycle, totals, parent }) => ({
    requestId,
    id: record?.id,
    parent: parent && [parent.requestId, parent.record?.id],
    depth,
    cycle,
    totals,
  })),
];

describe("of any requests", () => {
  test("the tree is the same in every order", () => {
    const shuffled = anyRun.chain((run) =>
      fc.tuple(fc.constant(run), fc.shuffledSubarray(run, { minLength: run.length })),
    );
    fc.assert(
      fc.property(shuffled, ([run, other]) => {
        expect(told(buildRunTree(other, []))).toEqual(told(buildRunTree(run, [])));
      }),
    );
  });

  test("every one stands in it once, below its parent or with the reason why not", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const { nodes } = buildRunTree(run, []);
        const recorded = nodes.flatMap(({ record }) => (record === null ? [] : [record.id]));
        expect(recorded.toSorted()).toEqual(run.map(({ id }) => id));
        const seen = new Set<RunNode>();
        for (const node of nodes) {
          if (node.parent !== null) {
            expect(seen.has(node.parent)).toBe(true);
            expect(node.parent.children).toContain(node);
            expect(node.depth).toBe(node.parent.depth + 1);
            expect(node.parent.requestId).toBe(node.record!.parentId!);
          } else if (node.record !== null) expect(node.cycle).toBe(node.record.parentId !== null);
          expect(node.record === null && run.some(({ requestId }) => requestId === node.requestId)).toBe(
            false,
          );
          seen.add(node);
        }
      }),
    );
  });

  test("what a node totals is its own and its children's, and the run's is all", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const { nodes, totals } = buildRunTree(run, []);
        for (const { record, children, totals } of nodes) {
          const below = children.map((child) => child.totals);
          const sum = (own: number, name: "requests" | "costUsd" | "failures" | "unpriced" | "requestMs") =>
            expect(totals[name]).toBe(below.reduce((all, each) => all + each[name], own));
          sum(record === null ? 0 : 1, "requests");
          sum(record?.cost?.usd ?? 0, "costUsd");
          sum(record?.category ? 1 : 0, "failures");
          sum(record !== null && record.cost === null ? 1 : 0, "unpriced");
          sum(record?.durationMs ?? 0, "requestMs");
        }
        expect(totals.requests).toBe(run.length);
        expect(totals.endedAt).toBe(
          run.length === 0 ? null : Math.max(...run.map((one) => one.startedAt + one.durationMs)),
        );
      }),
    );
  });
});
