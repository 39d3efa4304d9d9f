import type { Cost } from "../records/record.ts";
import { isBilled } from "../records/usage.ts";
import type { RecordFilter, RecordStore } from "../storage/record-store.ts";
import type { PriceBook } from "./price-book.ts";

export interface RepriceResult {
  /** Records that were looked at, that got another cost, and whose price is still not known. */
  readonly seen: number;
  readonly changed: number;
  readonly unpriced: number;
  /** What all of them cost, in US dollars, before and after. */
  readonly before: number;
  readonly after: number;
}

const PAGE = 500;

/**
 * Computes the cost of recorded requests anew, page by page, by today's knowledge of the prices on the day of each
 * request. With `dryRun` nothing is written.
 */
export async function reprice(
  store: RecordStore,
  book: PriceBook,
  { filter, dryRun }: { readonly filter: RecordFilter; readonly dryRun: boolean },
): Promise<RepriceResult> {
  const sum = { seen: 0, changed: 0, unpriced: 0, before: 0, after: 0 };
  let cursor: string | null = null;
  do {
    const page = await store.list(filter, {
      order: "oldest",
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    const costs = new Map<string, Cost | null>();
    for (const record of page.records) {
      const { id, provider, model, startedAt, serviceTier, cost: known } = record;
      const usage = isBilled(record.operation) ? record.usage : null;
      const cost = book.costOf(provider, model, usage, startedAt, serviceTier);
      sum.seen++;
      sum.before += known?.usd ?? 0;
      sum.after += cost?.usd ?? 0;
      if (cost === null && usage !== null) sum.unpriced++;
      if (!same(known, cost)) costs.set(id, cost);
    }
    sum.changed += costs.size;
    if (costs.size > 0 && !dryRun) await store.setCosts(costs);
    cursor = page.cursor;
  } while (cursor !== null);
  return sum;
}

function same(a: Cost | null, b: Cost | null): boolean {
  return a?.usd === b?.usd && a?.source === b?.source && a?.date === b?.date;
}
