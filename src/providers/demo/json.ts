/** A parsed JSON object whose fields are not checked yet. */
export type JsonObject = Record<string, unknown>;

/** `value` when it is a JSON object (no array, no null), otherwise undefined. */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The objects in `value` when it is an array; whatever else stands there is passed over. */
export function objectsOf(value: unknown): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry) => objectOf(entry) !== undefined) as JsonObject[];
}

/** `value` when it is a string, otherwise undefined. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The strings in `value`: itself when it is one, its string members when it is an array. */
export function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
