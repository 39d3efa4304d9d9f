import type { Cost } from "../../records/record.ts";
import type { Query } from "./query.ts";
import { dayOf, lockSums } from "./record-sums.ts";

const HOUR = 3_600_000;

/** Each waits here until it has them, in order, so that two who change the same costs do not wait for each other. */
const LOCK_RECORDS = `
  SELECT id, kind, started_at AS "startedAt", cost_usd AS "costUsd", decisions IS NOT NULL AS decided
  FROM amsterdam.records
  WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE`;

const UPDATE_RECORDS = `
  UPDATE amsterdam.records AS r SET cost_usd = item.usd, cost_source = item.source, cost_date = item.date
  FROM unnest($2::text[], $3::float8[], $4::text[], $5::text[]) AS item (id, usd, source, date)
  WHERE r.id = item.id AND r.id = ANY($1::text[])`;

const UPDATE_DECISIONS = `
  UPDATE amsterdam.experiment_decisions AS d SET cost_usd = item.usd
  FROM unnest($1::text[], $2::float8[]) AS item (id, usd) WHERE d.record_id = item.id`;

const lock = (table: string, time: string) => `
  SELECT FROM amsterdam.${table} WHERE (${time}, kind) IN (SELECT * FROM unnest($1::integer[], $2::integer[]))
  ORDER BY ${time}, kind FOR NO KEY UPDATE`;

const correct = (table: string, time: string) => `
  UPDATE amsterdam.${table} AS s SET cost_usd = s.cost_usd + item.usd, unpriced = s.unpriced + item.unpriced,
    highest_cost_usd = greatest(s.highest_cost_usd, item.highest)
  FROM unnest($1::integer[], $2::integer[], $3::float8[], $4::float8[], $5::float8[])
    AS item (time, kind, usd, unpriced, highest)
  WHERE s.${time} = item.time AND s.kind = item.kind`;

interface Priced {
  readonly id: string;
  readonly kind: number;
  readonly startedAt: number;
  readonly costUsd: number | null;
  readonly decided: boolean;
}

interface Change {
  readonly time: number;
  readonly kind: number;
  usd: number;
  unpriced: number;
  highest: number;
}

/** Puts other costs in the place of those that are kept, with their decisions too, and their difference into the sums of the hours. */
export async function setCosts(query: Query, costs: ReadonlyMap<string, Cost | null>): Promise<void> {
  const { rows } = await query<Priced>(LOCK_RECORDS, [[...costs.keys()]]);
  const items = rows.map((kept) => {
    const cost = costs.get(kept.id) ?? null;
    const usd = cost !== null && Number.isFinite(cost.usd) ? cost.usd : null;
    return { ...kept, cost, usd };
  });
  const ids = items.map(({ id }) => id);
  await query(UPDATE_RECORDS, [
    ids,
    ids,
    items.map(({ usd }) => usd),
    items.map(({ cost }) => cost?.source ?? null),
    items.map(({ cost }) => cost?.date ?? null),
  ]);
  const decided = items.filter((item) => item.decided);
  if (decided.length > 0)
    await query(UPDATE_DECISIONS, [decided.map(({ id }) => id), decided.map(({ usd }) => usd)]);
  const progress = await lockSums(query, "shared");
  const [hours, days] = [new Changes(), new Changes()];
  for (const { kind, startedAt, costUsd, usd } of items) {
    const hour = Math.floor(startedAt / HOUR);
    const unpriced = (usd === null ? 1 : 0) - (costUsd === null ? 1 : 0);
    const change = { kind, usd: (usd ?? 0) - (costUsd ?? 0), unpriced, highest: usd ?? 0 };
    hours.add({ time: hour, ...change });
    if (hour < progress) days.add({ time: dayOf(hour), ...change });
  }
  await hours.apply(query, "record_hours", "hour");
  await days.apply(query, "record_days", "day");
}

/** What is added to sums, by time and kind. */
class Changes {
  readonly #changes = new Map<string, Change>();

  add(change: Change): void {
    const key = `${change.time} ${change.kind}`;
    const kept = this.#changes.get(key);
    if (kept === undefined) this.#changes.set(key, { ...change });
    else {
      kept.usd += change.usd;
      kept.unpriced += change.unpriced;
      kept.highest = Math.max(kept.highest, change.highest);
    }
  }

  async apply(query: Query, table: string, column: string): Promise<void> {
    const all = [...this.#changes.values()];
    if (all.length === 0) return;
    const [times, kinds] = [all.map(({ time }) => time), all.map(({ kind }) => kind)];
    await query(lock(table, column), [times, kinds]);
    const rest = [
      all.map(({ usd }) => usd),
      all.map(({ unpriced }) => unpriced),
      all.map(({ highest }) => highest),
    ];
    await query(correct(table, column), [times, kinds, ...rest]);
  }
}
