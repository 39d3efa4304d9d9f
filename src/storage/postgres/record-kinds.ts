import type { RequestRecord } from "../../records/record.ts";
import type { PostgresConnection } from "./connection.ts";

const MOST_REMEMBERED = 20_000;

const FIND = "SELECT id, digest FROM amsterdam.record_kinds WHERE digest = ANY($1::text[])";

/** In order, so that gateways that add the same kinds wait for each other and not in a circle. */
const INSERT = `
  INSERT INTO amsterdam.record_kinds (digest, model, key_id, agent_id, provider, route, door, operation, error, category,
    finish, status)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::integer[]) AS kind (digest) ORDER BY digest
  ON CONFLICT (digest) DO NOTHING`;

/** The numbers of kinds, remembered: they are never deleted. */
export class RecordKinds {
  readonly #connection: PostgresConnection;
  readonly #remembered = new Map<string, number>();

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  /** In the order of the records. New ones are added apart from the records, so that nobody waits for them long. */
  async idsOf(records: readonly RequestRecord[]): Promise<number[]> {
    const keys = records.map(keyOf);
    const unknown = new Map<string, RequestRecord>();
    keys.forEach((key, index) => {
      if (!this.#remembered.has(key)) unknown.set(key, records[index]!);
    });
    const known = keys.map((key) => this.#remembered.get(key));
    const learnt = unknown.size === 0 ? this.#remembered : await this.#learn(unknown);
    return keys.map((key, index) => known[index] ?? learnt.get(key)!);
  }

  async #learn(unknown: ReadonlyMap<string, RequestRecord>): Promise<ReadonlyMap<string, number>> {
    const digests = new Map([...unknown.keys()].map((key) => [key, Bun.SHA256.hash(key, "base64")]));
    const found = await this.#find([...digests.values()]);
    const missing = [...unknown].filter(([key]) => !found.has(digests.get(key)!));
    if (missing.length > 0) {
      const missed = missing.map(([key]) => digests.get(key)!);
      await this.#insert(
        missed,
        missing.map(([, record]) => record),
      );
      for (const [digest, id] of await this.#find(missed)) found.set(digest, id);
    }
    const ids = new Map([...digests].map(([key, digest]) => [key, found.get(digest)!]));
    if (this.#remembered.size + ids.size > MOST_REMEMBERED) this.#remembered.clear();
    for (const [key, id] of ids) this.#remembered.set(key, id);
    return ids;
  }

  async #find(digests: readonly string[]): Promise<Map<string, number>> {
    const { rows } = await this.#connection.query<{ id: number; digest: string }>(FIND, [digests]);
    return new Map(rows.map(({ id, digest }) => [digest, id]));
  }

  async #insert(digests: readonly string[], records: readonly RequestRecord[]): Promise<void> {
    const texts = TEXTS.map((name) => records.map((record) => record[name]));
    await this.#connection.query(INSERT, [digests, ...texts, records.map(({ status }) => status)]);
  }
}

/** As `INSERT` takes them. */
const TEXTS = [
  "model",
  "keyId",
  "agentId",
  "provider",
  "route",
  "door",
  "operation",
  "error",
  "category",
  "finish",
] as const satisfies readonly (keyof RequestRecord)[];

function keyOf(record: RequestRecord): string {
  return JSON.stringify([
    record.model,
    record.keyId,
    record.agentId,
    record.provider,
    record.route,
    record.door,
    record.operation,
    record.error,
    record.category,
    record.finish,
    record.status,
  ]);
}
