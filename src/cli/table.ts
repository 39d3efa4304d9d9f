/** `2026-12-31 18:00 UTC`. */
export function renderDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `2026-12-31 18:00:05`. */
export function renderSecond(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** `850 ms`, `12.3 s`, `4 min 5 s`. */
export function renderMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `$0.0123`: below a dollar three digits that say something, however small; `-` where it is not known. */
export function renderCost(usd: number | null): string {
  if (usd === null) return "-";
  if (usd === 0 || usd >= 1) return `$${usd.toFixed(2)}`;
  return `$${Number(usd.toPrecision(3)).toFixed(Math.min(9, 2 - Math.floor(Math.log10(usd))))}`;
}

/** What clients wrote, without characters that would steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "�");
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
