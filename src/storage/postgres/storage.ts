import { type Storage, StorageError } from "../interface.ts";
import { PostgresClientReports } from "./client-reports.ts";
import type { PostgresConnection } from "./connection.ts";
import { PostgresExperiments } from "./experiments.ts";
import { PostgresFeedback } from "./feedback.ts";
import { PostgresKeys } from "./keys.ts";
import { PostgresPrompts } from "./prompts.ts";
import { PostgresRecords } from "./records.ts";
import { PostgresResponses } from "./responses.ts";
import { PostgresRoutes } from "./routes.ts";
import { PostgresThreads } from "./threads.ts";

const REVISION = "SELECT coalesce(sum(revision), 0)::float8 AS revision FROM amsterdam.revisions";

const TOUCH = `
  INSERT INTO amsterdam.health_check (id, written_at) VALUES (1, $1)
  ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at`;

/** A connection that was lost is worth another try, and no more: what is asked is how things are now. */
const CHECK_PATIENCE_MS = 500;

export class PostgresStorage implements Storage {
  readonly kind = "postgres";
  readonly records: PostgresRecords;
  readonly keys: PostgresKeys;
  readonly feedback: PostgresFeedback;
  readonly threads: PostgresThreads;
  readonly clientReports: PostgresClientReports;
  readonly responses: PostgresResponses;
  readonly routes: PostgresRoutes;
  readonly prompts: PostgresPrompts;
  readonly experiments: PostgresExperiments;
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
    this.records = new PostgresRecords(connection);
    this.keys = new PostgresKeys(connection);
    this.feedback = new PostgresFeedback(connection);
    this.threads = new PostgresThreads(connection);
    this.clientReports = new PostgresClientReports(connection);
    this.responses = new PostgresResponses(connection);
    this.routes = new PostgresRoutes(connection);
    this.prompts = new PostgresPrompts(connection);
    this.experiments = new PostgresExperiments(connection);
  }

  async revision(): Promise<number> {
    return (await this.#connection.query<{ revision: number }>(REVISION)).rows[0]?.revision ?? 0;
  }

  async check(): Promise<string | null> {
    try {
      // A full disk, or a standby, lets everything through but a change.
      await this.#connection.query(TOUCH, [Date.now()], CHECK_PATIENCE_MS);
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
