import { stringify } from "yaml";
import { configJsonSchema, type JsonSchema } from "./json-schema.ts";

const INTRODUCTION = `# Amsterdam's configuration. Every setting has a default, shown here in lines that begin with "#" and no space;
# take that "#" away, and the one of the heading above it, to change a setting. Text may read the environment:
# \${NAME}, or \${NAME:-default}. "amsterdam check" says whether the file is valid; a running gateway reloads it.
`;

/** A configuration file with every setting in comments, each with its meaning and its default or an example. */
export function configTemplate(schemaReference: string): string {
  const sections = Object.entries(configJsonSchema().properties ?? {}).map(([name, schema]) => {
    const settings = render(name, { ...schema, description: "" }, undefined).map((line) => `#${line}`);
    return [...comment(schema.description), ...settings, ""].join("\n");
  });
  return `${[`# yaml-language-server: $schema=${schemaReference}`, "", INTRODUCTION, ...sections].join("\n").trimEnd()}\n`;
}

/** The lines of one setting, without indentation of its own. `example` is its value in the example around it. */
function render(name: string, schema: JsonSchema, example: unknown): string[] {
  const value = example ?? schema.examples?.[0] ?? schema.default;
  const entry = schema.items ?? schema.additionalProperties;
  if (schema.properties !== undefined && (value !== undefined || hasExample(schema))) {
    return [...comment(schema.description), `${name}:`, ...indent(renderSettings(schema, value))];
  }
  if (typeof entry === "object" && entry.properties !== undefined) {
    return [...comment(schema.description), `${name}:`, ...renderEntries(entry, value)];
  }
  if (value === undefined) return comment(`${name}: ${schema.description ?? ""}`);
  const flow = stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
  return [...comment(schema.description), `${name}: ${flow}`];
}

function hasExample(schema: JsonSchema): boolean {
  return Object.values(schema.properties ?? {}).some((below) => below.examples !== undefined);
}

function renderSettings(schema: JsonSchema, example: unknown): string[] {
  const values = (example ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(schema.properties ?? {}).flatMap(([name, below]) =>
    render(name, below, values[name]),
  );
}

/** The entries of a list, or of a mapping by name. */
function renderEntries(entry: JsonSchema, examples: unknown): string[] {
  if (Array.isArray(examples)) {
    return examples.flatMap((example) => ["  -", ...indent(indent(renderSettings(entry, example)))]);
  }
  return Object.entries(examples ?? {}).flatMap(([name, example]) =>
    indent([`${name}:`, ...indent(renderSettings(entry, example))]),
  );
}

function comment(text: string | undefined): string[] {
  return text ? [`# ${text}`] : [];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
