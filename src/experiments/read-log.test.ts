import { describe, expect, test } from "bun:test";
import type { DecidedRequest, Judgement } from "../storage/experiment-store.ts";
import { readLog } from "./read-log.ts";

const NOW = 1_000_000;

const request = (unit: string, change: Partial<DecidedRequest> = {}): DecidedRequest => ({
  unit,
  variant: 0,
  epoch: 0,
  probability: 0.5,
  startedAt: 1_000,
  model: "echo",
  agentId: null,
  costUsd: 1,
  durationMs: 100,
  firstTokenMs: null,
  outputTokens: 10,
  failed: false,
  finish: "stop",
  ...change,
});

const judged = (unit: string, value: Judgement["value"], change: Partial<Judgement> = {}): Judgement => ({
  unit,
  variant: 0,
  epoch: 0,
  startedAt: 1_000,
  value,
  ...change,
});

/** A store that gives out two rows a page. */
async function read(
  metric: string,
  requests: readonly DecidedRequest[],
  judgements: readonly Judgement[] = [],
  unit = "run",
) {
  const page = <Row>(rows: readonly Row[], cursor = 0) => ({
    rows: rows.slice(cursor, cursor + 2),
    cursor: cursor + 2 < rows.length ? cursor + 2 : null,
  });
  const store = {
    decided: async (_: string, { cursor }: { cursor?: number }) => {
      const { rows, cursor: next } = page(requests, cursor);
      return { requests: rows, cursor: next };
    },
    judged: async (_: string, name: string, { cursor }: { cursor?: number }) => {
      const { rows, cursor: next } = page(name === metric ? judgements : [], cursor);
      return { judgements: rows, cursor: next };
    },
  };
  return await readLog(store, { id: "x", unit }, [metric], NOW);
}

const values = async (...input: Parameters<typeof read>) =>
  (await read(...input))
    .values(input[0])
    .map(({ unit, variant, epoch, value }) => [unit, variant, epoch, value]);

describe("what records say of a unit", () => {
  const run = [
    request("r", { costUsd: 1, durationMs: 100, failed: true, finish: null, firstTokenMs: 50 }),
    request("r", { costUsd: null, durationMs: 300, finish: "refusal", outputTokens: 5 }),
    request("r", { costUsd: 0.5, durationMs: 200, finish: "length", outputTokens: null }),
  ];

  test.each([
    ["cost", 1.5],
    ["output_tokens", 15],
    ["latency", 200],
    ["first_token", 50],
    ["failure", 1 / 3],
    ["refusal", 1 / 3],
    ["finish:length", 1 / 3],
    ["finish:stop", 0],
  ])("%s", async (metric, value) => {
    expect(await values(metric, run)).toEqual([["r", 0, 0, value]]);
  });

  test("is nothing where no request says it", async () => {
    const log = await read("cost", [request("r", { costUsd: null })]);
    expect([log.units.size, log.values("cost")]).toEqual([1, []]);
  });
});

describe("a sum", () => {
  const cost = (startedAt: number, unit = "run") =>
    read("cost", [request("old"), request("new", { startedAt, durationMs: 1_000 })], [], unit);

  test.each([
    ["ended a moment ago", NOW - 2_000, 1],
    ["ended long ago", NOW - 60_000, 0],
    ["ends in the future, as the clock was set back", NOW + 3_600_000, 0],
  ])("of a unit whose last request %s", async (_, startedAt, open) => {
    const measured = (await cost(startedAt)).measured("cost");
    expect(measured.open).toBe(open);
    expect(measured.observations.reduce((sum, { count }) => sum + count, 0)).toBe(2 - open);
  });

  test("of a single request is whole at once", async () => {
    expect((await cost(NOW - 2_000, "request")).measured("cost").open).toBe(0);
  });

  test("waits; averages and judgements of the same units count at once", async () => {
    const fresh = [request("r", { startedAt: NOW - 10 })];
    expect((await read("latency", fresh)).measured("latency").observations).toHaveLength(1);
    expect((await read("good", fresh, [judged("r", true)])).measured("good").observations).toHaveLength(1);
  });
});

describe("feedback", () => {
  test("of a unit is averaged; words are left out and counted", async () => {
    const requests = [request("a"), request("b"), request("c")];
    const pieces = [judged("a", true), judged("a", false), judged("b", 4), judged("c", "nice")];
    expect(await values("good", requests, pieces)).toEqual([
      ["a", 0, 0, 0.5],
      ["b", 0, 0, 4],
    ]);
    expect((await read("good", requests, pieces)).measured("good").dropped).toBe(1);
  });

  test("counts for the variant of the unit's first request, whichever was judged", async () => {
    const requests = [
      request("r", { startedAt: 9, variant: 1, epoch: 3 }),
      request("r", { startedAt: 5, variant: 0, epoch: 2, probability: 0.25 }),
    ];
    const pieces = [judged("r", true, { variant: 1, epoch: 3, startedAt: 9 })];
    expect(await values("good", requests, pieces)).toEqual([["r", 0, 2, 1]]);
    expect((await read("good", requests, pieces)).units.get("r")).toMatchObject({
      crossed: true,
      probability: 0.25,
    });
  });

  test("on what is not recorded yet waits for it", async () => {
    expect(await values("good", [request("a")], [judged("unknown", true)])).toEqual([]);
  });
});
