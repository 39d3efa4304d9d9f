import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import { wholeNumber } from "../records/filter.ts";
import { CursorError } from "../storage/interface.ts";
import type { RecordFilter, RecordOrder, RecordPage, RecordStore } from "../storage/record-store.ts";

/** A page of records. Throws invalid_request for a cursor that none was given as, and storage_unavailable. */
export async function listPage(
  records: RecordStore,
  filter: RecordFilter,
  page: { readonly order: RecordOrder; readonly limit: number; readonly cursor?: string | undefined },
): Promise<RecordPage> {
  const { order } = page;
  return await pageOf(page, (place) => records.list(filter, { order, ...place }));
}

/** Any page of a list, by the query's `limit` and `cursor`. Throws as `listPage` does. */
export async function pageOf<Page>(
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  read: (place: { readonly limit: number; readonly cursor?: string }) => Promise<Page>,
): Promise<Page> {
  try {
    return await fromStorage(read(cursor === undefined ? { limit } : { limit, cursor }));
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new GatewayError("invalid_request", "`cursor` is none that was given for this list and order.", {
      param: "cursor",
    });
  }
}

/** The members of a query that is answered page by page; `of` is what a page has. */
export const pageFields = ({ of, limit, most }: { of: string; limit: number; most: number }) => ({
  limit: wholeNumber(1, most, limit).describe(`${of} of a page.`),
  cursor: z
    .string()
    .max(2000)
    .optional()
    .describe("As the page before gave it, with the same filter and order."),
});

/** The member of a page that leads to the next one. */
export const cursorShape = z
  .string()
  .nullable()
  .describe("Where the next page begins; null on the last one.");
