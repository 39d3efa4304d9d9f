import type { Database } from "bun:sqlite";
import type { RequestRecord } from "../../records/record.ts";

type Value = string | number | null;

interface Node {
  readonly next: Map<Value, Node>;
  id: number | null;
}

const MOST_REMEMBERED = 20_000;

const FIND = `
  SELECT id FROM record_kinds
  WHERE model IS ? AND key_id IS ? AND agent_id IS ? AND provider IS ? AND route IS ? AND door IS ? AND operation IS ?
    AND status IS ? AND error IS ? AND category IS ? AND finish IS ?`;

const INSERT = `
  INSERT INTO record_kinds (model, key_id, agent_id, provider, route, door, operation, status, error, category, finish)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** The numbers of kinds, remembered: a tree by one value after the other, since putting them together costs more. */
export class RecordKinds {
  #root: Node = { next: new Map(), id: null };
  #remembered = 0;

  /** Within a write transaction, since a kind that is new is added. */
  idOf(db: Database, record: RequestRecord): number {
    const values = valuesOf(record);
    let node = this.#root;
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      let next = node.next.get(value);
      if (next === undefined) {
        next = { next: new Map(), id: null };
        node.next.set(value, next);
      }
      node = next;
    }
    if (node.id !== null) return node.id;
    const id = findOrInsert(db, values);
    if (++this.#remembered > MOST_REMEMBERED) this.forget();
    else node.id = id;
    return id;
  }

  /** To be called when a transaction failed, which may have added kinds that are not there now. */
  forget(): void {
    this.#root = { next: new Map(), id: null };
    this.#remembered = 0;
  }
}

function valuesOf(record: RequestRecord): Value[] {
  return [
    record.model,
    record.keyId,
    record.agentId,
    record.provider,
    record.route,
    record.door,
    record.operation,
    record.status,
    record.error,
    record.category,
    record.finish,
  ];
}

function findOrInsert(db: Database, values: Value[]): number {
  const found = db.query<{ id: number }, Value[]>(FIND).get(...values);
  return found?.id ?? Number(db.query<unknown, Value[]>(INSERT).run(...values).lastInsertRowid);
}
