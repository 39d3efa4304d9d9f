import { isRecord, type JsonObject } from "../../exchange/read.ts";

/** Deeper schemas are not strict ones: OpenAI takes ten levels. */
const MAX_DEPTH = 10;

/**
 * Whether OpenAI takes the schema with `strict: true` as it is (OpenAI's guide to structured outputs): every object
 * lists all of its properties as required and allows no others.
 */
export function isStrictSchema(schema: JsonObject): boolean {
  return isStrict(schema, 0);
}

function isStrict(value: unknown, depth: number): boolean {
  if (!isRecord(value)) return false;
  if (depth > MAX_DEPTH) return false;
  if (isRecord(value.properties) || value.type === "object") {
    const properties = isRecord(value.properties) ? value.properties : {};
    const required = new Set(Array.isArray(value.required) ? value.required : []);
    if (value.additionalProperties !== false) return false;
    for (const [name, property] of Object.entries(properties))
      if (!required.has(name) || !isStrict(property, depth + 1)) return false;
  }
  if (value.items !== undefined && !isStrict(value.items, depth + 1)) return false;
  for (const key of ["anyOf", "$defs", "definitions"]) {
    const inner = value[key];
    if (inner === undefined) continue;
    for (const each of Object.values(inner ?? {})) if (!isStrict(each, depth + 1)) return false;
  }
  return value.allOf === undefined && value.oneOf === undefined;
}
