import { type Message, turnOf } from "../../records/conversation.ts";
import type { RecordedBodies, RequestRecord } from "../../records/record.ts";
import { finishReason } from "../gen-ai.ts";

/** What was said, as JSON texts of the shape that the GenAI conventions give `gen_ai.input.messages` and the like. */
export interface SaidMessages {
  /** Null where it is longer than collectors take, or nothing is known of it. */
  readonly input: string | null;
  readonly output: string | null;
}

/** Longest text of an attribute, in characters. */
const MAX_TEXT = 128 * 1024;

/** Reads what was said from the bodies as they are stored: cut, and with what is to be redacted taken out. */
export function messagesOf(record: RequestRecord, bodies: RecordedBodies): SaidMessages | null {
  const { said } = turnOf(record, bodies, null);
  if (said === null) return null;
  const finish = finishReason(record.finish ?? "other");
  const { messages, answer } = said;
  const isSilent = answer === null || answer.parts.length === 0;
  return {
    input: bounded(messages.map(messageOf)),
    output: isSilent ? null : bounded([{ ...messageOf(answer), finish_reason: finish }]),
  };
}

function bounded(messages: readonly object[]): string | null {
  const text = JSON.stringify(messages);
  return text.length <= MAX_TEXT ? text : null;
}

function messageOf({ role, parts }: Message) {
  return { role, parts: parts.map(partOf) };
}

function partOf({ kind, text, name, call_id: id }: Message["parts"][number]): object {
  switch (kind) {
    case "text":
    case "reasoning":
      return { type: kind, content: text };
    case "refusal":
      return { type: "text", content: text };
    case "tool-call":
      return { type: "tool_call", id, name, arguments: text };
    case "tool-result":
      return { type: "tool_call_response", id, response: text };
    case "media":
    case "native":
      return { type: kind, name };
  }
}
