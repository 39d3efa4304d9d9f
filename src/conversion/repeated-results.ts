import type { ToolResultPart } from "../exchange/parts.ts";
import type { GenerateRequest, Message } from "../exchange/request.ts";

/**
 * The request with each tool result once: Gemini CLI sends those of a conversation that it resumed twice, which APIs
 * refuse where a call has one result. One that says something else than the first is left for the target's codec.
 */
export function withoutRepeatedResults(request: GenerateRequest): GenerateRequest {
  const answered = new Map<string, Answered>();
  let repeats = 0;
  const messages = request.messages.map((message): Message => {
    const parts = message.parts.filter((part) => {
      if (part.kind === "tool-call") openCall(answered, part.id);
      const isRepeat = part.kind === "tool-result" && repeatsAnswer(answered.get(part.callId), part);
      if (isRepeat) repeats++;
      return !isRepeat;
    });
    return { ...message, parts };
  });
  if (repeats === 0) return request;
  return { ...request, messages: messages.filter(({ role, parts }) => role !== "tool" || parts.length > 0) };
}

/** Calls of one id that wait for their results, and the result that the last one got. */
interface Answered {
  open: number;
  result: string | null;
}

function openCall(answered: Map<string, Answered>, id: string): void {
  const calls = answered.get(id);
  if (calls === undefined) answered.set(id, { open: 1, result: null });
  else calls.open++;
}

function repeatsAnswer(calls: Answered | undefined, { parts, isError }: ToolResultPart): boolean {
  if (calls === undefined) return false;
  const result = JSON.stringify([parts, isError]);
  if (calls.open === 0) return result === calls.result;
  calls.open--;
  calls.result = result;
  return false;
}
