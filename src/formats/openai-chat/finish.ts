import type { FinishReason } from "../../exchange/response.ts";

/** `finish_reason` as OpenAI has it, and as other providers of this format do. */
const READ: ReadonlyMap<unknown, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
  // Mistral: out of the model's window.
  ["model_length", "context"],
  ["refusal", "refusal"],
  // Words of the models behind, which some gateways hand through.
  ["end_turn", "stop"],
  ["eos", "stop"],
  ["max_tokens", "length"],
  ["tool_use", "tool-calls"],
]);

/**
 * Why an answer ended. A model that was told which function to call ends with `stop`, and some providers end so after
 * every call: it waits for the result all the same.
 */
export function readFinish(reason: unknown, hasCalls: boolean): FinishReason {
  const read = READ.get(reason) ?? "other";
  if (hasCalls && (read === "stop" || read === "other")) return "tool-calls";
  return read === "tool-calls" && !hasCalls ? "stop" : read;
}

const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  context: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "content_filter",
  pause: "stop",
  other: "stop",
};

/** `finish_reason`; `legacy` where the client asked with functions and not with tools. */
export function writeFinish(reason: FinishReason, hasCalls: boolean, legacy: boolean): string {
  const written = WRITTEN[reason];
  if (hasCalls && (written === "stop" || written === "tool_calls"))
    return legacy ? "function_call" : "tool_calls";
  return written === "tool_calls" ? "stop" : written;
}
