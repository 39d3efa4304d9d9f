/** Stands in front of a digit that says what it stands for. JSON text never holds it unescaped. */
const ESCAPE = "\u001a";

/** PostgreSQL has no character 0 in its texts; clients may send one. It is kept as two characters. */
export function toDatabaseText(text: string): string {
  if (!text.includes("\0") && !text.includes(ESCAPE)) return text;
  return text.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll("\0", `${ESCAPE}0`);
}

/** The text that `toDatabaseText` was given. */
export function fromDatabaseText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(`${ESCAPE}0`, "\0").replaceAll(`${ESCAPE}1`, ESCAPE);
}

/**
 * JSON text whose strings PostgreSQL can take apart: as `toDatabaseText` would have them, and what is no text in UTF-8
 * replaced. Many rows at once are handed over so in a third of the time that arrays take.
 */
export function toDatabaseJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  if (!json.includes("\\u0000") && !json.includes("\\u001a") && !json.includes("\\ud")) return json;
  return JSON.stringify(rows, (_, value) =>
    typeof value === "string" ? toDatabaseText(value.toWellFormed()) : value,
  );
}
