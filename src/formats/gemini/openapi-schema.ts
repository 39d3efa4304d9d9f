import { arrayOf, isRecord, type JsonObject, recordOf, stringOf } from "../../exchange/read.ts";
import type { JsonSchema } from "../../exchange/request.ts";
import { mapped } from "./schema.ts";

/** Deeper than any schema of use; what is below is left open, so that one that holds itself comes to an end. */
const MAX_DEPTH = 24;
/** More schemas than any of use has; references that multiply come to an end here. */
const MAX_SCHEMAS = 10_000;

/** Formats that `Schema` has; another one is refused. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ["date-time", "enum"],
  number: ["float", "double"],
  integer: ["int32", "int64"],
};
const TYPES = ["string", "number", "integer", "boolean", "array", "object"];

/**
 * Writes JSON Schema as OpenAPI's `Schema`, of which only what it has is taken: Google's API refuses a member that it
 * does not know. References are put in place, `const` and types in lists are said otherwise, and what cannot be said
 * is left open.
 */
export function writeSchema(schema: JsonSchema): JsonObject {
  return new SchemaWriter(schema).write(schema, 0, []);
}

class SchemaWriter {
  readonly #root: JsonSchema;
  #written = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** `within` are the references that `value` was reached through. */
  write(value: unknown, depth: number, within: readonly string[]): JsonObject {
    if (!isRecord(value) || depth > MAX_DEPTH || ++this.#written > MAX_SCHEMAS) return { type: "OBJECT" };
    if (typeof value.$ref === "string") return this.#reference(value.$ref, value, depth, within);
    const merged = allOf(value);
    const types = typesOf(merged);
    const [type] = types;
    if (types.length > 1) return this.#choice(merged, types, depth, within);
    const choices = [...arrayOf(merged.anyOf), ...arrayOf(merged.oneOf)];
    const known = choices.filter((choice) => !isNull(choice));
    const nullable = acceptsNull(merged) || known.length < choices.length ? { nullable: true } : {};
    const words = { ...text(merged, "title"), ...text(merged, "description") };
    if (known.length > 0 && type === undefined) {
      const written = known.map((choice) => this.write(choice, depth + 1, within));
      const [only] = written;
      if (written.length === 1) return { ...only, ...words, ...nullable };
      return { anyOf: written, ...words, ...nullable };
    }
    return { ...this.#ofType(type ?? guessedType(merged), merged, depth, within), ...words, ...nullable };
  }

  #ofType(type: string, schema: JsonObject, depth: number, within: readonly string[]): JsonObject {
    const written: Record<string, unknown> = { type: type.toUpperCase() };
    const format = stringOf(schema.format);
    if (format !== undefined && FORMATS[type]?.includes(format)) written.format = format;
    if (type === "string") {
      const values = (schema.const === undefined ? arrayOf(schema.enum) : [schema.const]).filter(
        (value) => typeof value === "string" && value !== "",
      );
      if (values.length > 0) Object.assign(written, { format: "enum", enum: values });
      if (typeof schema.pattern === "string") written.pattern = schema.pattern;
      Object.assign(written, counts(schema, ["minLength", "maxLength"]));
    }
    if (type === "number" || type === "integer") Object.assign(written, range(schema));
    if (type === "array") {
      written.items = this.write(schema.items ?? { type: "string" }, depth + 1, within);
      Object.assign(written, counts(schema, ["minItems", "maxItems"]));
    }
    if (type === "object" && isRecord(schema.properties)) {
      const properties = mapped(schema.properties, (property) => this.write(property, depth + 1, within));
      const required = arrayOf(schema.required).filter(
        (name) => typeof name === "string" && Object.hasOwn(properties, name),
      );
      if (Object.keys(properties).length > 0) written.properties = properties;
      if (required.length > 0) written.required = required;
    }
    return written;
  }

  #choice(
    schema: JsonObject,
    types: readonly string[],
    depth: number,
    within: readonly string[],
  ): JsonObject {
    const anyOf = types.map((type) => this.#ofType(type, schema, depth, within));
    const nullable = acceptsNull(schema) ? { nullable: true } : {};
    return { anyOf, ...text(schema, "title"), ...text(schema, "description"), ...nullable };
  }

  #reference(
    reference: string,
    { description }: JsonObject,
    depth: number,
    within: readonly string[],
  ): JsonObject {
    const target = within.includes(reference) ? undefined : this.#find(reference);
    const words = typeof description === "string" ? { description } : {};
    if (target === undefined) return { type: "OBJECT", ...words };
    return { ...this.write(target, depth + 1, [...within, reference]), ...words };
  }

  /** Where a reference within the schema points to (RFC 6901). */
  #find(reference: string): unknown {
    if (!reference.startsWith("#")) return undefined;
    let found: unknown = this.#root;
    for (const step of reference.slice(1).split("/").slice(1)) {
      const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
      found = isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined;
    }
    return found;
  }
}

/** The schema with its `allOf` put into one; where two say something of the same member, the last does. */
function allOf(schema: JsonObject): JsonObject {
  const { allOf: all, ...own } = schema;
  if (!Array.isArray(all)) return schema;
  let merged: JsonObject = {};
  for (const part of [...all.filter(isRecord), own]) {
    const properties = { ...recordOf(merged.properties), ...recordOf(part.properties) };
    const required = [...arrayOf(merged.required), ...arrayOf(part.required)];
    merged = {
      ...merged,
      ...part,
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required } : {}),
    };
  }
  return merged;
}

/** The types that the schema names, without `null`. */
function typesOf(schema: JsonObject): string[] {
  const named = Array.isArray(schema.type) ? schema.type : [schema.type];
  return named.filter((type) => TYPES.includes(type as string)) as string[];
}

function acceptsNull(schema: JsonObject): boolean {
  return (Array.isArray(schema.type) && schema.type.includes("null")) || arrayOf(schema.enum).includes(null);
}

function isNull(schema: unknown): boolean {
  return isRecord(schema) && (schema.type === "null" || schema.const === null);
}

function guessedType(schema: JsonObject): string {
  if (schema.items !== undefined) return "array";
  const [value] = schema.const === undefined ? arrayOf(schema.enum) : [schema.const];
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return typeof value;
  return "object";
}

function text(schema: JsonObject, key: string): JsonObject {
  const value = schema[key];
  return typeof value === "string" && value !== "" ? { [key]: value } : {};
}

function counts(schema: JsonObject, keys: readonly string[]): JsonObject {
  const given = keys.filter((key) => Number.isInteger(schema[key]));
  return Object.fromEntries(given.map((key) => [key, String(schema[key])]));
}

/** Bounds that are excluded are written as included: one value more is allowed than was meant. */
function range(schema: JsonObject): JsonObject {
  const minimum = schema.minimum ?? schema.exclusiveMinimum;
  const maximum = schema.maximum ?? schema.exclusiveMaximum;
  return {
    ...(typeof minimum === "number" ? { minimum } : {}),
    ...(typeof maximum === "number" ? { maximum } : {}),
  };
}
