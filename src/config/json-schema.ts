import { z } from "zod";
import { configSchema, METHODS } from "./schema.ts";

/** The part of JSON Schema that the configuration's definition makes use of. */
export interface JsonSchema {
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  examples?: readonly unknown[];
  enum?: readonly unknown[];
  pattern?: string;
  format?: string;
  properties?: Record<string, JsonSchema>;
  required?: readonly string[];
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  minLength?: number;
  /** Of a value that may be anything. */
  $ref?: string;
  $schema?: string;
  title?: string;
}

let made: JsonSchema | undefined;

/** The configuration file as JSON Schema (draft 2020-12), as an author writes it: whatever has a default may be left out. */
export function configJsonSchema(): JsonSchema {
  made ??= z.toJSONSchema(configSchema, {
    io: "input",
    override: (node) => describeMethod(node.zodSchema, node.jsonSchema),
  }) as JsonSchema;
  return made;
}

/** Methods are upper-cased before they are compared, a step that JSON Schema has no word for. */
function describeMethod(zodSchema: z.core.$ZodTypes, jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (zodSchema._zod.def.type !== "pipe") return;
  delete jsonSchema.type;
  jsonSchema.enum = [...METHODS, ...METHODS.map((method) => method.toLowerCase())];
}

/** What may stand at a path: list indexes and names of providers, routes and headers as the author chose them. */
export function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  let at: JsonSchema | undefined = configJsonSchema();
  for (const step of path) {
    const below: JsonSchema | boolean | undefined =
      typeof step === "number" ? at?.items : (at?.properties?.[String(step)] ?? at?.additionalProperties);
    at = typeof below === "object" ? below : undefined;
  }
  return at;
}

/** Text that reads the environment, which the gateway turns into the number, boolean or choice that is wanted. */
const FROM_ENVIRONMENT: JsonSchema = { type: "string", pattern: "\\$\\{" };

/** `configJsonSchema` for editors: every value may also be read from the environment, and a heading may stand alone. */
export function editorJsonSchema(): JsonSchema {
  const { $schema, ...schema } = configJsonSchema();
  return { $schema: $schema ?? "", title: "Amsterdam configuration", ...forEditor(schema) };
}

function forEditor(schema: JsonSchema): JsonSchema {
  const { description, default: fallback, examples, ...rules } = schema;
  const documented = {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(examples === undefined ? {} : { examples }),
  };
  const below = bodyForEditor(schema);
  if (below !== undefined) return { ...documented, ...rules, type: [String(schema.type), "null"], ...below };
  // "uri" is stricter in editors than the rule that is applied here.
  const { format: _, ...plain } = rules;
  return { ...documented, anyOf: [plain, FROM_ENVIRONMENT] };
}

/** What a mapping or a list holds; undefined for a single value. */
function bodyForEditor(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) {
    const properties = Object.entries(schema.properties).map(([name, value]) => [name, forEditor(value)]);
    return { properties: Object.fromEntries(properties) };
  }
  if (schema.items !== undefined) return { items: forEditor(schema.items) };
  if (typeof schema.additionalProperties !== "object") return undefined;
  return { additionalProperties: forEditor(schema.additionalProperties) };
}
