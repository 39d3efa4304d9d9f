import { GatewayError } from "../../exchange/errors.ts";
import type { Part } from "../../exchange/parts.ts";
import {
  arrayOf,
  isRecord,
  type JsonObject,
  numberOf,
  recordOf,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { Choice, FinishReason, GenerateResponse, TokenLogprob } from "../../exchange/response.ts";
import { toldIn } from "./errors.ts";
import { partsOfItem } from "./items.ts";
import { readLogprobs } from "./logprobs.ts";
import { extended } from "./own.ts";
import { readUsage } from "./usage.ts";

const MEMBERS = new Set([
  "id",
  "object",
  "model",
  "created_at",
  "status",
  "error",
  "incomplete_details",
  "output",
  "output_text",
  "service_tier",
]);

/**
 * Reads the body of a whole answer. Throws upstream_invalid where it is none, and upstream_error where it tells that
 * the response failed.
 */
export function readResponse(value: unknown): GenerateResponse {
  const body = recordOf(value);
  if (body === undefined || (!Array.isArray(body.output) && !isRecord(body.error)))
    throw new GatewayError("upstream_invalid", "The upstream's answer is no response object.");
  if (isRecord(body.error)) {
    const told = toldIn(body.error);
    throw new GatewayError("upstream_error", told.message, { status: told.status, told });
  }
  const items = arrayOf(body.output).filter(isRecord);
  const parts = items.flatMap((item) => partsOfItem(withoutStatus(item)));
  const logprobs = items.flatMap(logprobsOf);
  const usage = readUsage(body.usage);
  return {
    ...startOf(body),
    choices: [
      {
        index: 0,
        parts,
        ...finishOf(body, parts),
        ...(logprobs.length === 0 ? {} : { logprobs }),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
    ...extended(responseMembers(body)),
  };
}

/** What is known when an answer begins, `serviceTier` perhaps not for good. */
export function startOf(
  body: JsonObject,
): Pick<GenerateResponse, "id" | "model" | "createdAt" | "serviceTier"> {
  const createdAt = numberOf(body.created_at);
  const serviceTier = stringOf(body.service_tier);
  return {
    id: stringOf(body.id) ?? "",
    model: stringOf(body.model) ?? "",
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  };
}

/** What a response object says beside: the settings that it tells back, and a provider's own. */
export function responseMembers(body: JsonObject): JsonObject | undefined {
  return restOf(body, MEMBERS);
}

const FINISHES = new Map<unknown, FinishReason>([
  ["max_output_tokens", "length"],
  ["content_filter", "content-filter"],
]);

/** Why a response with such parts ended. */
export function finishOf(
  body: JsonObject,
  parts: readonly Pick<Part, "kind">[],
): Pick<Choice, "finish" | "extensions"> {
  const details = recordOf(body.incomplete_details);
  if (body.status === "incomplete" || details !== undefined) {
    const finish = FINISHES.get(details?.reason);
    return finish === undefined
      ? { finish: "other", ...extended({ incomplete_details: details ?? {} }) }
      : { finish };
  }
  if (body.status !== undefined && body.status !== "completed") return { finish: "other" };
  if (parts.some(({ kind }) => kind === "tool-call")) return { finish: "tool-calls" };
  return { finish: parts.some(({ kind }) => kind === "refusal") ? "refusal" : "stop" };
}

/** How far an item of an answer came is told by how the answer ended. Of other items the status is their own. */
export function withoutStatus(item: JsonObject): JsonObject {
  if (!HAVE_STATUS.has(item.type)) return item;
  const { status: _status, ...rest } = item;
  return rest;
}

const HAVE_STATUS: ReadonlySet<unknown> = new Set([
  "message",
  "reasoning",
  "function_call",
  "custom_tool_call",
]);

function logprobsOf(item: JsonObject): TokenLogprob[] {
  if (item.type !== "message") return [];
  return arrayOf(item.content).flatMap((part) => (isRecord(part) ? readLogprobs(part.logprobs) : []));
}
