import type { DemoError } from "../errors.ts";
import { DONE_FRAME, type Frame, sseFrame, toPieces } from "../frames.ts";
import type { JsonObject } from "../json.ts";
import type { Answered, PlannedAnswer, PlannedCall } from "../plan.ts";
import { splitTokens } from "../tokens.ts";
import {
  callItem,
  contentPart,
  finalStatus,
  hasMessage,
  messageItem,
  outputItems,
  reasoningItem,
  writeResponse,
} from "./write.ts";

/** An event before it gets its `sequence_number`. */
type Event = JsonObject & { type: string };

/** The events of a streamed Responses answer, numbered from 0. */
export function* streamResponses(answered: Answered): Generator<Frame> {
  let sequence = 0;
  for (const event of events(answered)) {
    const numbered = { ...event, sequence_number: sequence++ };
    yield sseFrame(numbered, event.type.endsWith(".delta"), event.type);
  }
  yield DONE_FRAME;
}

/** An `error` event and the `response.failed` that follows it, in one piece. */
export function failResponses(answered: Answered, error: DemoError, sent: number): Frame {
  const details = { type: "server_error", code: "server_error", message: error.message, param: null };
  const failed = {
    ...writeResponse(answered, "failed", []),
    error: { code: "server_error", message: error.message },
  };
  const first = sseFrame({ type: "error", sequence_number: sent, error: details }, false, "error");
  const type = "response.failed";
  const second = sseFrame({ type, sequence_number: sent + 1, response: failed }, false, type);
  return { text: first.text + second.text, delta: false };
}

function* events(answered: Answered): Generator<Event> {
  const answer = answered.plan.answers[0]!;
  yield { type: "response.created", response: writeResponse(answered, "in_progress", []) };
  yield { type: "response.in_progress", response: writeResponse(answered, "in_progress", []) };
  let index = 0;
  if (answer.reasons) yield* reasoningEvents(answered, answer.reasoning, index++);
  if (hasMessage(answer)) yield* messageEvents(answered, answer, index++);
  for (const call of answer.calls) yield* callEvents(answered, call, index++);
  const status = finalStatus(answered);
  yield { type: `response.${status}`, response: writeResponse(answered, status, outputItems(answered)) };
}

function* reasoningEvents(answered: Answered, text: string, output_index: number): Generator<Event> {
  const item = reasoningItem(answered, text);
  yield { type: "response.output_item.added", output_index, item: reasoningItem(answered, "") };
  if (text !== "") {
    const place = { item_id: item.id, output_index, summary_index: 0 };
    const part = { type: "summary_text", text };
    yield { type: "response.reasoning_summary_part.added", ...place, part: { ...part, text: "" } };
    for (const delta of splitTokens(text)) {
      yield { type: "response.reasoning_summary_text.delta", ...place, delta };
    }
    yield { type: "response.reasoning_summary_text.done", ...place, text };
    yield { type: "response.reasoning_summary_part.done", ...place, part };
  }
  yield { type: "response.output_item.done", output_index, item };
}

function* messageEvents(answered: Answered, answer: PlannedAnswer, output_index: number): Generator<Event> {
  const refused = answer.finish === "refusal";
  const part = contentPart(answer, answer.text);
  const item = messageItem(answered, answer.finish === "length" ? "incomplete" : "completed", [part]);
  const place = { item_id: item.id, output_index, content_index: 0 };
  const kind = refused ? "response.refusal" : "response.output_text";
  const logprobs = refused ? {} : { logprobs: [] };
  const opened = messageItem(answered, "in_progress", []);
  yield { type: "response.output_item.added", output_index, item: opened };
  yield { type: "response.content_part.added", ...place, part: contentPart(answer, "") };
  for (const delta of toPieces(splitTokens(answer.text))) {
    yield { type: `${kind}.delta`, ...place, delta, ...logprobs };
  }
  yield { type: `${kind}.done`, ...place, [refused ? "refusal" : "text"]: answer.text, ...logprobs };
  yield { type: "response.content_part.done", ...place, part };
  yield { type: "response.output_item.done", output_index, item };
}

function* callEvents(answered: Answered, call: PlannedCall, output_index: number): Generator<Event> {
  const args = JSON.stringify(call.args);
  const item = callItem(answered, call, args, "completed");
  const place = { item_id: item.id, output_index };
  const opened = callItem(answered, call, "", "in_progress");
  yield { type: "response.output_item.added", output_index, item: opened };
  for (const delta of splitTokens(args)) {
    yield { type: "response.function_call_arguments.delta", ...place, delta };
  }
  yield { type: "response.function_call_arguments.done", ...place, name: call.name, arguments: args };
  yield { type: "response.output_item.done", output_index, item };
}
