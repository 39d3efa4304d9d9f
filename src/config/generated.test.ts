import { describe, expect, test } from "bun:test";
import { configJsonSchema, editorJsonSchema, type JsonSchema, schemaAt } from "./json-schema.ts";
import { configTable } from "./table.ts";

function everySetting(schema: JsonSchema, path = ""): [string, JsonSchema][] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, value]) =>
    everySetting(value, `${path}.${name}`),
  );
  const entry = schema.items ?? schema.additionalProperties;
  const entries = typeof entry === "object" ? everySetting(entry, `${path}[]`) : [];
  return [[path, schema], ...below, ...entries];
}

test("every setting says what it means", () => {
  const silent = everySetting(configJsonSchema()).filter(
    ([path, schema]) => path !== "" && !path.endsWith("[]") && !schema.description,
  );
  expect(silent.map(([path]) => path)).toEqual([]);
});

test("a schema is found by the path of a value", () => {
  expect(schemaAt(["endpoints", 3, "retry", "max_attempts"])).toMatchObject({ maximum: 10 });
  expect(schemaAt(["providers", "any", "breaker"])?.properties).toHaveProperty("window");
  expect(schemaAt(["nothing", "below"])).toBeUndefined();
});

describe("the schema for editors", () => {
  const properties = editorJsonSchema().properties ?? {};

  test("lets any value be read from the environment, and headings stand alone", () => {
    expect(properties.server?.type).toEqual(["object", "null"]);
    expect(properties.server?.properties?.port?.anyOf).toEqual([
      { type: "integer", minimum: 0, maximum: 65_535 },
      { type: "string", pattern: "\\$\\{" },
    ]);
  });

  test("refuses unknown keys and knows methods in both cases", () => {
    const endpoint = properties.endpoints?.items;
    expect(endpoint?.additionalProperties).toBe(false);
    expect(endpoint?.required).toEqual(["path", "target_url"]);
    expect(endpoint?.properties?.method?.anyOf?.[0]?.enum).toContain("patch");
  });
});

test("the table has a row for every setting, with its type, default and meaning", () => {
  const rows = configTable().split("\n");
  expect(rows).toContain(
    "| `server.port` | whole number, 0 to 65535 | `3000` | Port to listen on; 0 takes a free one. PORT in the environment wins. |",
  );
  expect(rows).toContain(
    "| `endpoints[].path` | text | required | Exact path, or with wildcards: `*`, `{*rest}`, `{name}`. |",
  );
  expect(rows.some((row) => row.startsWith("| `providers.<name>.base_url` | URL |"))).toBe(true);
  expect(rows).toContain(
    "| `endpoints[].retry` | mapping, as `global_retry` |  | In place of global_retry. |",
  );
  expect(new Set(rows).size).toBe(rows.length);
});
