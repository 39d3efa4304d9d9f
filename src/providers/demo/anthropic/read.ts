import { type Ask, type OutputShape, type ReasoningWish, type ToolChoice, wholeNumber } from "../ask.ts";
import { type Attachment, fromBase64, fromUrl } from "../attachments.ts";
import { DemoError } from "../errors.ts";
import type { ReadContext } from "../format.ts";
import { type JsonObject, objectOf, objectsOf, stringOf, stringsOf } from "../json.ts";

const ROLES = new Set(["user", "assistant", "system"]);
const LEAST_THINKING_BUDGET = 1024;

/** Reads an Anthropic Messages request. @throws DemoError 400 when the API would refuse it. */
export function readMessages(body: JsonObject, context: ReadContext): Ask {
  refuseThread(body.thread);
  const base = readPrompt(body, context);
  if (body.max_tokens === undefined) refuse("max_tokens: Field required");
  const maxTokens = wholeNumber(body, "max_tokens", 1);
  const choice = objectOf(body.tool_choice);
  const forced = choice?.type === "tool" ? stringOf(choice.name) : undefined;
  return {
    ...base,
    tools: base.tools.filter((tool) => forced === undefined || tool.name === forced),
    toolChoice: readToolChoice(choice),
    parallelCalls: choice?.disable_parallel_tool_use !== true,
    reasoning: readThinking(objectOf(body.thinking), maxTokens),
    output: readOutput(objectOf(objectOf(body.output_config)?.format) ?? objectOf(body.output_format)),
    maxTokens,
    stop: stringsOf(body.stop_sequences),
  };
}

/** The demo keeps nothing. The SDKs know by these details that they are to send the whole conversation. */
function refuseThread(thread: unknown): void {
  if (thread === undefined || thread === null) return;
  throw new DemoError(400, "thread: The demo keeps no conversations.", {
    anthropic: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
  });
}

/** What counting tokens needs of a request: everything but limits and wishes. */
export function readPrompt(body: JsonObject, context: ReadContext): Ask {
  const model = stringOf(body.model);
  if (!model) refuse("model: Field required");
  const messages = checkMessages(body.messages);
  const tools = objectsOf(body.tools);
  const turn = blocksOf(messages.findLast((message) => message.role === "user")?.content);
  const contents = messages.flatMap((message) => blocksOf(message.content));
  return {
    model,
    prompt: textOf(turn),
    toolResults: messages.at(-1)?.role === "user" ? toolResults(turn) : [],
    attachments: turn.flatMap(readAttachment),
    tools: tools
      .filter((tool) => objectOf(tool.input_schema) !== undefined)
      .map((tool) => ({ name: stringOf(tool.name) ?? "", schema: tool.input_schema })),
    toolChoice: "auto",
    parallelCalls: true,
    reasoning: "none",
    output: { kind: "text" },
    maxTokens: undefined,
    stop: [],
    count: 1,
    input: context.cache.measure([...tools, ...blocksOf(body.system), ...contents]),
  };
}

function checkMessages(value: unknown): JsonObject[] {
  if (value === undefined) refuse("messages: Field required");
  if (!Array.isArray(value) || value.length === 0) refuse("messages: at least one message is required");
  for (const [index, message] of value.entries()) {
    const role = stringOf(objectOf(message)?.role);
    if (!role || !ROLES.has(role)) refuse(`messages.${index}.role: Input should be 'user' or 'assistant'`);
  }
  return value as JsonObject[];
}

function refuse(message: string): never {
  throw new DemoError(400, message);
}

/** Content as blocks; a string is one text block. */
function blocksOf(content: unknown): JsonObject[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : objectsOf(content);
}

function textOf(blocks: readonly JsonObject[]): string {
  return blocks.flatMap((block) => (block.type === "text" ? stringsOf(block.text) : [])).join("\n");
}

function toolResults(blocks: readonly JsonObject[]): string[] {
  return blocks.filter(({ type }) => type === "tool_result").map(({ content }) => textOf(blocksOf(content)));
}

function readAttachment(block: JsonObject): Attachment[] {
  if (block.type !== "image" && block.type !== "document") return [];
  const kind = block.type === "image" ? "image" : "file";
  const source = objectOf(block.source) ?? {};
  const type = stringOf(source.media_type);
  const data = stringOf(source.data);
  if (source.type === "text" && data !== undefined) return [{ kind, type, bytes: Buffer.byteLength(data) }];
  return [
    data === undefined ? fromUrl(kind, stringOf(source.url) ?? "", type) : fromBase64(kind, type, data),
  ];
}

function readToolChoice(choice: JsonObject | undefined): ToolChoice {
  if (choice?.type === "none") return "none";
  return choice?.type === "any" || choice?.type === "tool" ? "required" : "auto";
}

function readThinking(thinking: JsonObject | undefined, maxTokens: number | undefined): ReasoningWish {
  if (thinking?.type !== "enabled" && thinking?.type !== "adaptive") return "none";
  if (thinking.type === "enabled") {
    const budget = wholeNumber(thinking, "budget_tokens", LEAST_THINKING_BUDGET);
    if (budget === undefined) refuse("thinking.enabled.budget_tokens: Field required");
    if (maxTokens !== undefined && budget >= maxTokens) {
      refuse("`max_tokens` must be greater than `thinking.budget_tokens`.");
    }
  }
  return thinking.display === "omitted" ? "hidden" : "shown";
}

function readOutput(format: JsonObject | undefined): OutputShape {
  return format?.type === "json_schema" ? { kind: "schema", schema: format.schema } : { kind: "text" };
}
