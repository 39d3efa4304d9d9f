import { z } from "zod";
import { httpUrl, shortText } from "./schema-parts.ts";

export const ampSchema = z.strictObject({
  user: z
    .strictObject({
      id: shortText.optional().describe("Default: made from the key's id, the same at every start."),
      username: shortText.optional().describe("Default: the name of the client's key."),
      email: z.email("an e-mail address").max(200).optional().describe("Default: made from the username."),
      first_name: shortText.optional().describe("Given name."),
      last_name: shortText.optional().describe("Family name."),
      display_name: shortText.optional().describe("Default: the two names, or the username."),
      profile_picture_url: httpUrl.optional().describe("A picture."),
      site_admin: z
        .boolean()
        .default(false)
        .describe("Whether the client takes its user for an administrator."),
    })
    .prefault({})
    .describe("Whom the client takes itself to be signed in as."),
  features: z.array(shortText).default([]).describe("Names of features that the client switches on."),
  connections: z
    .array(
      z.strictObject({
        id: shortText.describe("Id."),
        name: shortText.describe("Name that is shown."),
        type: shortText.describe("Kind, such as github."),
        status: z.enum(["connected", "disconnected"]).default("connected").describe("What the client shows."),
        connected_at: z.iso
          .datetime({ offset: true, error: "a moment such as 2026-01-31T18:00:00Z" })
          .optional()
          .describe("Since when."),
        username: shortText.optional().describe("The user's name there."),
      }),
    )
    .default([])
    .meta({
      description: "Accounts elsewhere that the client shows as connected.",
      examples: [[{ id: "github", name: "GitHub", type: "github", username: "ada" }]],
    }),
  tab_model: shortText
    .optional()
    .describe(
      "Model that completes what is typed (/api/tab/llm-proxy): a route, provider/model or bare name. Default: the one that the client names.",
    ),
  threads: z
    .enum(["own", "shared"])
    .default("own")
    .describe("own: each key sees the threads that came with it; shared: every key sees all."),
  max_thread_mb: z.number().positive().max(1024).default(16).describe("Largest thread that is kept."),
  reports: z
    .strictObject({
      max_size_mb: z
        .number()
        .min(0)
        .max(10_240)
        .default(50)
        .describe("Space that they take in all; 0 keeps none."),
      max_age_days: z.number().positive().max(3650).default(14).describe("Older ones are deleted."),
    })
    .prefault({})
    .describe("Telemetry and errors that clients send; the oldest are deleted first."),
});
