import { DemoError } from "../errors.ts";
import { type JsonObject, objectOf, objectsOf, stringOf } from "../json.ts";
import type { PastReader } from "../recall.ts";

export const MESSAGES_PAST: PastReader = {
  sealKind: "thinking",
  refusal: "messages: Invalid `signature` in `thinking` block",
  rounds(body) {
    const messages = objectsOf(body.messages);
    const first = messages.findLastIndex(isPrompt) + 1;
    const last = messages.findLastIndex(({ role }) => role === "assistant");
    if (last >= first && objectOf(body.thinking)?.type === "enabled") requireThinking(messages[last]!, last);
    return messages.slice(first).flatMap((message, offset) => {
      const blocks = objectsOf(message.content);
      const uses = blocks.filter(({ type }) => type === "tool_use");
      if (message.role !== "assistant" || uses.length === 0) return [];
      const index = first + offset;
      requireResults(uses, messages[index + 1], index);
      const thinking = blocks.find(({ type }) => type === "thinking");
      return [
        {
          calls: uses.map(pastCall),
          seal: stringOf(thinking?.signature),
          sealedText: stringOf(thinking?.thinking) ?? "",
        },
      ];
    });
  },
};

/** A user's turn that brings no results. */
function isPrompt({ role, content }: JsonObject): boolean {
  return role === "user" && !objectsOf(content).some(({ type }) => type === "tool_result");
}

function pastCall({ id, name, input }: JsonObject) {
  return { id: (stringOf(id) ?? "").replace(/^toolu_01/, ""), name: stringOf(name) ?? "", args: input };
}

function requireResults(uses: readonly JsonObject[], next: JsonObject | undefined, index: number): void {
  const results = next?.role === "user" ? objectsOf(next.content) : [];
  const found = new Set(results.map((block) => block.tool_use_id));
  const missing = uses.map(({ id }) => id).filter((id) => !found.has(id));
  if (missing.length === 0) return;
  throw new DemoError(
    400,
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}.`,
  );
}

/** The API looks at the answer that is gone on with, not at those before it. */
function requireThinking({ content }: JsonObject, index: number): void {
  const first = objectsOf(content)[0]?.type;
  if (first === "thinking" || first === "redacted_thinking") return;
  throw new DemoError(
    400,
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`.`,
  );
}
