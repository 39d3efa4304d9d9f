import { afterEach, beforeEach, expect, test } from "bun:test";
import { judgement } from "../../test/support/experiments.ts";
import { requestRecord } from "../../test/support/records.ts";
import { type RouteConfig, routeSchema } from "../config/route-schema.ts";
import { UlidMaker } from "../lib/ulid.ts";
import type { RequestRecord } from "../records/record.ts";
import { keepingLogger } from "../records/testing.ts";
import type { ExperimentStore } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import type { Report, Strategy } from "../strategies/strategy.ts";
import { type LearnLog, learnLog } from "./learned-decisions.ts";
import { RouteLearner } from "./route-learner.ts";

const START = Date.UTC(2026, 10, 22, 12);
const GOING = new AbortController().signal;
const ulids = new UlidMaker();
let storage: Storage;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
});
afterEach(() => storage.close());

/** A strategy that keeps what it is told, and its log. */
function taught(options = ["demo/a", "demo/b"], config: Partial<RouteConfig> = {}) {
  const told: string[] = [];
  const reports: Report[] = [];
  const strategy: Strategy = {
    name: "learn",
    order: () => {
      throw new Error("Nothing is chosen here.");
    },
    observe: (option, report) => {
      told.push(option);
      reports.push(report);
    },
    judge: (option, kind, value) => void told.push(`${option} ${kind} ${value}`),
  };
  const all = { ...routeSchema.parse({ targets: options, strategy: "learn" }), ...config };
  const log: LearnLog = { name: learnLog("taught", options), options, strategy, config: all };
  return { log, told, reports, taken: () => told.splice(0) };
}

/** A request of that number, for which the route drew the option at `variant`. */
function drawn({ name }: LearnLog, number: number, variant: number, change: Partial<RequestRecord> = {}) {
  const startedAt = START + number;
  const decision = { experiment: name, variant, variantName: "", epoch: 0, probability: 0.5 };
  return requestRecord({
    id: ulids.next(startedAt),
    requestId: `r${number}`,
    runId: `run-${number}`,
    startedAt,
    decisions: [{ ...decision, unit: `kind r${number}` }],
    ...change,
  });
}

const write = (...records: readonly RequestRecord[]) =>
  storage.records.write(records.map((record) => ({ record, bodies: null })));
const judge = (number: number, value: boolean | number | string, name?: string) =>
  storage.feedback.add([{ ...judgement(`run-${number}`, value, name), receivedAt: START + 10_000 + number }]);
const learnerOf = (
  logs: () => readonly LearnLog[],
  store: Pick<ExperimentStore, "decided" | "judged"> = storage.experiments,
) => new RouteLearner(store, logs, keepingLogger());

test("a strategy is told of each request and each judgement once, as they are added", async () => {
  const { log, reports, taken } = taught();
  const learner = learnerOf(() => [log]);
  await write(
    drawn(log, 1, 0, {
      durationMs: 50,
      firstTokenMs: 12,
      cost: { usd: 0.5, source: "configuration", date: null },
    }),
    drawn(log, 2, 1, {
      durationMs: 50,
      firstTokenMs: null,
      cost: null,
      error: "upstream_error",
      category: "upstream-failed",
    }),
  );
  await judge(1, true);
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/a", "demo/b", "demo/a kind 1"]);
  expect(reports).toMatchObject([
    { kind: "kind", failed: false, cost: 0.5, firstTokenMs: 12 },
    { kind: "kind", failed: true, cost: null, firstTokenMs: 50 },
  ]);
  await learner.look(GOING);
  expect(taken()).toEqual([]);
  await write(drawn(log, 3, 0));
  await judge(1, true);
  await judge(3, 0.25);
  await judge(3, "a word");
  await judge(3, 1, "unasked");
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/a", "demo/a kind 1", "demo/a kind 0.25"]);
});

test("feedback counts on the scale that its route gives it", async () => {
  const feedback = { stars: { worst: 1, best: 5 }, errors: { worst: 10, best: 0 } };
  const { log, taken } = taught(undefined, {
    learn: { feedback, cost: 0, latency: 0, minimum_share: 0 },
  });
  await write(drawn(log, 1, 0));
  for (const value of [1, 2, 5, 9]) await judge(1, value, "stars");
  for (const value of [10, 4, -3]) await judge(1, value, "errors");
  await judge(1, true);
  await learnerOf(() => [log]).look(GOING);
  const values = [0, 0.25, 1, 1, 0, 0.6, 1].map((value) => `demo/a kind ${value}`);
  expect(taken()).toEqual(["demo/a", ...values]);
});

test("more than a page is read in order, and what comes behind it later", async () => {
  const { log, taken } = taught();
  const learner = learnerOf(() => [log]);
  const numbers = Array.from({ length: 450 }, (_, at) => at);
  await write(...numbers.map((number) => drawn(log, number, number % 2)));
  for (const number of numbers) await judge(number, number % 2 === 0);
  await learner.look(GOING);
  const expected = numbers.map((number) => (number % 2 === 0 ? "demo/a" : "demo/b"));
  expect(taken()).toEqual([
    ...expected,
    ...expected.map((option) => `${option} kind ${option === "demo/a" ? 1 : 0}`),
  ]);
  await write(drawn(log, 450, 1));
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/b"]);
});

test("a judgement that comes before its request is recorded counts once that is, and no other twice", async () => {
  const { log, taken } = taught();
  const learner = learnerOf(() => [log]);
  await write(drawn(log, 2, 1));
  await judge(1, true);
  await judge(2, false);
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/b", "demo/b kind 0"]);
  await write(drawn(log, 1, 0));
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/a", "demo/a kind 1"]);
});

test("what retention deletes hides nothing that comes after it", async () => {
  const { log, taken } = taught();
  const learner = learnerOf(() => [log]);
  const records = [1, 2, 3].map((number) => drawn(log, number, 0));
  await write(...records);
  await learner.look(GOING);
  expect(taken()).toHaveLength(3);
  await storage.experiments.prune({ routesBefore: START + 3, endedBefore: 0, limit: 100 });
  await write(drawn(log, 4, 1), drawn(log, 5, 1));
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/b", "demo/b"]);
});

test("logs that come and go are read each from its beginning, by the strategy that they are of", async () => {
  const [two, three] = [taught(), taught(["demo/a", "demo/b", "demo/c"])];
  expect(two.log.name).not.toBe(three.log.name);
  let logs: LearnLog[] = [];
  const learner = learnerOf(() => logs);
  await write(drawn(two.log, 1, 1), drawn(three.log, 2, 2), drawn(two.log, 3, 7));
  await learner.look(GOING);
  logs = [two.log];
  await learner.look(GOING);
  expect([two.taken(), three.taken()]).toEqual([["demo/b"], []]);
  logs = [three.log];
  await learner.look(GOING);
  expect([two.taken(), three.taken()]).toEqual([[], ["demo/c"]]);
  const anew = taught();
  logs = [anew.log, three.log];
  await learner.look(GOING);
  expect([two.taken(), three.taken(), anew.taken()]).toEqual([[], [], ["demo/b"]]);
});

test("while the storage fails it is logged once, and what was added is read later", async () => {
  const { log, taken } = taught();
  const logger = keepingLogger();
  let fails = true;
  const store: Pick<ExperimentStore, "decided" | "judged"> = {
    decided: (id, page) =>
      fails ? Promise.reject(new Error("away")) : storage.experiments.decided(id, page),
    judged: (id, name, page) => storage.experiments.judged(id, name, page),
  };
  const learner = new RouteLearner(store, () => [log], logger);
  await write(drawn(log, 1, 0));
  await learner.look(GOING);
  await learner.look(GOING);
  expect([taken(), logger.lines.length]).toEqual([[], 1]);
  fails = false;
  await learner.look(GOING);
  expect(taken()).toEqual(["demo/a"]);
  fails = true;
  await learner.look(GOING);
  expect(logger.lines).toHaveLength(2);
});

test("it looks by itself until it is stopped", async () => {
  const { log, told } = taught();
  const stopping = new AbortController();
  learnerOf(() => [log]).start(stopping.signal);
  await write(drawn(log, 1, 0));
  await Bun.sleep(1_300);
  expect(told).toEqual(["demo/a"]);
  stopping.abort();
  await write(drawn(log, 2, 0));
  await Bun.sleep(1_300);
  expect(told).toEqual(["demo/a"]);
});
