import type { ClientReport, ClientReportKind, ClientReportStore } from "../client-report-store.ts";
import type { SqliteConnection } from "./connection.ts";

const INSERT = `INSERT INTO client_reports (kind, key_id, received_at, characters, body) VALUES (?, ?, ?, ?, ?)`;

const NEWEST = `
  SELECT kind, key_id AS keyId, body, received_at AS receivedAt
  FROM client_reports WHERE kind = ? ORDER BY sequence DESC LIMIT ?`;

const OLDEST = `SELECT sequence, characters, received_at AS receivedAt FROM client_reports ORDER BY sequence LIMIT ?`;

interface Oldest {
  sequence: number;
  characters: number;
  receivedAt: number;
}

export class SqliteClientReports implements ClientReportStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  add(reports: readonly ClientReport[]): Promise<void> {
    return this.#connection.write((db) => {
      const insert = db.query(INSERT);
      for (const { kind, keyId, receivedAt, body } of reports)
        insert.run(kind, keyId, receivedAt, body.length, body);
    });
  }

  newest(kind: ClientReportKind, limit: number): Promise<ClientReport[]> {
    return this.#connection.read((db) => db.query<ClientReport, [string, number]>(NEWEST).all(kind, limit));
  }

  prune(bounds: { before: number; maxCharacters: number; limit: number }): Promise<number> {
    return this.#connection.write((db) => {
      const sum = db.query<{ characters: number }, []>(
        "SELECT coalesce(sum(characters), 0) AS characters FROM client_reports",
      );
      let excess = (sum.get()?.characters ?? 0) - bounds.maxCharacters;
      let last = 0;
      for (const report of db.query<Oldest, [number]>(OLDEST).all(bounds.limit)) {
        if (excess <= 0 && report.receivedAt >= bounds.before) break;
        excess -= report.characters;
        last = report.sequence;
      }
      return db.query("DELETE FROM client_reports WHERE sequence <= ?").run(last).changes;
    });
  }
}
