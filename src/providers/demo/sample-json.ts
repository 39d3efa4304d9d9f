import { type JsonObject, objectOf, stringsOf } from "./json.ts";
import { samplePattern } from "./sample-pattern.ts";

/** Deeper than this, optional properties are left out and arrays stay empty, so that recursion ends. */
const DEEPEST_OPTIONAL = 6;
/** A schema that requires itself has no finite value; here the demo gives null instead. */
const DEEPEST = 24;
/** Schemas that a client can write would otherwise multiply into gigabytes. */
const MOST_VALUES = 2000;

const FORMATS: Record<string, string> = {
  date: "2026-01-15",
  "date-time": "2026-01-15T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "sample@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
};

/**
 * A value that fits a JSON Schema (also Gemini's dialect with upper-case types), always the same one for the
 * same schema: the first enum member, the smallest number allowed, the required properties only.
 */
export function sampleJson(schema: unknown): unknown {
  return sample(schema, { root: schema, name: "value", depth: 0, budget: { left: MOST_VALUES } });
}

interface Place {
  readonly root: unknown;
  /** Property that the value is for; a sample string mentions it. */
  readonly name: string;
  readonly depth: number;
  /** Values that may still be made for the whole sample. */
  readonly budget: { left: number };
}

function sample(schema: unknown, place: Place): unknown {
  if (place.budget.left-- <= 0 || place.depth > DEEPEST) return null;
  const rules = objectOf(schema);
  if (!rules) return `sample ${place.name}`;
  if (typeof rules.$ref === "string") {
    return sample(follow(place.root, rules.$ref), { ...place, depth: place.depth + 1 });
  }
  if ("const" in rules) return rules.const;
  if (Array.isArray(rules.enum) && rules.enum.length > 0) return rules.enum[0];
  if ("default" in rules) return rules.default;
  const choice = alternatives(rules);
  if (choice) return sample(merge([withoutChoices(rules), choice]), { ...place, depth: place.depth + 1 });
  if (Array.isArray(rules.allOf)) {
    const parts = rules.allOf.map((part) => resolve(place.root, part));
    return sample(merge([withoutChoices(rules), ...parts]), { ...place, depth: place.depth + 1 });
  }
  return sampleType(typeOf(rules), rules, place);
}

function sampleType(type: string, rules: JsonObject, place: Place): unknown {
  if (type === "object") return sampleObject(rules, place);
  if (type === "array") return sampleArray(rules, place);
  if (type === "number" || type === "integer") return sampleNumber(rules, type === "integer");
  if (type === "boolean") return true;
  if (type === "null") return null;
  return sampleString(rules, place.name);
}

function typeOf(rules: JsonObject): string {
  const named = stringsOf(rules.type).map((type) => type.toLowerCase());
  const type = named.find((candidate) => candidate !== "null") ?? named[0];
  if (type) return type;
  if (rules.properties) return "object";
  if (rules.items ?? rules.prefixItems) return "array";
  return "string";
}

function sampleObject(rules: JsonObject, place: Place): JsonObject {
  const properties = objectOf(rules.properties) ?? {};
  const optional = place.depth < DEEPEST_OPTIONAL ? Object.keys(properties) : [];
  const names = Array.isArray(rules.required) ? stringsOf(rules.required) : optional;
  const result: JsonObject = {};
  for (const name of names) {
    const value = sample(properties[name], { ...place, name, depth: place.depth + 1 });
    Object.defineProperty(result, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return result;
}

function sampleArray(rules: JsonObject, place: Place): unknown[] {
  const inner = { ...place, depth: place.depth + 1 };
  if (Array.isArray(rules.prefixItems)) return rules.prefixItems.map((item) => sample(item, inner));
  const least = numberOf(rules.minItems) ?? 0;
  const most = numberOf(rules.maxItems) ?? Infinity;
  const wanted = Math.max(least, place.depth < DEEPEST_OPTIONAL ? 1 : 0);
  const length = Math.max(0, Math.min(wanted, most, place.budget.left));
  return Array.from({ length }, () => sample(rules.items, inner));
}

function sampleNumber(rules: JsonObject, whole: boolean): number {
  const step = numberOf(rules.multipleOf) ?? (whole ? 1 : 0);
  const above = numberOf(rules.exclusiveMinimum);
  const below = numberOf(rules.exclusiveMaximum);
  const least = numberOf(rules.minimum) ?? (above === undefined ? -Infinity : above + (step || 0.5));
  const most = numberOf(rules.maximum) ?? (below === undefined ? Infinity : below - (step || 0.5));
  const wanted = Math.min(Math.max(1, least), most);
  if (step === 0) return wanted;
  const rounded = Math.ceil(wanted / step) * step;
  return rounded > most ? Math.floor(most / step) * step : rounded;
}

function sampleString(rules: JsonObject, name: string): string {
  if (typeof rules.pattern === "string") return samplePattern(rules.pattern) ?? `sample ${name}`;
  const known = typeof rules.format === "string" ? FORMATS[rules.format] : undefined;
  if (known) return known;
  const least = Math.min(numberOf(rules.minLength) ?? 0, 1000);
  const most = numberOf(rules.maxLength) ?? Infinity;
  return `sample ${name}`.padEnd(least, ".").slice(0, most);
}

/** Gemini's JSON writes 64-bit numbers such as `minItems` as strings. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "string" && value !== "") return numberOf(Number(value));
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The first alternative that is not just null. */
function alternatives(rules: JsonObject): unknown {
  const list = rules.anyOf ?? rules.oneOf;
  if (!Array.isArray(list)) return undefined;
  return list.find((entry) => stringsOf(objectOf(entry)?.type)[0]?.toLowerCase() !== "null") ?? list[0];
}

function withoutChoices({ anyOf: _any, oneOf: _one, allOf: _all, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** Several schemas that all apply, as one. */
function merge(schemas: readonly unknown[]): JsonObject {
  let merged: JsonObject = {};
  for (const schema of schemas) {
    const next = objectOf(schema) ?? {};
    const required = [...stringsOf(merged.required), ...stringsOf(next.required)];
    const properties = { ...objectOf(merged.properties), ...objectOf(next.properties) };
    merged = { ...merged, ...next };
    if (Object.keys(properties).length > 0) merged.properties = properties;
    if (required.length > 0) merged.required = [...new Set(required)];
  }
  return merged;
}

function resolve(root: unknown, schema: unknown): unknown {
  const reference = objectOf(schema)?.$ref;
  return typeof reference === "string" ? follow(root, reference) : schema;
}

/** The schema that a local `#/…` reference names; anything else is taken as unrestricted. */
function follow(root: unknown, reference: string): unknown {
  if (!reference.startsWith("#")) return {};
  let found = root;
  for (const step of reference.split("/").slice(1)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    found = Array.isArray(found) ? found[Number(key)] : objectOf(found)?.[key];
  }
  return found ?? {};
}
