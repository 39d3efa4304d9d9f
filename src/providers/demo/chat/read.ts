import { type Ask, MOST_ANSWERS, type OutputShape, type ToolChoice, wholeNumber } from "../ask.ts";
import { type Attachment, fromBase64, fromUrl, kindOf } from "../attachments.ts";
import { type JsonObject, objectOf, objectsOf, stringOf, stringsOf } from "../json.ts";
import { openaiModel, refuseField, requireField, textOf } from "../openai-body.ts";
import { countInput } from "../tokens.ts";

const ROLES = new Set(["developer", "system", "user", "assistant", "tool", "function"]);

/** Reads an OpenAI Chat Completions request. @throws DemoError 400 when the API would refuse it. */
export function readChat(body: JsonObject): Ask {
  const model = openaiModel(body);
  const messages = readMessages(body);
  const prompt = messages.findLast((message) => message.role === "user")?.content;
  const { names, choice } = readToolChoice(body.tool_choice);
  const tools = objectsOf(body.tools)
    .map((tool) => objectOf(tool.function))
    .filter((tool) => tool !== undefined)
    .map((tool) => ({ name: stringOf(tool.name) ?? "", schema: tool.parameters }))
    .filter((tool) => names === undefined || names.includes(tool.name));
  return {
    model,
    prompt: textOf(prompt),
    toolResults: lastToolResults(messages),
    attachments: objectsOf(prompt).flatMap(readAttachment),
    tools,
    toolChoice: choice,
    parallelCalls: body.parallel_tool_calls !== false,
    reasoning: wantsReasoning(body) ? "shown" : "none",
    output: readOutput(objectOf(body.response_format)),
    maxTokens: wholeNumber(body, "max_completion_tokens", 1) ?? wholeNumber(body, "max_tokens", 1),
    stop: stringsOf(body.stop),
    count: wholeNumber(body, "n", 1, MOST_ANSWERS) ?? 1,
    input: { total: countInput([messages, body.tools]), cached: 0, cacheWritten: 0 },
  };
}

function readMessages(body: JsonObject): JsonObject[] {
  requireField(body, "messages");
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    refuseField("messages", "an array with at least one message");
  }
  for (const [index, message] of body.messages.entries()) {
    const role = stringOf(objectOf(message)?.role);
    if (!role || !ROLES.has(role)) {
      refuseField(`messages[${index}].role`, `one of ${[...ROLES].join(", ")}`);
    }
  }
  return body.messages as JsonObject[];
}

function lastToolResults(messages: readonly JsonObject[]): string[] {
  const start = messages.findLastIndex(({ role }) => role !== "tool" && role !== "function") + 1;
  return messages.slice(start).map((message) => textOf(message.content));
}

function readAttachment(part: JsonObject): Attachment[] {
  if (part.type === "image_url") {
    const url = stringOf(objectOf(part.image_url)?.url) ?? stringOf(part.image_url) ?? "";
    return [fromUrl("image", url)];
  }
  if (part.type === "input_audio") {
    const audio = objectOf(part.input_audio) ?? {};
    return [fromBase64("audio", stringOf(audio.format), stringOf(audio.data) ?? "")];
  }
  if (part.type !== "file") return [];
  const file = objectOf(part.file) ?? {};
  const attachment = fromUrl("file", stringOf(file.file_data) ?? "");
  return [{ ...attachment, kind: kindOf(attachment.type) }];
}

function readToolChoice(value: unknown): { choice: ToolChoice; names?: string[] } {
  if (value === "none" || value === "required") return { choice: value };
  const choice = objectOf(value);
  if (choice?.type === "function") {
    return { choice: "required", names: stringsOf(objectOf(choice.function)?.name) };
  }
  if (choice?.type !== "allowed_tools") return { choice: "auto" };
  const allowed = objectOf(choice.allowed_tools) ?? choice;
  const names = objectsOf(allowed.tools).flatMap((tool) => stringsOf(objectOf(tool.function)?.name));
  return { choice: allowed.mode === "required" ? "required" : "auto", names };
}

/** OpenAI's own field, or the objects that other providers with this API take. */
function wantsReasoning(body: JsonObject): boolean {
  const effort = body.reasoning_effort ?? objectOf(body.reasoning)?.effort;
  if (effort !== undefined && effort !== null) return effort !== "none";
  return objectOf(body.reasoning) !== undefined || objectOf(body.thinking)?.type === "enabled";
}

function readOutput(format: JsonObject | undefined): OutputShape {
  if (format?.type === "json_object") return { kind: "json" };
  if (format?.type !== "json_schema") return { kind: "text" };
  return { kind: "schema", schema: objectOf(format.json_schema)?.schema };
}
