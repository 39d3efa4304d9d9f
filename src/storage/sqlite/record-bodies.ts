import type { Database } from "bun:sqlite";
import type { Block } from "../records/bodies.ts";

/** The number from which the blocks of this transaction are counted. */
export function nextBlock(db: Database): number {
  const row = db
    .query<{ last: number }, []>("SELECT last_block AS last FROM record_body_totals WHERE id = 1")
    .get();
  return (row?.last ?? 0) + 1;
}

/** Stores the blocks that have bodies of records in `written`; `first` is the first one's number. */
export function insertBlocks(
  db: Database,
  blocks: readonly Block[],
  first: number,
  written: ReadonlySet<string>,
): void {
  const insert = db.query(
    "INSERT INTO record_body_blocks (id, newest_id, bodies, bytes, data) VALUES (?, ?, ?, ?, ?)",
  );
  let bytes = 0;
  blocks.forEach(({ data, records }, index) => {
    const stored = records.filter((id) => written.has(id));
    if (stored.length === 0) return;
    const newest = stored.reduce((one, other) => (one > other ? one : other));
    insert.run(first + index, newest, stored.length, data.length, data);
    bytes += data.length;
  });
  db.query("UPDATE record_body_totals SET last_block = ?, bytes = bytes + ? WHERE id = 1").run(
    first + blocks.length - 1,
    bytes,
  );
}

export function packedBlock(db: Database, block: number): Uint8Array<ArrayBuffer> | null {
  return (
    db
      .query<{ data: Uint8Array<ArrayBuffer> }, [number]>("SELECT data FROM record_body_blocks WHERE id = ?")
      .get(block)?.data ?? null
  );
}
