import type { SQL } from "bun";
import { postgresUrlFault, shownDatabaseUrl } from "../../lib/database-url.ts";
import { StorageError } from "../interface.ts";
import { isConnectionLost, isPassing, needsNewConnection, storageError } from "./errors.ts";
import { LATEST_VERSION, migrate, schemaVersion } from "./migrations.ts";
import { Pool } from "./pool.ts";
import { type Query, queryOn, type Value } from "./query.ts";

const CONNECTIONS = 5;
const RETRY_MS = 100;
/** What bringing large tables up to date may take, milliseconds. */
const MIGRATION_SILENCE_MS = 600_000;

/** Milliseconds. */
export interface Limits {
  /** How long a server may be away at the start: about what a restart takes. */
  readonly openPatience: number;
  /** How long it may be away in use: as long as SQLite is asked again while it is locked. */
  readonly patience: number;
  /** After this the server itself gives a statement up. */
  readonly statement: number;
  /** A server that is silent for so long does not even keep that limit: it hangs, or the connection is dead. */
  readonly silence: number;
}

const LIMITS: Limits = { openPatience: 10_000, patience: 5_000, statement: 5_000, silence: 8_000 };

/**
 * Some connections to one PostgreSQL database. Calls wait for up to five seconds for a server that is being restarted.
 * Everything that fails here fails as a StorageError.
 */
export class PostgresConnection {
  /** The URL without its password. */
  readonly name: string;
  readonly #pool: Pool;
  readonly #limits: Limits;
  #closed = false;

  private constructor(url: string, limits: Limits) {
    this.name = shownDatabaseUrl(url);
    this.#limits = limits;
    this.#pool = new Pool(optionsFor(new URL(url), limits.statement), CONNECTIONS);
  }

  /** Connects and brings the schema up to date. A server that is away or starting is waited for up to ten seconds. */
  static async open(url: string, limits = LIMITS): Promise<PostgresConnection> {
    const fault = postgresUrlFault(url);
    if (fault !== null) throw new StorageError(`storage.url cannot be used: expected ${fault}.`);
    const connection = new PostgresConnection(url, limits);
    try {
      await connection.#prepare();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** A schema that is up to date is only read, so that a gateway needs no right to change it. */
  async #prepare(): Promise<void> {
    const patience = this.#limits.openPatience;
    const version = await this.#run((sql) => schemaVersion(sql, this.name), { patience });
    if (version === LATEST_VERSION) return;
    await this.#run((sql) => migrate(sql, this.name), { patience, silence: MIGRATION_SILENCE_MS });
  }

  /**
   * Runs one statement. A lost connection lets it run again, so it has to be one that may run twice. `patience` is how
   * many milliseconds a server may be away.
   */
  query<Row>(
    text: string,
    values: readonly Value[] = [],
    patience = this.#limits.patience,
  ): Promise<{ rows: Row[]; count: number }> {
    return this.#run((sql) => queryOn(sql)<Row>(text, values), { patience });
  }

  /** Runs `change` in a transaction that is committed when it resolves and rolled back when it rejects. */
  write<T>(change: (query: Query) => Promise<T>): Promise<T> {
    return this.#run(async (sql) => {
      let committing = false;
      try {
        return await sql.begin(async (transaction) => {
          const result = await change(queryOn(transaction));
          committing = true;
          return result;
        });
      } catch (error) {
        if (!committing || !isConnectionLost(error)) throw error;
        const message = `The connection to ${this.name} was lost while a change was being committed; it may be there or not.`;
        throw new StorageError(message, { cause: error });
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.close();
  }

  /** Runs `work` once a connection is free, and again while what went wrong may pass. */
  async #run<T>(
    work: (sql: SQL) => Promise<T>,
    { patience = this.#limits.patience, silence = this.#limits.silence } = {},
  ): Promise<T> {
    const deadline = performance.now() + patience;
    for (;;) {
      try {
        return await this.#once(work, deadline, silence);
      } catch (error) {
        if (this.#closed) throw this.#error("it is closed", error);
        const again = isPassing(error) && performance.now() + RETRY_MS < deadline;
        if (!again) throw storageError(this.name, error);
      }
      await Bun.sleep(RETRY_MS);
    }
  }

  async #once<T>(work: (sql: SQL) => Promise<T>, deadline: number, silence: number): Promise<T> {
    if (this.#closed) throw this.#error("it is closed");
    const sql = await this.#pool.take();
    try {
      if (this.#closed) throw this.#error("it is closed");
      if (performance.now() > deadline) throw this.#error("no connection was free in time");
      return await this.#answered(sql, work, silence);
    } catch (error) {
      if (needsNewConnection(error)) this.#pool.discard(sql);
      throw error;
    } finally {
      this.#pool.giveBack(sql);
    }
  }

  /** Gives a connection up that stays silent: the driver itself would wait for the answer for ever. */
  async #answered<T>(sql: SQL, work: (sql: SQL) => Promise<T>, silence: number): Promise<T> {
    const { promise: silent, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(this.#error(`the server has not answered for ${silence / 1000} s`));
      this.#pool.discard(sql);
    }, silence);
    try {
      return await Promise.race([work(sql), silent]);
    } finally {
      clearTimeout(timer);
    }
  }

  #error(cause: string, error?: unknown): StorageError {
    return new StorageError(`Cannot use the database ${this.name}: ${cause}.`, { cause: error });
  }
}

function optionsFor(url: URL, statementTimeout: number): SQL.Options {
  const user = decodeURIComponent(url.username);
  return {
    url,
    adapter: "postgres",
    // PGDATABASE and USER of the environment would come first otherwise.
    ...(user === "" ? {} : { username: user }),
    ...(url.pathname.length > 1 ? { database: decodeURIComponent(url.pathname.slice(1)) } : {}),
    connectionTimeout: 5,
    // Less than the minutes after which networks forget silent connections without a word.
    idleTimeout: 30,
    // Connections find a server that has taken over under the same name.
    maxLifetime: 1_800,
    connection: {
      application_name: url.searchParams.get("application_name") ?? "amsterdam",
      statement_timeout: String(statementTimeout),
      // Plans leave out the days that are not asked for only where they are made for the values.
      plan_cache_mode: "force_custom_plan",
      // Compiling a query of many partitions takes longer than running it.
      jit: "off",
      idle_in_transaction_session_timeout: "10000",
    },
  };
}
