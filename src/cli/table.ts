/** `2026-12-31 18:00 UTC`. */
export function renderDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `2026-12-31 18:00:05`. */
export function renderSecond(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** `12-31 18:00`, where there is no room for more. */
export function renderMinute(time: number): string {
  return new Date(time).toISOString().slice("2026-".length, "2026-12-31T18:00".length).replace("T", " ");
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

/** `33.3 %` of a share from 0 to 1. */
export function renderShare(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** Text of several lines, without characters that would steer the terminal. */
export function printableText(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, "�");
}

/** `1234`, `12.3k`, `4.5M`: figures that are to be compared, not added up. */
export function renderShort(count: number): string {
  if (count < 10_000) return String(count);
  const [value, unit] =
    count < 999_950 ? [count / 1e3, "k"] : count < 999_950_000 ? [count / 1e6, "M"] : [count / 1e9, "G"];
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)}${unit}`;
}

/** Rows of cells in aligned columns, the heads first; `right` says which columns end below each other. */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[] = []): string {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((most, row) => Math.max(most, Bun.stringWidth(row[column]!)), 0),
  );
  const pad = (cell: string, column: number) => {
    const space = " ".repeat(widths[column]! - Bun.stringWidth(cell));
    return right[column] === true ? space + cell : cell + space;
  };
  return rows.map((row) => `${row.map(pad).join("  ").trimEnd()}\n`).join("");
}
