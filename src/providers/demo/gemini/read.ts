import {
  type Ask,
  MOST_ANSWERS,
  type OutputShape,
  type ReasoningWish,
  type ToolChoice,
  wholeNumber,
} from "../ask.ts";
import { type Attachment, fromBase64, fromUrl, kindOf } from "../attachments.ts";
import { DemoError } from "../errors.ts";
import type { ReadContext } from "../format.ts";
import { type JsonObject, objectOf, objectsOf, stringOf, stringsOf } from "../json.ts";
import { countInput } from "../tokens.ts";

const ROLES = new Set(["user", "model", "function"]);

/** Reads a Gemini generateContent request. @throws DemoError 400 when the API would refuse it. */
export function readContents(body: JsonObject, context: ReadContext): Ask {
  const contents = checkContents(body.contents);
  const turn = objectsOf(contents.findLast(({ role }) => role !== "model")?.parts);
  const config = objectOf(field(body, "generationConfig")) ?? {};
  const { choice, names } = readToolChoice(body);
  const wanted = { n: field(config, "candidateCount"), max: field(config, "maxOutputTokens") };
  return {
    model: context.pathModel ?? "",
    prompt: textOf(turn),
    toolResults: contents.at(-1)?.role === "model" ? [] : toolResults(turn),
    attachments: turn.flatMap(readAttachment),
    tools: readTools(body).filter(({ name }) => names === undefined || names.includes(name)),
    toolChoice: choice,
    parallelCalls: true,
    reasoning: readThinking(objectOf(field(config, "thinkingConfig"))),
    output: readOutput(config),
    maxTokens: wholeNumber({ maxOutputTokens: wanted.max }, "maxOutputTokens", 1),
    stop: stringsOf(field(config, "stopSequences")),
    count: wholeNumber({ candidateCount: wanted.n }, "candidateCount", 1, MOST_ANSWERS) ?? 1,
    input: { total: countPrompt(body), cached: 0, cacheWritten: 0 },
  };
}

/** Prompt tokens of a request; also what `countTokens` answers. */
export function countPrompt(body: JsonObject): number {
  return countInput([body.contents, field(body, "systemInstruction"), body.tools]);
}

/** The texts of a content's parts, thoughts left out. */
export function textOf(parts: readonly JsonObject[]): string {
  return parts.flatMap((part) => (part.thought === true ? [] : stringsOf(part.text))).join("\n");
}

/** Google's JSON parser takes camelCase and snake_case alike. */
function field(body: JsonObject, name: string): unknown {
  return body[name] ?? body[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function checkContents(value: unknown): JsonObject[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new DemoError(400, "* GenerateContentRequest.contents: contents is not specified\n");
  }
  for (const [index, content] of value.entries()) {
    const role = objectOf(content)?.role ?? "user";
    if (!ROLES.has(role as string)) {
      throw new DemoError(400, `contents[${index}].role: expected user or model.`);
    }
    if (objectsOf(objectOf(content)?.parts).length === 0) {
      throw new DemoError(400, `* GenerateContentRequest.contents[${index}].parts: must not be empty.\n`);
    }
  }
  return value as JsonObject[];
}

function toolResults(parts: readonly JsonObject[]): string[] {
  return parts.flatMap((part) => {
    const result = objectOf(field(part, "functionResponse"));
    return result ? [JSON.stringify(result.response ?? null)] : [];
  });
}

function readAttachment(part: JsonObject): Attachment[] {
  const inline = objectOf(field(part, "inlineData"));
  if (inline) {
    const type = stringOf(field(inline, "mimeType"));
    return [fromBase64(kindOf(type), type, stringOf(inline.data) ?? "")];
  }
  const file = objectOf(field(part, "fileData"));
  if (!file) return [];
  const type = stringOf(field(file, "mimeType"));
  return [fromUrl(kindOf(type), stringOf(field(file, "fileUri")) ?? "", type)];
}

function readTools(body: JsonObject) {
  const declarations = objectsOf(body.tools).flatMap((tool) =>
    objectsOf(field(tool, "functionDeclarations")),
  );
  return declarations.map((tool) => ({
    name: stringOf(tool.name) ?? "",
    schema: field(tool, "parametersJsonSchema") ?? tool.parameters,
  }));
}

/** Allowed names count only together with a mode that forces or checks calls. */
function readToolChoice(body: JsonObject): { choice: ToolChoice; names?: string[] } {
  const config = objectOf(field(objectOf(field(body, "toolConfig")) ?? {}, "functionCallingConfig")) ?? {};
  if (config.mode === "NONE") return { choice: "none" };
  const choice = config.mode === "ANY" ? "required" : "auto";
  const names = field(config, "allowedFunctionNames");
  const applies = config.mode === "ANY" || config.mode === "VALIDATED";
  return applies && Array.isArray(names) && names.length > 0
    ? { choice, names: stringsOf(names) }
    : { choice };
}

function readThinking(thinking: JsonObject | undefined): ReasoningWish {
  if (!thinking) return "none";
  const budget = field(thinking, "thinkingBudget");
  if (budget === 0) return "none";
  if (field(thinking, "includeThoughts") === true) return "shown";
  return budget !== undefined || field(thinking, "thinkingLevel") !== undefined ? "hidden" : "none";
}

function readOutput(config: JsonObject): OutputShape {
  const type = field(config, "responseMimeType");
  const schema =
    field(config, "responseJsonSchema") ?? config._responseJsonSchema ?? field(config, "responseSchema");
  if (type === "text/x.enum") return { kind: "enum", schema };
  if (type !== "application/json") return { kind: "text" };
  return schema === undefined ? { kind: "json" } : { kind: "schema", schema };
}
