import { z } from "zod";
import { FALLBACK_REASONS } from "../exchange/fallback.ts";

/** How a route chooses among its targets. */
export const STRATEGIES = ["first", "weighted", "latency", "cost", "sticky", "quality", "learn"] as const;

const share = z.number().min(0).max(1);
const names = z.array(z.string().min(1)).min(1);

const condition = z.strictObject({
  agents: names.optional().describe("`agent_id`s; `*` at either end matches anything, here and below."),
  keys: names.optional().describe("Gateway keys, by name or id."),
  tags: names.optional().describe("Tags, as `name` or `name=value`."),
});

const mirror = z.strictObject({
  target: z.string().min(1).describe("`provider/model`, or another route."),
  share: share.default(1).describe("Share of the requests that are sent there too."),
});

const learnSchema = z.strictObject({
  feedback: z
    .record(
      z.string().min(1),
      z
        .strictObject({
          worst: z.number().default(0).describe("The value that counts as 0."),
          best: z.number().default(1).describe("The value that counts as 1."),
        })
        .refine(({ worst, best }) => worst !== best, { path: ["best"], error: "another value than worst" }),
    )
    .default({ helpful: { worst: 0, best: 1 } })
    .describe("Feedback that judges answers, by name; true counts as 1."),
  cost: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0.2)
    .describe("What an answer of the targets' average cost takes off a judgement."),
  latency: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0.1)
    .describe("What an answer of the targets' average time to the first token takes off."),
  minimum_share: share.default(0.02).describe("The least share of requests that each target gets."),
});

/** A name of one's own for models, of which one is chosen. */
export const routeSchema = z.strictObject({
  targets: names.max(1000).describe("Each `provider/model`, or the name of another route."),
  strategy: z
    .enum(STRATEGIES)
    .default("first")
    .describe(
      "first: in this order; weighted: at random by weights; latency: the quicker of two; cost: the cheapest for the request; sticky: a conversation stays; quality: by the learned router, the strongest target first; learn: by feedback, cost and latency.",
    ),
  weights: z
    .record(z.string(), z.number().min(0).max(1_000_000))
    .default({})
    .describe(
      "For weighted and sticky: by target; 1 where it is absent, and 0 for one that is a fallback only.",
    ),
  parameters: z
    .record(z.string(), z.record(z.string(), z.json()))
    .default({})
    .describe("By target: members that are put into its requests, as `temperature`."),
  conditions: z
    .record(z.string(), condition)
    .default({})
    .describe("By target: which requests it serves. Others pass it over."),
  strong_share: share
    .optional()
    .describe(
      "For quality: share of the route's requests that the strongest target gets. `name:0.3` as a model asks for another one.",
    ),
  thresholds: z
    .array(share)
    .optional()
    .describe(
      "For quality, in place of strong_share: the least score for each target but the last, falling.",
    ),
  learn: learnSchema
    .optional()
    .describe("For learn: what it learns by. Default: feedback named helpful, cost and latency."),
  fallback_on: z
    .array(z.enum(FALLBACK_REASONS))
    .default(["error", "timeout", "limit", "unavailable", "context_length"])
    .describe("After what another target is tried, before the first output."),
  deadline: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe("Seconds for all targets together. Default: the first target's total_timeout."),
  mirror: mirror
    .optional()
    .describe("Another model that also gets requests; its answers are recorded and not shown."),
});

/** What a model takes, in place of what is known of it. */
export const modelSchema = z.strictObject({
  context_window: z.int().min(1).optional().describe("Tokens of prompt and answer together."),
  max_output_tokens: z.int().min(1).optional().describe("Tokens of the longest answer."),
  image: z.boolean().optional().describe("Whether it takes images."),
  audio: z.boolean().optional().describe("Whether it takes sound."),
  video: z.boolean().optional().describe("Whether it takes videos."),
  file: z.boolean().optional().describe("Whether it takes documents, such as PDFs."),
  tools: z.boolean().optional().describe("Whether it calls tools."),
  structured: z.boolean().optional().describe("Whether its answers hold to a JSON schema."),
  reasoning: z.boolean().optional().describe("Whether it reasons."),
});

export type RouteConfig = z.infer<typeof routeSchema>;
