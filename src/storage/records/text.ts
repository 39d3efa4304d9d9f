import { bodySearch } from "../body-search.ts";
import type { Position } from "../record-cursor.ts";
import type { RecordFilter, RecordOrder } from "../record-store.ts";
import { bodiesIn, readBlock } from "./bodies.ts";
import type { RecordDatabase } from "./database.ts";
import { type Found, search } from "./search.ts";
import { pause } from "./slices.ts";

/** Bytes of blocks, before compression, that one call searches: some tenths of a second. */
const MOST_BYTES = 48 * 1024 * 1024;
/** What a record counts for beside its block: those whose bodies are deleted take time as well. */
const RECORD_BYTES = 512;
/** Records whose bodies are looked at one after the other. */
const PAGE = 500;

export interface TextPage {
  readonly found: readonly Found[];
  /** The last record that was looked at, where there may be more behind it. */
  readonly next: Position | null;
}

/** Searches bodies, in a record's order, until enough are found or as much was read as one call may. */
export async function searchText(
  database: RecordDatabase,
  filter: RecordFilter & { readonly text: string },
  { order, after, limit }: { order: RecordOrder; after: Position | null; limit: number },
): Promise<TextPage> {
  const has = textTest(database, filter.text);
  const found: Found[] = [];
  let next = after;
  while (has.read() < MOST_BYTES) {
    const candidates = await search(database, filter, { order, after: next, limit: PAGE });
    for (const candidate of candidates) {
      next = candidate;
      if (await has.test(candidate)) found.push(candidate);
      if (found.length === limit || has.read() >= MOST_BYTES) return { found, next };
    }
    if (candidates.length < PAGE) return { found, next: null };
  }
  return { found, next };
}

export interface TextTest {
  test(record: Found): Promise<boolean>;
  /** What the tests took so far, in bytes as bodies are searched. */
  read(): number;
}

/** Tests one record after the other; the block that was read last is kept, since the next is mostly in it. */
export function textTest(database: RecordDatabase, text: string): TextTest {
  const matches = bodySearch(text);
  let block: { readonly id: string | number; readonly bytes: Uint8Array | null } | null = null;
  let read = 0;
  return {
    read: () => read,
    async test({ bodyBlock, bodyOffset, bodyRequest: request, bodyResponse: response }) {
      if (bodyBlock === null || bodyOffset === null) return false;
      read += RECORD_BYTES;
      if (block?.id !== bodyBlock) {
        block = { id: bodyBlock, bytes: await readBlock(await database.block(bodyBlock)) };
        read += block.bytes?.length ?? 0;
        await pause();
      }
      if (block.bytes === null) return false;
      const place = { offset: bodyOffset, request, response, cut: false };
      return matches === null || matches(bodiesIn(block.bytes, place));
    },
  };
}
