import { DemoError } from "../errors.ts";
import { objectOf, objectsOf, stringOf } from "../json.ts";
import { parsedArguments } from "../openai-body.ts";
import type { PastReader } from "../recall.ts";

/** Chat has no place for a seal. */
export const CHAT_PAST: PastReader = {
  sealKind: undefined,
  refusal: "",
  rounds(body) {
    const messages = objectsOf(body.messages);
    const since = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
    return since.flatMap((message, index) => {
      const calls = objectsOf(message.tool_calls);
      if (calls.length === 0) return [];
      requireResults(
        calls.map(({ id }) => stringOf(id) ?? ""),
        resultsAfter(since, index),
      );
      return [{ calls: calls.map(pastCall), seal: undefined, sealedText: "" }];
    });
  },
};

function pastCall(call: Record<string, unknown>) {
  const { name, arguments: text } = objectOf(call.function) ?? {};
  return {
    id: (stringOf(call.id) ?? "").replace(/^call_/, ""),
    name: stringOf(name) ?? "",
    args: parsedArguments(text),
  };
}

function resultsAfter(messages: readonly Record<string, unknown>[], index: number): Set<unknown> {
  const rest = messages.slice(index + 1);
  const end = rest.findIndex(({ role }) => role !== "tool");
  return new Set((end < 0 ? rest : rest.slice(0, end)).map((message) => message.tool_call_id));
}

function requireResults(ids: readonly string[], found: ReadonlySet<unknown>): void {
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length === 0) return;
  throw new DemoError(
    400,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. Missing: ${missing.join(", ")}`,
    { param: "messages" },
  );
}
