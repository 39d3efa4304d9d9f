import { type Ask, type OutputShape, type ReasoningWish, type ToolChoice, wholeNumber } from "../ask.ts";
import { type Attachment, fromUrl, kindOf } from "../attachments.ts";
import { type JsonObject, objectOf, objectsOf, stringOf, stringsOf } from "../json.ts";
import { openaiModel, refuseField, requireField, textOf } from "../openai-body.ts";
import { countInput } from "../tokens.ts";

/** OpenAI refuses a smaller `max_output_tokens`. */
const LEAST_OUTPUT_TOKENS = 16;

/** Reads an OpenAI Responses request. @throws DemoError 400 when the API would refuse it. */
export function readResponses(body: JsonObject): Ask {
  const model = openaiModel(body);
  const input = readInput(body);
  const prompt = input.findLast((item) => item.role === "user")?.content;
  const { names, choice } = readToolChoice(body.tool_choice);
  const tools = objectsOf(body.tools)
    .filter((tool) => tool.type === "function")
    .map((tool) => ({ name: stringOf(tool.name) ?? "", schema: tool.parameters }))
    .filter((tool) => names === undefined || names.includes(tool.name));
  return {
    model,
    prompt: textOf(prompt),
    toolResults: lastToolResults(input),
    attachments: objectsOf(prompt).flatMap(readAttachment),
    tools,
    toolChoice: choice,
    parallelCalls: body.parallel_tool_calls !== false,
    reasoning: readReasoning(objectOf(body.reasoning)),
    output: readOutput(objectOf(objectOf(body.text)?.format)),
    maxTokens: wholeNumber(body, "max_output_tokens", LEAST_OUTPUT_TOKENS),
    stop: [],
    count: 1,
    input: { total: countInput([body.instructions, input, body.tools]), cached: 0, cacheWritten: 0 },
  };
}

function readInput(body: JsonObject): JsonObject[] {
  requireField(body, "input");
  if (typeof body.input === "string") return [{ role: "user", content: body.input }];
  if (!Array.isArray(body.input) || body.input.length === 0) {
    refuseField("input", "a string or an array with at least one item");
  }
  for (const [index, entry] of body.input.entries()) {
    const item = objectOf(entry);
    if (!item || (item.type === undefined && item.role === undefined)) {
      refuseField(`input[${index}]`, "an item with a type or a role");
    }
  }
  return body.input as JsonObject[];
}

function lastToolResults(input: readonly JsonObject[]): string[] {
  const isOutput = ({ type }: JsonObject) =>
    type === "function_call_output" || type === "custom_tool_call_output";
  const start = input.findLastIndex((item) => !isOutput(item)) + 1;
  return input.slice(start).map((item) => textOf(item.output));
}

function readAttachment(part: JsonObject): Attachment[] {
  if (part.type === "input_image") return [fromUrl("image", stringOf(part.image_url) ?? "")];
  if (part.type !== "input_file") return [];
  const attachment = fromUrl("file", stringOf(part.file_data) ?? stringOf(part.file_url) ?? "");
  return [{ ...attachment, kind: kindOf(attachment.type) }];
}

function readToolChoice(value: unknown): { choice: ToolChoice; names?: string[] } {
  if (value === "none" || value === "required") return { choice: value };
  const choice = objectOf(value);
  if (choice?.type === "function") return { choice: "required", names: stringsOf(choice.name) };
  if (choice?.type !== "allowed_tools") return { choice: "auto" };
  const names = objectsOf(choice.tools).flatMap((tool) => stringsOf(tool.name));
  return { choice: choice.mode === "required" ? "required" : "auto", names };
}

/** The text of the reasoning is given only as a summary, and only when one is asked for. */
function readReasoning(reasoning: JsonObject | undefined): ReasoningWish {
  if (!reasoning || reasoning.effort === "none") return "none";
  if (reasoning.summary) return "shown";
  return reasoning.effort ? "hidden" : "none";
}

function readOutput(format: JsonObject | undefined): OutputShape {
  if (format?.type === "json_object") return { kind: "json" };
  return format?.type === "json_schema" ? { kind: "schema", schema: format.schema } : { kind: "text" };
}
