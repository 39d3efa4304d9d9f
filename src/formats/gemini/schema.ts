import { isRecord, type JsonObject, recordOf, stringOf } from "../../exchange/read.ts";
import type { JsonSchema } from "../../exchange/request.ts";

/** Deeper than any schema of use; what is below is left open. */
const MAX_DEPTH = 24;

/** Members of `Schema` that mean the same in JSON Schema. `propertyOrdering` only sorts. */
const SAME = [
  "title",
  "description",
  "enum",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "default",
  "required",
];
/** Counts, which `Schema` writes as int64, that is as text. */
const COUNTS = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/** Reads OpenAPI's `Schema` in Google's form (types in capitals, `nullable`) as JSON Schema. */
export function readSchema(value: unknown, depth = 0): JsonSchema {
  const schema = recordOf(value);
  if (schema === undefined || depth > MAX_DEPTH) return {};
  const read: Record<string, unknown> = {};
  const type = stringOf(schema.type)?.toLowerCase();
  const nullable = schema.nullable === true;
  if (type !== undefined && type !== "type_unspecified") read.type = nullable ? [type, "null"] : type;
  for (const key of SAME) if (schema[key] !== undefined) read[key] = schema[key];
  if (nullable && Array.isArray(schema.enum)) read.enum = [...schema.enum, null];
  // Of Google's own, to say that `enum` counts; no format of JSON Schema.
  if (read.format === "enum") delete read.format;
  for (const key of COUNTS) {
    const given = schema[key] ?? schema[snake(key)];
    if (given !== undefined && Number.isFinite(Number(given))) read[key] = Number(given);
  }
  const { properties, items, example } = schema;
  const anyOf = schema.anyOf ?? schema.any_of;
  if (isRecord(properties))
    read.properties = mapped(properties, (property) => readSchema(property, depth + 1));
  if (items !== undefined) read.items = readSchema(items, depth + 1);
  if (Array.isArray(anyOf)) read.anyOf = anyOf.map((choice) => readSchema(choice, depth + 1));
  if (example !== undefined) read.examples = [example];
  // Some clients write JSON Schema where Schema is due, and it is often understood.
  if (schema.additionalProperties !== undefined) read.additionalProperties = schema.additionalProperties;
  return read;
}

/**
 * JSON Schema as Google's API takes it. It looks at what it knows and passes over the rest, but refuses words beside a
 * `$ref` (ai.google.dev/api, "responseJsonSchema"). Functions take an object, which a schema may leave unsaid.
 */
export function writeJsonSchema(schema: JsonSchema, ofFunction: boolean): JsonSchema {
  const written = withLoneRefs(schema, 0) as JsonSchema;
  const unsaid = written.type === undefined && written.$ref === undefined;
  return ofFunction && unsaid ? { type: "object", ...written } : written;
}

/** The schema with every `$ref` that has words beside it as the only choice of those words. */
function withLoneRefs(value: unknown, depth: number): unknown {
  if (depth > 4 * MAX_DEPTH) return value;
  if (Array.isArray(value))
    return same(
      value,
      value.map((item) => withLoneRefs(item, depth + 1)),
    );
  if (!isRecord(value)) return value;
  const { $ref, ...words } = value;
  if (typeof $ref === "string" && Object.keys(words).some((key) => !key.startsWith("$")))
    return words.anyOf === undefined ? { ...words, anyOf: [{ $ref }] } : { $ref };
  const written = mapped(value, (member) => withLoneRefs(member, depth + 1));
  return Object.keys(value).every((key) => value[key] === written[key]) ? value : written;
}

/** `before` itself where nothing changed, for most schemas need no copy. */
function same(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return before.every((item, index) => item === after[index]) ? before : after;
}

/** From entries, since assigning to `__proto__` would set a prototype in place of a property. */
export function mapped(object: JsonObject, map: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
