import { z } from "zod";
import { FILTER_FIELDS, toFilter } from "../records/filter.ts";
import type { Gathered, GatheredBy } from "../storage/record-store.ts";
import { cursorShape, pageFields, pageOf } from "./list-page.ts";
import { type AdminParts, jsonRoute } from "./route.ts";
import { iso, MS_DIGITS, named, rounded, time, USD_DIGITS } from "./shape-parts.ts";

const count = z.int().min(0);

const sums = {
  requests: count,
  failures: count,
  input_tokens: count,
  output_tokens: count,
  cost_usd: z.number(),
  unpriced: count.describe("Requests whose cost is not known."),
  request_ms: z.number().describe("Milliseconds of all requests, added up."),
  started_at: time.describe("When the first request began."),
  last_started_at: time.describe("When the last request began."),
  ended_at: time.describe("When the last request ended."),
};

const runPage = named(
  "RunPage",
  z.object({
    runs: z.array(
      named("RunSums", z.object({ run_id: z.string(), ...sums }).describe("Sums over a run's requests.")),
    ),
    cursor: cursorShape,
  }),
);

const threadPage = named(
  "ThreadPage",
  z.object({
    threads: z.array(
      named(
        "ThreadSums",
        z.object({ thread_id: z.string(), ...sums }).describe("Sums over a thread's requests."),
      ),
    ),
    cursor: cursorShape,
  }),
);

/** Which requests are meant; their words would be looked for in every run again. */
const { text: _, ...FIELDS } = FILTER_FIELDS;

/** What a list of runs or threads is asked with. */
export const GATHERED_FIELDS = FIELDS;

const query = (of: string) => z.strictObject({ ...FIELDS, ...pageFields({ of, limit: 50, most: 500 }) });

export const listRuns = jsonRoute({
  method: "GET",
  path: "/admin/runs",
  id: "listRuns",
  summary: "Runs with their sums, those first whose newest request that is meant began last.",
  params: z.strictObject({}),
  query: query("Runs"),
  body: null,
  answer: runPage,
  async handle(input, { storage }) {
    const { found, cursor } = await pageBy("run", input.query, storage);
    return { runs: found.map((run) => ({ run_id: run.id, ...sumsJson(run) })), cursor };
  },
});

export const listThreads = jsonRoute({
  method: "GET",
  path: "/admin/threads",
  id: "listThreads",
  summary: "Threads with their sums, those first whose newest request that is meant began last.",
  params: z.strictObject({}),
  query: query("Threads"),
  body: null,
  answer: threadPage,
  async handle(input, { storage }) {
    const { found, cursor } = await pageBy("thread", input.query, storage);
    return { threads: found.map((thread) => ({ thread_id: thread.id, ...sumsJson(thread) })), cursor };
  },
});

function pageBy(
  by: GatheredBy,
  fields: z.output<ReturnType<typeof query>>,
  { records }: AdminParts["storage"],
) {
  return pageOf(fields, (place) => records.gathered(by, toFilter(fields), place));
}

export function sumsJson(gathered: Gathered) {
  return {
    requests: gathered.requests,
    failures: gathered.failures,
    input_tokens: gathered.inputTokens,
    output_tokens: gathered.outputTokens,
    cost_usd: rounded(gathered.costUsd, USD_DIGITS),
    unpriced: gathered.unpriced,
    request_ms: rounded(gathered.requestMs, MS_DIGITS),
    started_at: iso(gathered.startedAt),
    last_started_at: iso(gathered.lastStartedAt),
    ended_at: iso(gathered.endedAt),
  };
}
