import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type { JsonSchema } from "../../exchange/request.ts";

/**
 * JSON Schema as Anthropic's constrained output takes it ("Structured outputs", "JSON Schema limitations", and the SDK's
 * `transformJSONSchema`): closed objects, `anyOf` in place of `oneOf`, and no bounds or patterns, which are told to the
 * model in the description. Null where a schema refers to itself, which is not taken at all.
 */
export function constrained(schema: JsonSchema): { schema: JsonObject; described: boolean } | null {
  if (isRecursive(schema)) return null;
  const state = { described: false };
  return { schema: constrain(schema, state), described: state.described };
}

const KEPT: ReadonlySet<string> = new Set([
  "$ref",
  "$schema",
  "$id",
  "type",
  "title",
  "description",
  "enum",
  "const",
  "default",
  "required",
]);
const FORMATS: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);

function constrain(schema: JsonObject, state: { described: boolean }): JsonObject {
  const result: [string, unknown][] = [];
  const described: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (KEPT.has(key) || (key === "format" && FORMATS.has(value)) || (key === "minItems" && isFew(value)))
      result.push([key, value]);
    else if (key === "properties" || key === "$defs" || key === "definitions")
      result.push([key, constrainAll(value, state)]);
    else if (key === "anyOf" || key === "oneOf" || key === "allOf")
      result.push([key === "oneOf" ? "anyOf" : key, listOf(value, state)]);
    else if (key === "items" && isRecord(value)) result.push([key, constrain(value, state)]);
    else if (key !== "additionalProperties") described.push(`${key}: ${JSON.stringify(value)}`);
  }
  const made = Object.fromEntries(result);
  if (schema.type === "object" || isRecord(schema.properties)) {
    made.additionalProperties = false;
    if (schema.additionalProperties !== false && schema.additionalProperties !== undefined)
      described.push(`additionalProperties: ${JSON.stringify(schema.additionalProperties)}`);
  }
  if (described.length > 0) {
    state.described = true;
    made.description = [schema.description, `{${described.join(", ")}}`]
      .filter((text) => typeof text === "string")
      .join("\n\n");
  }
  return made;
}

const isFew = (value: unknown): boolean => value === 0 || value === 1;

function constrainAll(value: unknown, state: { described: boolean }): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, isRecord(part) ? constrain(part, state) : part]),
  );
}

function listOf(value: unknown, state: { described: boolean }): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((part) => (isRecord(part) ? constrain(part, state) : part));
}

/** Whether following `$ref` from anywhere can lead back to where it began; references outwards count too. */
function isRecursive(schema: JsonSchema): boolean {
  const definitions = { ...recordAt(schema, "definitions"), ...recordAt(schema, "$defs") };
  const open = new Set<string>();
  const done = new Set<string>();
  const visit = (name: string): boolean => {
    if (open.has(name)) return true;
    if (done.has(name)) return false;
    open.add(name);
    const target = definitions[name];
    const found = target === undefined || referencesOf(target).some(visit);
    open.delete(name);
    done.add(name);
    return found;
  };
  return referencesOf(schema).some(visit);
}

function recordAt(schema: JsonObject, key: string): JsonObject {
  const value = schema[key];
  return isRecord(value) ? value : {};
}

/** The names of the definitions that are referred to anywhere in a value; what is no definition's name finds none. */
function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === "$ref" && typeof part === "string"
      ? [part.startsWith("#/") ? part.slice(part.lastIndexOf("/") + 1) : part]
      : key === "$defs" || key === "definitions"
        ? []
        : referencesOf(part),
  );
}

/**
 * A function's parameters as `input_schema` takes them: of type object, and no `anyOf`, `oneOf` or `allOf` at the top,
 * whose branches are laid over each other; `merged` says that this was done.
 */
export function inputSchema(parameters: JsonSchema | undefined): { schema: JsonObject; merged: boolean } {
  if (parameters === undefined) return { schema: { type: "object", properties: {} }, merged: false };
  const { anyOf, oneOf, allOf, ...rest } = parameters;
  const branches = [anyOf, oneOf, allOf].flatMap((list) =>
    Array.isArray(list) ? list.filter(isRecord) : [],
  );
  if (anyOf === undefined && oneOf === undefined && allOf === undefined) {
    return { schema: rest.type === "object" ? parameters : { ...rest, type: "object" }, merged: false };
  }
  const all = [rest, ...branches];
  const every = Array.isArray(allOf) ? all : [rest];
  return {
    schema: {
      ...rest,
      type: "object",
      properties: Object.fromEntries(all.flatMap((branch) => Object.entries(recordAt(branch, "properties")))),
      required: [...new Set(every.flatMap((branch) => branch.required ?? []))],
    },
    merged: true,
  };
}
