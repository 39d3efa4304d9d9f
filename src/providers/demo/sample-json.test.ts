import { expect, test } from "bun:test";
import { sampleJson } from "./sample-json.ts";
import { samplePattern } from "./sample-pattern.ts";

test("required properties are given and optional ones left out", () => {
  const properties = { a: { type: "string" }, b: { type: "number" } };
  expect(sampleJson({ type: "object", properties, required: ["b"] })).toEqual({ b: 1 });
  expect(sampleJson({ type: "object", properties })).toEqual({ a: "sample a", b: 1 });
});

test("const, enum and default come before the type", () => {
  expect(sampleJson({ type: "string", const: "x" })).toBe("x");
  expect(sampleJson({ type: "string", enum: ["first", "second"] })).toBe("first");
  expect(sampleJson({ type: "integer", default: 7 })).toBe(7);
});

test("numbers keep their bounds and steps", () => {
  expect(sampleJson({ type: "integer", minimum: 5 })).toBe(5);
  expect(sampleJson({ type: "integer", maximum: -3 })).toBe(-3);
  expect(sampleJson({ type: "integer", exclusiveMinimum: 5 })).toBe(6);
  expect(sampleJson({ type: "number", minimum: 11, multipleOf: 5 })).toBe(15);
});

test("strings keep their lengths, formats and patterns", () => {
  expect(sampleJson({ type: "string", maxLength: 3 })).toBe("sam");
  expect((sampleJson({ type: "string", minLength: 30 }) as string).length).toBe(30);
  expect(sampleJson({ type: "string", format: "date" })).toBe("2026-01-15");
  expect(sampleJson({ type: "string", pattern: "^[A-Z]{3}-\\d{4}$" })).toBe("AAA-1111");
});

test("arrays have enough items and not too many", () => {
  expect(sampleJson({ type: "array", items: { type: "boolean" }, minItems: 2 })).toEqual([true, true]);
  expect(sampleJson({ type: "array", items: { type: "boolean" }, maxItems: 0 })).toEqual([]);
  expect(sampleJson({ type: "array", prefixItems: [{ type: "null" }, { type: "integer" }] })).toEqual([
    null,
    1,
  ]);
});

test("references, alternatives, nullable types and Gemini's upper case are followed", () => {
  const $defs = { size: { enum: ["S", "M"] } };
  const properties = {
    size: { $ref: "#/$defs/size" },
    note: { type: ["null", "string"] },
    either: { anyOf: [{ type: "null" }, { type: "object", properties: { x: { type: "INTEGER" } } }] },
    both: { allOf: [{ properties: { p: { type: "string" } } }, { properties: { q: { type: "string" } } }] },
  };
  expect(sampleJson({ type: "OBJECT", properties, $defs })).toEqual({
    size: "S",
    note: "sample note",
    either: { x: 1 },
    both: { p: "sample p", q: "sample q" },
  });
});

test("a recursive schema ends, and one that multiplies stays small", () => {
  const node = {
    type: "object",
    properties: { child: { $ref: "#" }, name: { type: "string" } },
    required: ["name"],
  };
  expect(sampleJson(node)).toEqual({ name: "sample name" });
  const list = { type: "array", minItems: 100, items: { $ref: "#" } };
  expect(JSON.stringify(sampleJson(list)).length).toBeLessThan(20_000);
  expect(sampleJson({ $ref: "#" })).toBeNull();
});

test("a property named like a prototype's is an ordinary property", () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"integer"}},"required":["__proto__"]}',
  );
  expect(JSON.stringify(sampleJson(schema))).toBe('{"__proto__":1}');
});

test("texts for common patterns match them", () => {
  const patterns = [
    "^\\+?[1-9]\\d{1,14}$",
    "^(foo|bar)-[a-f0-9]{8}$",
    "^\\w+@\\w+\\.com$",
    "^[^a-z]+$",
    "^#?(?:[\\dA-F]{2}){3}$",
  ];
  for (const pattern of patterns) expect(samplePattern(pattern)).toMatch(new RegExp(pattern, "u"));
});

test("patterns beyond the generator give nothing, quickly", () => {
  for (const pattern of ["(", "^(?=a)b", "(a)\\1", "((a{1000}){1000}){1000}"]) {
    expect(samplePattern(pattern)).toBeUndefined();
  }
});
