import { DONE_FRAME, type Frame, sseFrame, toPieces } from "../frames.ts";
import { type JsonObject, objectOf } from "../json.ts";
import type { Answered, PlannedAnswer } from "../plan.ts";
import { splitTokens } from "../tokens.ts";
import { chatFinish, chatHead, chatUsage } from "./write.ts";

/** Whether the client asked for a last chunk with the usage. */
export function wantsUsage(body: JsonObject): boolean {
  return objectOf(body.stream_options)?.include_usage === true;
}

/** The chunks of a streamed Chat Completions answer, `[DONE]` included. */
export function* streamChat(answered: Answered): Generator<Frame> {
  const usage = wantsUsage(answered.body);
  const head = {
    ...chatHead(answered, "chat.completion.chunk"),
    service_tier: "default",
    system_fingerprint: "fp_amsterdam_demo",
  };
  const tail = usage ? { usage: null } : {};
  for (const [index, answer] of answered.plan.answers.entries()) {
    const chunk = (delta: JsonObject, generated: boolean, finish: string | null = null) => {
      const choices = [{ index, delta, logprobs: null, finish_reason: finish }];
      return sseFrame({ ...head, choices, ...tail }, generated);
    };
    const content = answer.calls.length > 0 || answer.finish === "refusal" ? null : "";
    yield chunk({ role: "assistant", content, refusal: null }, false);
    for (const delta of deltas(answer)) yield chunk(delta, true);
    yield chunk({}, false, chatFinish(answer));
  }
  if (usage) yield sseFrame({ ...head, choices: [], usage: chatUsage(answered) });
  yield DONE_FRAME;
}

function* deltas(answer: PlannedAnswer): Generator<JsonObject> {
  for (const piece of splitTokens(answer.reasoning)) yield { reasoning_content: piece };
  const field = answer.finish === "refusal" ? "refusal" : "content";
  for (const piece of toPieces(splitTokens(answer.text))) yield { [field]: piece };
  for (const [index, call] of answer.calls.entries()) {
    const opening = { name: call.name, arguments: "" };
    yield { tool_calls: [{ index, id: `call_${call.id}`, type: "function", function: opening }] };
    for (const piece of splitTokens(JSON.stringify(call.args))) {
      yield { tool_calls: [{ index, function: { arguments: piece } }] };
    }
  }
}
