import { configJsonSchema, type JsonSchema } from "./json-schema.ts";

/** Every setting as a Markdown table: key (nested ones dotted), type, default, meaning. */
export function configTable(): string {
  const rows = Object.entries(configJsonSchema().properties ?? {}).flatMap(([key, schema]) =>
    rowsOf(key, schema),
  );
  return ["| Key | Type | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function rowsOf(key: string, schema: JsonSchema): string[] {
  const sameAs = key.includes(".") ? sectionLike(schema) : undefined;
  if (sameAs !== undefined) return [row(key, `mapping, as \`${sameAs}\``, schema)];
  if (schema.properties !== undefined) {
    const below = Object.entries(schema.properties).flatMap(([name, value]) =>
      rowsOf(`${key}.${name}`, value),
    );
    // A section that is always there says nothing that its settings do not say.
    return schema.default === undefined ? [row(key, "mapping", schema), ...below] : below;
  }
  const entry = schema.items ?? schema.additionalProperties;
  if (typeof entry !== "object") return [row(key, typeText(schema), schema)];
  if (entry.properties === undefined) return [row(key, typeText(schema), schema)];
  const prefix = schema.items === undefined ? `${key}.<name>` : `${key}[]`;
  const kind = schema.items === undefined ? "mapping by name" : "list";
  return [row(key, kind, schema), ...rowsBelow(prefix, entry)];
}

function rowsBelow(prefix: string, schema: JsonSchema): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, below]) => {
    const isRequired = schema.required?.includes(name) === true;
    return rowsOf(`${prefix}.${name}`, isRequired ? { ...below, default: REQUIRED } : below);
  });
}

const REQUIRED = Symbol("required");

/** The top-level section that has the same settings (retry, breaker), so that they are listed once. */
function sectionLike(schema: JsonSchema): string | undefined {
  if (schema.properties === undefined) return undefined;
  const wanted = JSON.stringify(schema.properties);
  const sections = Object.entries(configJsonSchema().properties ?? {});
  return sections.find(([, section]) => JSON.stringify(section.properties) === wanted)?.[0];
}

function row(key: string, type: string, schema: JsonSchema): string {
  return `| \`${key}\` | ${type} | ${defaultText(schema.default)} | ${(schema.description ?? "").replaceAll("|", "\\|")} |`;
}

function defaultText(value: unknown): string {
  if (value === REQUIRED) return "required";
  if (value === undefined || JSON.stringify(value) === "{}" || JSON.stringify(value) === "[]") return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

/** A setting's type and limits in words, for people. */
export function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) {
    const upper = new Set(schema.enum.map((value) => String(value).toUpperCase()));
    // Choices in either case are listed once.
    const choices = upper.size < schema.enum.length ? [...upper] : schema.enum.map(String);
    return choices.map((choice) => `\`${choice}\``).join(", ");
  }
  if (schema.$ref !== undefined) return "any value";
  if (schema.items !== undefined) return `list of ${typeText(schema.items)}`;
  if (typeof schema.additionalProperties === "object")
    return `mapping of ${typeText(schema.additionalProperties)}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "number" || schema.type === "integer") return numberText(schema);
  return schema.format === "uri" ? "URL" : "text";
}

function numberText(schema: JsonSchema): string {
  const kind = schema.type === "integer" ? "whole number" : "number";
  if (schema.minimum === undefined && schema.exclusiveMinimum === undefined) return kind;
  const least = schema.minimum === undefined ? `above ${schema.exclusiveMinimum}` : `${schema.minimum}`;
  // Where the schema gives no maximum, the library states the largest safe integer.
  if (schema.maximum === undefined || schema.maximum >= Number.MAX_SAFE_INTEGER)
    return `${kind}, from ${least}`;
  return `${kind}, ${least} to ${schema.maximum}`;
}
