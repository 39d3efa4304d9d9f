import { DemoError } from "./errors.ts";
import { type JsonObject, objectsOf, stringOf } from "./json.ts";

/** The model that an OpenAI body names. @throws DemoError 400 without one. */
export function openaiModel(body: JsonObject): string {
  const model = stringOf(body.model);
  if (model) return model;
  throw new DemoError(400, "Missing required parameter: 'model'.", {
    param: "model",
    code: "missing_required_parameter",
  });
}

/** @throws DemoError 400 for a required field that is missing (undefined or null). */
export function requireField(body: JsonObject, field: string): void {
  if (body[field] !== undefined && body[field] !== null) return;
  throw new DemoError(400, `Missing required parameter: '${field}'.`, {
    param: field,
    code: "missing_required_parameter",
  });
}

/** @throws DemoError 400, always. */
export function refuseField(field: string, expected: string): never {
  throw new DemoError(400, `Invalid '${field}': expected ${expected}.`, {
    param: field,
    code: "invalid_value",
  });
}

/** Text of a message's content, be it a string or parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = objectsOf(content).map((part) => stringOf(part.text));
  return texts.filter((text) => text !== undefined).join("\n");
}

/** Arguments of a tool call; undefined when they are no JSON. */
export function parsedArguments(text: unknown): unknown {
  try {
    return JSON.parse(stringOf(text) ?? "");
  } catch {
    return undefined;
  }
}
