import { z } from "zod";
import { STORAGE_URL_FORMS, storageUrlFault } from "../lib/database-url.ts";

const CAPTURES = ["full", "metadata", "none"] as const;

export const storageSchema = z.strictObject({
  url: z
    .string()
    .superRefine((url, context) => {
      const fault = storageUrlFault(url);
      if (fault !== null) context.addIssue({ code: "custom", message: fault });
    })
    .meta({ pattern: "^(sqlite:.|postgres(ql)?://)" })
    .default("sqlite:data/amsterdam.db")
    .describe(
      `Where records of requests, keys, feedback, threads and responses are kept: ${STORAGE_URL_FORMS}. DATABASE_URL in the environment wins.`,
    ),
});

export const responsesSchema = z.strictObject({
  retention_days: z
    .number()
    .positive()
    .max(3650)
    .default(30)
    .describe("Days that a stored response can be continued and fetched."),
  memory_mb: z
    .number()
    .min(0)
    .max(65_536)
    .default(64)
    .describe("Memory for the newest responses, and as much for those that wait to be stored."),
  max_background: z
    .int()
    .min(0)
    .max(100_000)
    .default(100)
    .describe("Responses made in the background at once; more are refused with 503."),
});

const bodies = z.enum(CAPTURES);

export const recordsSchema = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether requests are recorded."),
  bodies: bodies
    .default("full")
    .describe(
      "full: requests and answers are kept as they were said; metadata: everything but them; none: such requests leave no record.",
    ),
  capture: z
    .array(
      z.strictObject({
        keys: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .describe("Ids of gateway keys; default: every key."),
        doors: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .describe("Doors as records name them; a trailing `*` matches any ending. Default: every door."),
        bodies: bodies.describe("In place of records.bodies."),
      }),
    )
    .default([])
    .meta({
      description: "Other settings for some keys and doors; the first that fits counts.",
      examples: [[{ keys: ["key_3f9c"], bodies: "metadata" }]],
    }),
  redact: z
    .array(z.string().min(1).max(1000))
    .max(50)
    .default([])
    .meta({
      description:
        "Regular expressions; what they match in a body is replaced by [redacted] before it is stored.",
      examples: [["[\\w.]+@[\\w.]+", "\\d{3}-\\d{2}-\\d{4}"]],
    }),
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe("Days that records are kept, without their bodies."),
  bodies_retention_days: z.number().positive().max(36_500).default(30).describe("Days that bodies are kept."),
  max_bodies_mb: z
    .number()
    .positive()
    .max(100_000_000)
    .default(10_240)
    .describe("Space that stored bodies take in all, compressed; the oldest are deleted first."),
  max_body_kb: z
    .int()
    .min(0)
    .max(65_536)
    .default(1024)
    .describe("How much of each body is kept; what is longer is cut off."),
  memory_mb: z
    .number()
    .positive()
    .max(65_536)
    .default(128)
    .describe("Memory for what waits to be recorded; beyond it bodies are left out, the oldest first."),
  max_spill_mb: z
    .number()
    .min(0)
    .max(10_000_000)
    .default(2048)
    .describe(
      "Space for the files in which records and feedback wait while the database is slow or gone, or the traffic heavy.",
    ),
});
