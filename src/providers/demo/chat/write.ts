import { createdAt, makeId } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { Answered, PlannedAnswer, PlannedFinish } from "../plan.ts";

const FINISH: Record<PlannedFinish, string> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  refusal: "stop",
};

/** The body of a Chat Completions answer that is not streamed. */
export function writeChat(answered: Answered): JsonObject {
  return {
    ...chatHead(answered, "chat.completion"),
    choices: answered.plan.answers.map(choice),
    usage: chatUsage(answered),
    service_tier: "default",
    system_fingerprint: "fp_amsterdam_demo",
  };
}

/** The fields that the answer and each of its chunks begin with. */
export function chatHead({ ask, seed }: Answered, object: string, prefix = "chatcmpl-"): JsonObject {
  return { id: makeId(seed, prefix, "answer", 29), object, created: createdAt(seed), model: ask.model };
}

function choice(answer: PlannedAnswer, index: number): JsonObject {
  const refused = answer.finish === "refusal";
  const content = refused || answer.calls.length > 0 ? null : answer.text;
  return {
    index,
    message: {
      role: "assistant",
      content,
      ...(answer.reasoning && { reasoning_content: answer.reasoning }),
      ...(answer.calls.length > 0 && { tool_calls: answer.calls.map(toolCall) }),
      refusal: refused ? answer.text : null,
      annotations: [],
    },
    logprobs: null,
    finish_reason: chatFinish(answer),
  };
}

function toolCall({ id, name, args }: PlannedAnswer["calls"][number]): JsonObject {
  return { id: `call_${id}`, type: "function", function: { name, arguments: JSON.stringify(args) } };
}

export function chatFinish(answer: PlannedAnswer): string {
  return FINISH[answer.finish];
}

/** Token counts as Chat and the older Completions API tell them. */
export function chatUsage({ ask, plan }: Answered): JsonObject {
  return {
    prompt_tokens: ask.input.total,
    completion_tokens: plan.outputTokens,
    total_tokens: ask.input.total + plan.outputTokens,
    prompt_tokens_details: { cached_tokens: ask.input.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: plan.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
