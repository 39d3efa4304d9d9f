import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import { type CriticalPath, criticalPath } from "../records/critical-path.ts";
import type { RunTotals } from "../records/run-totals.ts";
import { buildRunTree, type RunNode } from "../records/run-tree.ts";
import { feedbackJson, feedbackShape } from "./feedback-shape.ts";
import { requestJson, requestShape } from "./request-shape.ts";
import { type AdminParts, jsonRoute } from "./route.ts";
import { isoOrNull, MS_DIGITS, named, rounded, time, USD_DIGITS } from "./shape-parts.ts";

/** Requests of one run that are told; more would be a mistake in somebody's run ids. */
const MAX_REQUESTS = 5000;
const MAX_FEEDBACK = 10_000;

const count = z.int().min(0);
const totalsShape = named(
  "RunTotals",
  z
    .object({
      requests: count,
      failures: count,
      cost_usd: z.number(),
      unpriced: count.describe("Requests whose cost is not known."),
      input_tokens: count,
      cached_input_tokens: count,
      cache_write_input_tokens: count,
      output_tokens: count,
      reasoning_tokens: count,
      uncounted: count.describe("Requests whose tokens are not known."),
      request_ms: z.number().describe("Milliseconds of all requests, added up."),
      started_at: time.nullable(),
      ended_at: time.nullable(),
      feedback: count.describe("Judgements on requests."),
      positive: count.describe("Of these: true."),
      negative: count.describe("Of these: false."),
    })
    .describe("Sums over requests."),
);

const nodeShape = named(
  "RunNode",
  z
    .object({
      node: count.describe("The node's number, by which others name it."),
      parent: count.nullable().describe("Number of the parent; null of a root."),
      depth: count,
      request_id: z.string(),
      request: requestShape
        .nullable()
        .describe("Null where a parent was named that is not recorded in this run."),
      cycle: z.boolean().describe("Whether the parents that were named lead back to it; it is a root then."),
      critical: z.boolean().describe("Whether it is on the critical path."),
      totals: totalsShape.describe("Of the request and everything below it."),
    })
    .describe("A request in the tree of its run."),
);

export const runShape = named(
  "Run",
  z.object({
    run_id: z.string(),
    truncated: z
      .boolean()
      .describe(`Whether it has more than ${MAX_REQUESTS} requests; the later ones are left out.`),
    totals: totalsShape,
    feedback: z.array(feedbackShape).describe("On the run as a whole."),
    nodes: z
      .array(nodeShape)
      .describe("Depth first: a parent, then its children with what is below each, as they began."),
    critical_path: z
      .object({
        request_ms: z.number(),
        wait_ms: z.number(),
        steps: z.array(
          z.object({
            node: count,
            wait_ms: z.number().describe("Milliseconds after the step before it had ended."),
            request_ms: z.number().describe("Milliseconds to its end or to the next step's beginning."),
          }),
        ),
      })
      .describe(
        "The chain of requests that determines when the run ended: from the one that ended last back over what each waited for, its parent or what its siblings did.",
      ),
  }),
);

export type RunJson = z.output<typeof runShape>;

export const showRun = jsonRoute({
  method: "GET",
  path: "/admin/runs/{id}",
  id: "showRun",
  summary: "A run as a tree, with totals and its critical path.",
  params: z.strictObject({ id: z.string().min(1).max(500).describe("The run's id.") }),
  query: z.strictObject({}),
  body: null,
  answer: runShape,
  async handle({ params }, { storage }) {
    const run = await fromStorage(readRun(params.id, storage));
    if (run !== null) return run;
    throw new GatewayError("not_found", `No run is recorded under "${params.id.slice(0, 100)}".`);
  },
});

/** Null when nothing of this run is recorded. */
export async function readRun(
  runId: string,
  { records, feedback }: Pick<AdminParts["storage"], "records" | "feedback">,
): Promise<RunJson | null> {
  const found = await records.run(runId, MAX_REQUESTS + 1);
  if (found.length === 0) return null;
  const shown = found.slice(0, MAX_REQUESTS);
  const ids = [...new Set(shown.map(({ requestId }) => requestId))];
  const [onRequests, onRun] = await Promise.all([
    feedback.forTargets("request", ids, MAX_FEEDBACK),
    feedback.forTarget("run", runId),
  ]);
  const tree = buildRunTree(shown, onRequests);
  const path = criticalPath(tree);
  const numbers = new Map(tree.nodes.map((node, number) => [node, number]));
  const critical = new Set(path.steps.map(({ node }) => node));
  return {
    run_id: runId,
    truncated: found.length > MAX_REQUESTS,
    totals: totalsJson(tree.totals),
    feedback: onRun.map(feedbackJson),
    nodes: tree.nodes.map((node) => nodeJson(node, numbers, critical)),
    critical_path: pathJson(path, numbers),
  };
}

type Numbers = ReadonlyMap<RunNode, number>;

function nodeJson(node: RunNode, numbers: Numbers, critical: ReadonlySet<RunNode>): RunJson["nodes"][number] {
  return {
    node: numbers.get(node)!,
    parent: node.parent && numbers.get(node.parent)!,
    depth: node.depth,
    request_id: node.requestId,
    request: node.record && requestJson(node.record),
    cycle: node.cycle,
    critical: critical.has(node),
    totals: totalsJson(node.totals),
  };
}

function pathJson(path: CriticalPath, numbers: Numbers): RunJson["critical_path"] {
  const times = (each: { readonly requestMs: number; readonly waitMs: number }) => ({
    request_ms: rounded(each.requestMs, MS_DIGITS),
    wait_ms: rounded(each.waitMs, MS_DIGITS),
  });
  return {
    ...times(path),
    steps: path.steps.map((step) => ({ node: numbers.get(step.node)!, ...times(step) })),
  };
}

function totalsJson(totals: RunTotals): z.output<typeof totalsShape> {
  return {
    requests: totals.requests,
    failures: totals.failures,
    cost_usd: rounded(totals.costUsd, USD_DIGITS),
    unpriced: totals.unpriced,
    input_tokens: totals.inputTokens,
    cached_input_tokens: totals.cachedInputTokens,
    cache_write_input_tokens: totals.cacheWriteInputTokens,
    output_tokens: totals.outputTokens,
    reasoning_tokens: totals.reasoningTokens,
    uncounted: totals.uncounted,
    request_ms: rounded(totals.requestMs, MS_DIGITS),
    started_at: isoOrNull(totals.startedAt),
    ended_at: isoOrNull(totals.endedAt),
    feedback: totals.feedback,
    positive: totals.positive,
    negative: totals.negative,
  };
}
