import { type Frame, sseFrame, toPieces } from "../frames.ts";
import { type JsonObject, stringOf } from "../json.ts";
import type { Answered } from "../plan.ts";
import { splitTokens } from "../tokens.ts";
import { contentBlocks, deltaUsage, messageEnd, messageHead, messageUsage } from "./write.ts";

/** The events of a streamed Messages answer. */
export function* streamMessage(answered: Answered): Generator<Frame> {
  const answer = answered.plan.answers[0]!;
  yield event({ type: "message_start", message: startMessage(answered) });
  const blocks = contentBlocks(answer);
  if (blocks.length === 0) yield event({ type: "ping" });
  for (const [index, block] of blocks.entries()) {
    yield event({ type: "content_block_start", index, content_block: emptied(block) });
    if (index === 0) yield event({ type: "ping" });
    for (const delta of deltas(block)) yield event({ type: "content_block_delta", index, delta }, true);
    yield event({ type: "content_block_stop", index });
  }
  yield event({ type: "message_delta", delta: messageEnd(answer), usage: deltaUsage(answered) });
  yield event({ type: "message_stop" });
}

function event(payload: JsonObject & { type: string }, delta = false): Frame {
  return sseFrame(payload, delta, payload.type);
}

function startMessage(answered: Answered): JsonObject {
  const end = { stop_reason: null, stop_sequence: null, stop_details: null, container: null };
  return { ...messageHead(answered), content: [], ...end, usage: messageUsage(answered, 1) };
}

/** The block as it is announced, before its deltas. */
function emptied(block: JsonObject): JsonObject {
  if (block.type === "thinking") return { ...block, thinking: "", signature: "" };
  return block.type === "tool_use" ? { ...block, input: {} } : { ...block, text: "" };
}

function* deltas(block: JsonObject): Generator<JsonObject> {
  if (block.type === "thinking") {
    for (const thinking of splitTokens(stringOf(block.thinking) ?? ""))
      yield { type: "thinking_delta", thinking };
    yield { type: "signature_delta", signature: block.signature };
  } else if (block.type === "tool_use") {
    yield { type: "input_json_delta", partial_json: "" };
    for (const piece of argumentPieces(block.input)) yield { type: "input_json_delta", partial_json: piece };
  } else {
    for (const text of toPieces(splitTokens(stringOf(block.text) ?? ""))) yield { type: "text_delta", text };
  }
}

/** A tool without arguments gets only the first, empty delta. */
function argumentPieces(input: unknown): string[] {
  const args = JSON.stringify(input);
  return args === "{}" ? [] : splitTokens(args);
}
