/** `2026-12-31 18:00 UTC`. */
export function renderDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Rows of cells in aligned columns, the heads first. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column]!))));
  const pad = (cell: string, width: number) => cell + " ".repeat(width - Bun.stringWidth(cell));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => pad(cell, widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
