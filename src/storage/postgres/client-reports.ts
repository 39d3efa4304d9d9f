import type { ClientReport, ClientReportKind, ClientReportStore } from "../client-report-store.ts";
import type { PostgresConnection } from "./connection.ts";

const INSERT = `
  INSERT INTO amsterdam.client_reports (kind, key_id, received_at, characters, body)
  SELECT kind, key_id, received_at, characters, body
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) WITH ORDINALITY
    AS item (kind, key_id, received_at, characters, body, place)
  ORDER BY place`;

const NEWEST = `
  SELECT kind, key_id AS "keyId", body, received_at::float8 AS "receivedAt"
  FROM amsterdam.client_reports WHERE kind = $1 ORDER BY sequence DESC LIMIT $2`;

const SUM = `SELECT coalesce(sum(characters), 0)::float8 AS characters FROM amsterdam.client_reports`;

const OLDEST = `
  SELECT sequence::float8 AS sequence, characters::float8 AS characters, received_at::float8 AS "receivedAt"
  FROM amsterdam.client_reports ORDER BY sequence LIMIT $1`;

interface Oldest {
  readonly sequence: number;
  readonly characters: number;
  readonly receivedAt: number;
}

export class PostgresClientReports implements ClientReportStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async add(reports: readonly ClientReport[]): Promise<void> {
    const values = [
      reports.map((report) => report.kind),
      reports.map((report) => report.keyId),
      reports.map((report) => report.receivedAt),
      reports.map((report) => report.body.length),
      reports.map((report) => report.body),
    ];
    await this.#connection.write((query) => query(INSERT, values));
  }

  async newest(kind: ClientReportKind, limit: number): Promise<ClientReport[]> {
    return (await this.#connection.query<ClientReport>(NEWEST, [kind, limit])).rows;
  }

  prune(bounds: { before: number; maxCharacters: number; limit: number }): Promise<number> {
    return this.#connection.write(async (query) => {
      const [sum, oldest] = await Promise.all([
        query<{ characters: number }>(SUM),
        query<Oldest>(OLDEST, [bounds.limit]),
      ]);
      let excess = (sum.rows[0]?.characters ?? 0) - bounds.maxCharacters;
      let last = 0;
      for (const report of oldest.rows) {
        if (excess <= 0 && report.receivedAt >= bounds.before) break;
        excess -= report.characters;
        last = report.sequence;
      }
      return (await query("DELETE FROM amsterdam.client_reports WHERE sequence <= $1", [last])).count;
    });
  }
}
