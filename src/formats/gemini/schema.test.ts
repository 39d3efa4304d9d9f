import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeSchema } from "./openapi-schema.ts";
import { readSchema, writeJsonSchema } from "./schema.ts";

describe("JSON Schema as it is sent", () => {
  test("stays as it is, for what is not known is passed over", () => {
    const schema = { type: "object", $comment: "c", properties: { a: { enum: [1], uniqueItems: true } } };
    expect(writeJsonSchema(schema, true)).toBe(schema);
  });

  test("has no words beside a reference", () => {
    const schema = {
      type: "object",
      properties: {
        a: { $ref: "#/$defs/A", description: "d" },
        b: { $ref: "#/$defs/A" },
        $ref: { type: "string" },
      },
      $defs: { A: { type: "string" } },
    };
    expect(writeJsonSchema(schema, true)).toEqual({
      ...schema,
      properties: { ...schema.properties, a: { description: "d", anyOf: [{ $ref: "#/$defs/A" }] } },
    });
  });

  test("is of an object where it is a function's", () => {
    expect(writeJsonSchema({}, true)).toEqual({ type: "object" });
    expect(writeJsonSchema({}, false)).toEqual({});
  });
});

describe("Schema", () => {
  test.each<[string, object, object]>([
    [
      "types in capitals",
      { type: "integer", format: "int32", minimum: 1 },
      { type: "INTEGER", format: "int32", minimum: 1 },
    ],
    ["null among types", { type: ["string", "null"] }, { type: "STRING", nullable: true }],
    ["several types", { type: ["string", "number"] }, { anyOf: [{ type: "STRING" }, { type: "NUMBER" }] }],
    [
      "null among choices",
      { anyOf: [{ type: "string" }, { type: "null" }] },
      { type: "STRING", nullable: true },
    ],
    [
      "oneOf",
      { oneOf: [{ type: "string" }, { type: "number" }] },
      { anyOf: [{ type: "STRING" }, { type: "NUMBER" }] },
    ],
    ["const", { const: "a" }, { type: "STRING", format: "enum", enum: ["a"] }],
    ["enumerations of numbers", { type: "integer", enum: [1, 2] }, { type: "INTEGER" }],
    [
      "enumerations without a type",
      { enum: ["a", null] },
      { type: "STRING", format: "enum", enum: ["a"], nullable: true },
    ],
    ["formats that it lacks", { type: "string", format: "uri" }, { type: "STRING" }],
    ["bounds that are excluded", { type: "number", exclusiveMinimum: 0 }, { type: "NUMBER", minimum: 0 }],
    ["lists of anything", { type: "array" }, { type: "ARRAY", items: { type: "STRING" } }],
    [
      "what it has no word for",
      {
        type: "array",
        uniqueItems: true,
        $comment: "c",
        contains: {},
        items: { type: "object", propertyNames: {}, additionalProperties: false },
      },
      { type: "ARRAY", items: { type: "OBJECT" } },
    ],
    [
      "allOf",
      { allOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { properties: { b: {} } }] },
      { type: "OBJECT", properties: { a: { type: "STRING" }, b: { type: "OBJECT" } }, required: ["a"] },
    ],
    [
      "required properties that do not exist",
      { type: "object", properties: { a: { type: "string" } }, required: ["a", "toString"] },
      { type: "OBJECT", properties: { a: { type: "STRING" } }, required: ["a"] },
    ],
    [
      "references",
      {
        properties: { a: { $ref: "#/$defs/x~1y", description: "d" } },
        $defs: { "x/y": { type: "boolean" } },
      },
      { type: "OBJECT", properties: { a: { type: "BOOLEAN", description: "d" } } },
    ],
    [
      "references to itself",
      { type: "object", properties: { next: { $ref: "#" } } },
      { type: "OBJECT", properties: { next: { type: "OBJECT", properties: { next: { type: "OBJECT" } } } } },
    ],
    ["references to nothing", { $ref: "https://example.com/a" }, { type: "OBJECT" }],
  ])("%s", (_, schema, expected) => {
    expect(writeSchema(schema as Record<string, unknown>)).toEqual(expected as never);
  });

  /** All that Google's API knows; another member is a 400. */
  const KNOWN = new Set([
    ...[
      "type",
      "format",
      "title",
      "description",
      "nullable",
      "enum",
      "items",
      "properties",
      "required",
      "anyOf",
    ],
    ...["minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "pattern"],
  ]);

  function unknownIn(schema: unknown): string[] {
    if (typeof schema !== "object" || schema === null) return [`${schema}`];
    return Object.entries(schema).flatMap(([key, value]) => {
      if (!KNOWN.has(key)) return [key];
      if (key === "properties") return Object.values(value as object).flatMap(unknownIn);
      if (key === "anyOf") return (value as unknown[]).flatMap(unknownIn);
      return key === "items" ? unknownIn(value) : [];
    });
  }

  test("holds nothing that Google's API does not know, whatever it is made of", () => {
    const word = fc.constantFrom(
      ...[
        "type",
        "properties",
        "items",
        "anyOf",
        "allOf",
        "oneOf",
        "$ref",
        "enum",
        "const",
        "required",
        "not",
        "if",
      ],
      ...[
        "additionalProperties",
        "uniqueItems",
        "propertyNames",
        "$comment",
        "minLength",
        "format",
        "__proto__",
      ],
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>("string", "object", "array", "null", "#", "#/properties/a", 1, null, true),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(fc.tuple(word, tie("value")), { maxLength: 4 }).map(Object.fromEntries),
      ),
    }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, value), { maxLength: 5 }), (members) => {
        const written = writeSchema(Object.fromEntries(members));
        expect(unknownIn(written)).toEqual([]);
        expect(readSchema(written)).toBeObject();
      }),
      { numRuns: 500 },
    );
  });

  test("references that multiply come to an end", () => {
    const level = (next: number) => {
      const names = Array.from({ length: 20 }, (_, n) => [`p${n}`, { $ref: `#/$defs/l${next}` }]);
      return { properties: Object.fromEntries(names) };
    };
    const $defs = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`l${n}`, level(n + 1)]));
    const before = performance.now();
    writeSchema({ $ref: "#/$defs/l0", $defs });
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});
