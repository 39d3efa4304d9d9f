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
