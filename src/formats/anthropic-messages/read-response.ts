import { GatewayError } from "../../exchange/errors.ts";
import type { Extensions, Part } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { readCitation } from "./citations.ts";
import { extended, isExactly } from "./extensions.ts";
import { sealOf } from "./reasoning-blocks.ts";
import { finishOf } from "./stop-reason.ts";
import { readUsage, restOfUsage } from "./usage.ts";
import { FORMAT } from "./wire.ts";

const MESSAGE: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "stop_details",
  "container",
  "usage",
]);

/** Reads a whole answer; blocks that are not known stay as they came. */
export function readResponse(body: unknown): GenerateResponse {
  if (!isRecord(body) || (body.type !== "message" && !Array.isArray(body.content)))
    throw new GatewayError("upstream_invalid", "The provider's answer is no message of the Messages API.");
  const usage = isRecord(body.usage) ? body.usage : undefined;
  const serviceTier = stringOf(usage?.service_tier);
  const rest = restOf(body, MESSAGE);
  const usageRest = usage === undefined ? undefined : restOfUsage(usage);
  return {
    id: stringOf(body.id) ?? "",
    model: stringOf(body.model) ?? "",
    choices: [
      {
        index: 0,
        parts: arrayOf(body.content).filter(isRecord).map(readAnswerBlock),
        ...readStop(body),
      },
    ],
    ...(usage === undefined ? {} : { usage: readUsage(usage) }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...answerExtensions(rest, usageRest),
  };
}

/** What is kept of a whole answer, so that it comes back in this format. */
export function answerExtensions(
  rest: JsonObject | undefined,
  usage: JsonObject | undefined,
): { extensions?: Extensions } {
  if (usage === undefined) return extended(rest);
  return extended({ ...rest, usage });
}

/** Reads why the answer ended, of a message or of a `message_delta`'s delta. */
export function readStop(wire: JsonObject): {
  finish: ReturnType<typeof finishOf>;
  stopSequence?: string;
  extensions?: Extensions;
} {
  const { stop_reason, stop_details, container } = wire;
  const finish = finishOf(stop_reason);
  const stopSequence = stringOf(wire.stop_sequence);
  const kept = {
    ...(finish === "other" && typeof stop_reason === "string" ? { stop_reason } : {}),
    ...(stop_details === undefined || stop_details === null ? {} : { stop_details }),
    ...(container === undefined || container === null ? {} : { container }),
  };
  return {
    finish,
    ...(stopSequence === undefined ? {} : { stopSequence }),
    ...(Object.keys(kept).length === 0 ? {} : extended(kept)),
  };
}

const TEXT: ReadonlySet<string> = new Set(["type", "text", "citations"]);
const THINKING: ReadonlySet<string> = new Set(["type", "thinking", "signature"]);
const REDACTED: ReadonlySet<string> = new Set(["type", "data"]);
const TOOL_USE: ReadonlySet<string> = new Set(["type", "id", "name", "input"]);
const DIRECT_USE: ReadonlySet<string> = new Set([...TOOL_USE, "caller"]);

function isDirect(caller: unknown): boolean {
  return isExactly(caller, "type") && caller.type === "direct";
}

/** Members of a block that the neutral part has no place for. */
export function blockExtensions(block: JsonObject): { extensions?: Extensions } {
  switch (block.type) {
    case "text":
      // Null and an empty list say the same.
      return extended(restOf(block, TEXT));
    case "thinking":
      return extended(restOf(block, THINKING));
    case "redacted_thinking":
      return extended(restOf(block, REDACTED));
    case "tool_use":
      // That the model itself called is what every call says, unless it says otherwise.
      return extended(restOf(block, isDirect(block.caller) ? DIRECT_USE : TOOL_USE));
    default:
      return {};
  }
}

function readAnswerBlock(block: JsonObject): Part {
  const extensions = blockExtensions(block);
  switch (block.type) {
    case "text": {
      const citations = arrayOf(block.citations).filter(isRecord);
      return {
        kind: "text",
        text: stringOf(block.text) ?? "",
        ...(citations.length === 0 ? {} : { citations: citations.map(readCitation) }),
        ...extensions,
      };
    }
    case "thinking": {
      const seal = sealOf(stringOf(block.signature));
      return {
        kind: "reasoning",
        text: stringOf(block.thinking) ?? "",
        ...(seal === undefined ? {} : { seal }),
        ...extensions,
      };
    }
    case "redacted_thinking": {
      const seal = sealOf(stringOf(block.data));
      return {
        kind: "reasoning",
        text: "",
        redacted: true,
        ...(seal === undefined ? {} : { seal }),
        ...extensions,
      };
    }
    case "tool_use":
      return {
        kind: "tool-call",
        id: stringOf(block.id) ?? madeId(),
        name: stringOf(block.name) ?? "",
        arguments: argumentsOf(block.input),
        ...extensions,
      };
    default:
      return { kind: "native", format: FORMAT, type: stringOf(block.type) ?? "unknown", value: block };
  }
}

/** The arguments' text of an input, which is an object; some servers send the text itself. */
export function argumentsOf(input: unknown): string {
  if (typeof input === "string" && input !== "") return input;
  return JSON.stringify(isRecord(input) ? input : {});
}

/** An id for a call that came without one. */
export function madeId(): string {
  return `toolu_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
