/** A column's type where its name does not tell it. */
type Types = Readonly<Partial<Record<string, "integer" | "boolean" | "float8">>>;

const NUMBER = /_(?:at|ms|usd|tokens)$|^(?:request|response)_bytes$/;

/** Rows that a statement is handed over as JSON text of a list, its first value: as `item`, in FROM. Others are text. */
export function itemsOf(columns: readonly string[], types: Types): string {
  const typed = columns.map(
    (column) => `${column} ${types[column] ?? (NUMBER.test(column) ? "float8" : "text")}`,
  );
  return `json_to_recordset($1::text::json) AS item (${typed.join(", ")})`;
}

/** A row for `itemsOf`. */
export function named(columns: readonly string[], values: readonly unknown[]): object {
  const row: Record<string, unknown> = {};
  for (let column = 0; column < values.length; column++) row[columns[column]!] = values[column];
  return row;
}
