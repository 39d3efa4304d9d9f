import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import {
  CursorError,
  type RecordFilter,
  type RecordOrder,
  type RecordPage,
  type RecordStore,
} from "../storage/interface.ts";

/** A page of records. Throws invalid_request for a cursor that none was given as, and storage_unavailable. */
export async function listPage(
  records: RecordStore,
  filter: RecordFilter,
  page: { readonly order: RecordOrder; readonly limit: number; readonly cursor?: string | undefined },
): Promise<RecordPage> {
  const { order, limit, cursor } = page;
  try {
    return await fromStorage(
      records.list(filter, { order, limit, ...(cursor === undefined ? {} : { cursor }) }),
    );
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
    throw new GatewayError("invalid_request", "`cursor` is none that was given for this order.", {
      param: "cursor",
    });
  }
}
