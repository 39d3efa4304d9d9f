import { makeId } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { Answered, PlannedAnswer } from "../plan.ts";
import { sealOf } from "../recall.ts";

/** The body of a generateContent answer that is not streamed. */
export function writeContent(answered: Answered): JsonObject {
  const candidates = answered.plan.answers.map((answer, index) => ({
    ...(answer.finish !== "refusal" && { content: { parts: contentParts(answer), role: "model" } }),
    ...candidateEnd(answer),
    index,
  }));
  return { candidates, usageMetadata: usageMetadata(answered), ...contentTail(answered) };
}

/** The fields after the usage, in the body and in each streamed chunk. */
export function contentTail({ ask, seed }: Answered): JsonObject {
  return { modelVersion: ask.model, responseId: makeId(seed, "", "answer", 23) };
}

/** The parts of a candidate; a signature stands on the part that follows the thoughts. */
export function contentParts(answer: PlannedAnswer): JsonObject[] {
  const parts: JsonObject[] = answer.calls.map(({ name, args }) => ({ functionCall: { name, args } }));
  if (parts.length === 0 && (answer.text !== "" || answer.finish === "stop"))
    parts.push({ text: answer.text });
  if (answer.reasons && parts[0]) parts[0].thoughtSignature = sealOf("thought", "", answer.calls);
  if (answer.reasoning !== "") parts.unshift({ text: answer.reasoning, thought: true });
  return parts;
}

/** Why the candidate ended. Tool calls end with STOP in this API. */
export function candidateEnd(answer: PlannedAnswer): JsonObject {
  if (answer.finish === "length") return { finishReason: "MAX_TOKENS" };
  if (answer.finish === "refusal") {
    const category = "HARM_CATEGORY_DANGEROUS_CONTENT";
    const safetyRatings = [{ category, probability: "HIGH", blocked: true }];
    return { finishReason: "SAFETY", safetyRatings, finishMessage: answer.text };
  }
  const called = answer.finish === "tool-calls" && { finishMessage: "Model generated function call(s)." };
  return { finishReason: "STOP", ...called };
}

/** Token counts; `spoken` is how many answer tokens have been sent so far, all unless given. */
export function usageMetadata({ ask, plan }: Answered, spoken?: number): JsonObject {
  const answer = spoken ?? plan.outputTokens - plan.reasoningTokens;
  return {
    promptTokenCount: ask.input.total,
    ...(answer > 0 && { candidatesTokenCount: answer }),
    totalTokenCount: ask.input.total + answer + plan.reasoningTokens,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: ask.input.total }],
    ...(plan.reasoningTokens > 0 && { thoughtsTokenCount: plan.reasoningTokens }),
  };
}
