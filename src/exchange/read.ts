import { GatewayError } from "./errors.ts";

/** A JSON object as it was parsed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Tolerant readers, for what a provider sent: what is not of the type is as if it were not there. */

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** A count or an index: a whole number from 0. A provider that tells another has told nothing. */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function recordOf(value: unknown): JsonObject | undefined {
  return isRecord(value) ? value : undefined;
}

/** Members of `object` that `known` does not name; undefined where there are none. */
export function restOf(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const rest = Object.entries(object).filter(([key]) => !known.has(key));
  // From entries, since assigning to `__proto__` would set a prototype in place of a member.
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** Strict readers, for what a client sent: null stands for absent, and another type is told with its place. */

/** A GatewayError that says what is wrong with the request at `param`, as `messages[2].content`. */
export function invalid(param: string, wanted: string): GatewayError {
  return new GatewayError("invalid_request", `${param} ${wanted}`, { param });
}

export function optionalString(value: unknown, param: string): string | undefined {
  return optional(value, param, typeof value === "string", "must be a string") as string | undefined;
}

export function optionalNumber(value: unknown, param: string): number | undefined {
  return optional(value, param, typeof value === "number", "must be a number") as number | undefined;
}

export function optionalBoolean(value: unknown, param: string): boolean | undefined {
  return optional(value, param, typeof value === "boolean", "must be true or false") as boolean | undefined;
}

export function optionalArray(value: unknown, param: string): readonly unknown[] | undefined {
  return optional(value, param, Array.isArray(value), "must be an array") as readonly unknown[] | undefined;
}

export function optionalRecord(value: unknown, param: string): JsonObject | undefined {
  return optional(value, param, isRecord(value), "must be an object") as JsonObject | undefined;
}

export function requiredString(value: unknown, param: string): string {
  return required(optionalString(value, param), param, "must be a string");
}

export function requiredArray(value: unknown, param: string): readonly unknown[] {
  return required(optionalArray(value, param), param, "must be an array");
}

export function requiredRecord(value: unknown, param: string): JsonObject {
  return required(optionalRecord(value, param), param, "must be an object");
}

function optional(value: unknown, param: string, fits: boolean, wanted: string): unknown {
  if (value === undefined || value === null) return undefined;
  if (!fits) throw invalid(param, wanted);
  return value;
}

function required<T>(value: T | undefined, param: string, wanted: string): T {
  if (value === undefined) throw invalid(param, wanted);
  return value;
}
