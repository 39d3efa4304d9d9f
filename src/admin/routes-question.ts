import { z } from "zod";
import { GatewayError } from "../exchange/errors.ts";
import { type ForeseenRequest, formatOfRequest } from "../routing/foreseen-request.ts";
import { jsonObject } from "./prompts-input.ts";
import { named } from "./shape-parts.ts";

export const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;

const id = z.string().min(1).max(256);

export const QUESTION_FIELDS = {
  format: z.enum(FORMATS, { error: `expected one of ${FORMATS.join(", ")}` }).optional(),
  agent_id: id.optional(),
  run_id: id.optional(),
  thread_id: id.optional(),
  tags: z.array(z.string().min(1).max(256)).max(64).optional(),
  key: id.optional(),
};

export const routeQuestion = named(
  "RouteQuestion",
  z
    .strictObject({
      prompt: z.string().min(1).optional().describe("What a user asks, instead of a request."),
      request: jsonObject
        .optional()
        .describe(
          "A request as a client sends it, in any of the four formats. Its model counts for nothing.",
        ),
      format: QUESTION_FIELDS.format.describe(
        "Of the request. Absent, its members tell; Messages are then read as Chat.",
      ),
      agent_id: QUESTION_FIELDS.agent_id.describe(
        "Where the request does not say it itself, here and below.",
      ),
      run_id: QUESTION_FIELDS.run_id,
      thread_id: QUESTION_FIELDS.thread_id,
      tags: QUESTION_FIELDS.tags,
      key: QUESTION_FIELDS.key.describe("The gateway key that asks, by name or id, for conditions."),
    })
    .refine(({ prompt, request }) => (prompt === undefined) !== (request === undefined), {
      message: "expected either a prompt or a request",
      path: ["request"],
    }),
);

interface Question {
  readonly prompt?: string | undefined;
  readonly request?: unknown;
  readonly format?: (typeof FORMATS)[number] | undefined;
  readonly agent_id?: string | undefined;
  readonly run_id?: string | undefined;
  readonly thread_id?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly key?: string | undefined;
}

/** The request that is asked about. Throws invalid_request where its format cannot be told. */
export function toForeseen(question: Question): ForeseenRequest {
  const { prompt, agent_id, run_id, thread_id, tags, key = "" } = question;
  const headers = { "agent-id": agent_id, "run-id": run_id, "thread-id": thread_id, tags: tags?.join(",") };
  const said = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[`x-amsterdam-${name}`, value]],
  );
  const request = prompt === undefined ? question.request : { messages: [{ role: "user", content: prompt }] };
  const format = question.format ?? formatOfRequest(request as object);
  if (format === null)
    throw new GatewayError(
      "invalid_request",
      "The request has neither messages, nor input, nor contents; `format` says what it is.",
      { param: "body.format" },
    );
  return {
    body: Buffer.from(JSON.stringify(request)),
    format: prompt === undefined ? format : "openai-chat",
    headers: Object.fromEntries(said),
    key,
  };
}
