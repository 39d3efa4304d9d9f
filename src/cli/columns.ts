import { table } from "./table.ts";

/** A column of a table for people. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** The same in fewer characters, for terminals that have no room for all. */
  readonly short?: (row: Row) => string;
  /** Numbers, which are compared by their ends. */
  readonly right?: true;
  /** Left out where there is no room, the one with the highest number first. */
  readonly spare?: number;
  /** The end of its texts may be cut off. */
  readonly cut?: true;
}

/** What stands between two columns, in characters. */
const GAP = 2;
/** What is left of a text that is cut off. */
const LEAST_CUT = 10;

interface Laid {
  readonly head: string;
  readonly texts: readonly string[];
  readonly column: Pick<Column<never>, "right" | "spare" | "cut">;
}

/**
 * Rows as a table that is no wider than `width` characters, as far as that can be: texts are written shorter, then columns
 * are left out, then texts are cut off. A line below says what was left out. Without a width, as in a pipe, all of it.
 */
export function fittedTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | undefined,
): string {
  let laid = columns.map((column) => laidOut(column, rows, false));
  if (width === undefined || widthOf(laid) <= width) return drawn(laid);
  laid = columns.map((column) => laidOut(column, rows, true));
  const left: string[] = [];
  while (widthOf(laid) > width) {
    const spare = laid.reduce((most, { column }) => Math.max(most, column.spare ?? 0), 0);
    if (spare === 0) break;
    left.unshift(...laid.filter(({ column }) => column.spare === spare).map(({ head }) => head));
    laid = laid.filter(({ column }) => column.spare !== spare);
  }
  const text = drawn(cutOff(laid, width));
  return left.length === 0 ? text : `${text}${leftOut(left)}\n`;
}

function leftOut(heads: readonly string[]): string {
  return `No room for ${heads.join(", ")}.\nA wider terminal, a pipe or --json shows them.`;
}

function laidOut<Row>(column: Column<Row>, rows: readonly Row[], short: boolean): Laid {
  const write = (short ? column.short : undefined) ?? column.cell;
  return { head: column.head, texts: rows.map(write), column };
}

function widthOf(laid: readonly Laid[]): number {
  return laid.reduce((sum, each) => sum + columnWidth(each) + GAP, -GAP);
}

function columnWidth({ head, texts }: Laid): number {
  return texts.reduce((most, text) => Math.max(most, Bun.stringWidth(text)), Bun.stringWidth(head));
}

/** Takes from the widest column that may be cut until all fits. */
function cutOff(laid: readonly Laid[], width: number): readonly Laid[] {
  const tooMuch = widthOf(laid) - width;
  if (tooMuch <= 0) return laid;
  const widest = laid
    .filter(({ column }) => column.cut)
    .reduce<Laid | null>(
      (most, each) => (most === null || columnWidth(each) > columnWidth(most) ? each : most),
      null,
    );
  if (widest === null || columnWidth(widest) <= LEAST_CUT) return laid;
  const rest = laid.filter((each) => each !== widest && each.column.cut).map(columnWidth);
  // No narrower than the next one, which then has its turn.
  const next = Math.max(columnWidth(widest) - tooMuch, LEAST_CUT, Math.max(0, ...rest) - 1);
  const most = Math.min(next, columnWidth(widest) - 1);
  const texts = widest.texts.map((text) => shortened(text, most));
  return cutOff(
    laid.map((each) => (each === widest ? { ...widest, texts } : each)),
    width,
  );
}

function shortened(text: string, most: number): string {
  if (Bun.stringWidth(text) <= most) return text;
  let kept = "";
  for (const character of text) {
    if (Bun.stringWidth(kept + character) > most - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function drawn(laid: readonly Laid[]): string {
  const count = laid[0]?.texts.length ?? 0;
  const rows = Array.from({ length: count }, (_, row) => laid.map(({ texts }) => texts[row]!));
  return table(
    [laid.map(({ head }) => head), ...rows],
    laid.map(({ column }) => column.right === true),
  );
}
