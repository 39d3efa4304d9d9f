import { isRecord, type JsonObject } from "../../exchange/read.ts";

/**
 * The object with the names of its members in camel case: Google's API takes `system_instruction` for
 * `systemInstruction`, as every proto3 API does. Members that are null are as if they were not there. Only this
 * object's own members are renamed, for what is below may be the client's (arguments, a schema).
 */
export function camelCased(object: JsonObject): JsonObject {
  if (Object.entries(object).every(([key, value]) => value !== null && !isSnake(key))) return object;
  const entries = Object.entries(object).filter(([, value]) => value !== null);
  // From entries, since assigning to `__proto__` would set a prototype in place of a member.
  return Object.fromEntries(entries.map(([key, value]) => [isSnake(key) ? camel(key) : key, value]));
}

/** The same of a value that may be no object: then undefined. */
export function camelCasedOf(value: unknown): JsonObject | undefined {
  return isRecord(value) ? camelCased(value) : undefined;
}

function isSnake(key: string): boolean {
  return key.indexOf("_") > 0;
}

function camel(key: string): string {
  const [first, ...rest] = key.split("_");
  return first + rest.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

/** A model's name without the resource's path before it: `models/gemini-2.5-pro` and the like. */
export function bareModel(name: string): string {
  return name.startsWith("models/") ? name.slice("models/".length) : name;
}

/** A model's name with the path that a body wants before it. */
export function modelResource(model: string): string {
  return model.includes("/") ? model : `models/${model}`;
}
