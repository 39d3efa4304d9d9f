import { type Storage, StorageError } from "../interface.ts";
import { SqliteClientReports } from "./client-reports.ts";
import type { SqliteConnection } from "./connection.ts";
import { SqliteExperiments } from "./experiments.ts";
import { SqliteFeedback } from "./feedback.ts";
import { SqliteKeys } from "./keys.ts";
import { SqlitePrompts } from "./prompts.ts";
import { SqliteRecords } from "./records.ts";
import { SqliteResponses } from "./responses.ts";
import { SqliteRoutes } from "./routes.ts";
import { SqliteThreads } from "./threads.ts";

const REVISION = "SELECT coalesce(sum(revision), 0) AS revision FROM revisions";

export class SqliteStorage implements Storage {
  readonly kind = "sqlite";
  readonly records: SqliteRecords;
  readonly keys: SqliteKeys;
  readonly feedback: SqliteFeedback;
  readonly threads: SqliteThreads;
  readonly clientReports: SqliteClientReports;
  readonly responses: SqliteResponses;
  readonly routes: SqliteRoutes;
  readonly prompts: SqlitePrompts;
  readonly experiments: SqliteExperiments;
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.records = new SqliteRecords(connection);
    this.keys = new SqliteKeys(connection);
    this.feedback = new SqliteFeedback(connection);
    this.threads = new SqliteThreads(connection);
    this.clientReports = new SqliteClientReports(connection);
    this.responses = new SqliteResponses(connection);
    this.routes = new SqliteRoutes(connection);
    this.prompts = new SqlitePrompts(connection);
    this.experiments = new SqliteExperiments(connection);
  }

  revision(): Promise<number> {
    return this.#connection.read((db) => db.query<{ revision: number }, []>(REVISION).get()?.revision ?? 0);
  }

  async check(): Promise<string | null> {
    try {
      // A full disk lets everything through but a commit, so something is really written.
      await this.#connection.write((db) =>
        db.query("INSERT OR REPLACE INTO health_check (id, written_at) VALUES (1, ?)").run(Date.now()),
      );
      return null;
    } catch (error) {
      if (error instanceof StorageError) return error.message;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
