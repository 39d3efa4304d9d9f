import { isObject, type JsonObject } from "./input.ts";

/** Characters of a tool's result that are kept where short ones are wished. */
const SHORT_RESULT = 2000;

/** A thread as text that models and people read: who said what, which tools were called, and what they gave. */
export function threadMarkdown(thread: JsonObject, shortResults: boolean): string {
  const { title, id, messages } = thread;
  const head = `# ${typeof title === "string" ? title : "Untitled"}\n\nThread ${String(id)}\n`;
  const said = Array.isArray(messages) ? messages.filter(isObject) : [];
  return [head, ...said.map((message) => messageText(message, shortResults))].join("\n");
}

function messageText({ role, content }: JsonObject, shortResults: boolean): string {
  const blocks = Array.isArray(content) ? content.filter(isObject) : [{ type: "text", text: content }];
  const name = role === "assistant" ? "Assistant" : "User";
  return [`## ${name}\n`, ...blocks.map((block) => blockText(block, shortResults))].join("\n");
}

function blockText(block: JsonObject, shortResults: boolean): string {
  switch (block.type) {
    case "text":
      return `${String(block.text ?? "")}\n`;
    case "tool_use":
      return `**Tool call: ${String(block.name)}**\n\n${fenced(block.input)}`;
    case "tool_result":
      return `**Tool result**\n\n${fenced(block.run ?? block.content, shortResults ? SHORT_RESULT : Infinity)}`;
    default:
      // What a model thought is not part of what was said, and pictures are no text.
      return "";
  }
}

/** As JSON in a fence that is longer than any within it. */
function fenced(value: unknown, longest = Infinity): string {
  const text = JSON.stringify(value ?? null, null, 2);
  const shown = text.length > longest ? `${text.slice(0, longest).toWellFormed()}… (shortened)` : text;
  const inner = shown.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...inner.map((run) => run.length + 1)));
  return `${fence}json\n${shown}\n${fence}\n`;
}
