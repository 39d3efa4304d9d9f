import type { Judgement } from "../experiment-store.ts";
import { CursorError } from "../interface.ts";
import type { ReadableDatabase } from "../readable.ts";

/** Pieces of feedback looked at in one go: some milliseconds, in which nothing else runs. */
const MOST_PIECES = 500;

/**
 * Clocks of machines may differ. What was received earlier than this before an experiment's first request is not looked at,
 * so that years of feedback do not make the analysis of a new experiment slow.
 */
const DAY = 86_400_000;

/** A piece's place in the order in which feedback was received. */
interface Place {
  readonly receivedAt: number;
  readonly sequence: number;
}

const END: Place = { receivedAt: Number.MAX_SAFE_INTEGER, sequence: Number.MAX_SAFE_INTEGER };

/** What feedback is about, and the decisions `d` that this means. A run that goes on is judged by what was there. */
const ABOUT = [
  ["request", "d.request_id = p.target_id"],
  ["run", "d.run_id = p.target_id AND p.received_at >= +d.started_at"],
  ["thread", "d.thread_id = p.target_id AND p.received_at >= +d.started_at"],
] as const;

/** JSON text of an object is a correction's. */
const NAMED = `
  name = ? AND received_at >= ? AND (received_at, sequence) > (?, ?) AND value NOT LIKE '{%'`;

/** See `ExperimentStore.judged`. */
export async function judged(
  database: ReadableDatabase,
  experiment: string,
  name: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: number },
): Promise<{ readonly judgements: readonly Judgement[]; readonly cursor: number | null }> {
  const since = await firstStart(database, experiment);
  if (since === null) return { judgements: [], cursor: null };
  const after = cursor === undefined ? { receivedAt: 0, sequence: 0 } : await placeOf(database, cursor);
  const named = [name, Math.floor(since - DAY), after.receivedAt, after.sequence];
  const last = await lastOfPage(database, named, Math.min(limit, MOST_PIECES));
  const { receivedAt, sequence } = last ?? END;
  const rows = await database.rows<JudgedRow>(judgementsIn(database), [
    ...named,
    receivedAt,
    sequence,
    ...ABOUT.map(() => experiment),
  ]);
  return {
    judgements: rows.map(({ value, ...rest }) => ({ ...rest, value: JSON.parse(value) })),
    cursor: last?.sequence ?? null,
  };
}

/** `value` is JSON text. */
type JudgedRow = Omit<Judgement, "value"> & { readonly value: string };

async function firstStart({ schema, rows }: ReadableDatabase, experiment: string): Promise<number | null> {
  const sql = `SELECT min(started_at) AS first FROM ${schema}experiment_decisions WHERE experiment = ?`;
  return (await rows<{ first: number | null }>(sql, [experiment]))[0]?.first ?? null;
}

async function placeOf({ schema, rows }: ReadableDatabase, sequence: number): Promise<Place> {
  const sql = `SELECT CAST(received_at AS double precision) AS "receivedAt" FROM ${schema}feedback WHERE sequence = ?`;
  const [place] = await rows<{ receivedAt: number }>(sql, [sequence]);
  if (place === undefined) throw new CursorError("The cursor is none of a piece of feedback.");
  return { receivedAt: place.receivedAt, sequence };
}

/** Null where no more than the page is left. */
async function lastOfPage(
  { schema, rows }: ReadableDatabase,
  named: readonly (string | number)[],
  limit: number,
): Promise<Place | null> {
  const sql = `
    SELECT CAST(received_at AS double precision) AS "receivedAt", CAST(sequence AS double precision) AS sequence
    FROM ${schema}feedback AS f WHERE ${NAMED} ORDER BY f.received_at, f.sequence LIMIT 2 OFFSET ?`;
  const [last, next] = await rows<Place>(sql, [...named, limit - 1]);
  return last === undefined || next === undefined ? null : last;
}

/**
 * A piece counts once for whatever is one unit in one variant, however many requests of it the piece is about. There are no
 * more pieces than the limit; it says so to PostgreSQL's planner, which would otherwise expect many times as many and read
 * all decisions of the experiment.
 */
function judgementsIn({ schema, join }: ReadableDatabase): string {
  const each = ABOUT.map(
    ([target, about]) => `
      SELECT p.received_at, p.sequence, p.value, d.unit, d.variant, d.epoch, d.started_at
      FROM pieces AS p ${join} ${schema}experiment_decisions AS d ON d.experiment = ? AND ${about}
      WHERE p.target = '${target}'`,
  );
  return `
    WITH pieces AS MATERIALIZED (
      SELECT sequence, target, target_id, value, received_at FROM ${schema}feedback
      WHERE ${NAMED} AND (received_at, sequence) <= (?, ?)
      ORDER BY received_at, sequence LIMIT ${MOST_PIECES}
    )
    SELECT unit, variant, epoch, min(started_at) AS "startedAt", value
    FROM (${each.join(" UNION ALL ")}) AS judged
    GROUP BY received_at, sequence, value, unit, variant, epoch
    ORDER BY received_at, sequence, "startedAt", unit, variant, epoch`;
}
