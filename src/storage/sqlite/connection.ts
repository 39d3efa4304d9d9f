import { Database } from "bun:sqlite";
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StorageError } from "../interface.ts";
import { Checkpoints } from "./checkpoints.ts";
import { isLocked, storageError } from "./errors.ts";
import { migrate, recognise } from "./migrations.ts";

const MEMORY = ":memory:";
const LOCK_PATIENCE_MS = 5_000;
const LOCK_RETRY_MS = 10;
/** Pages of the log from which on SQLite itself moves them into the file, while a commit waits. */
const OWN_CHECKPOINT = { default: 1_000, besideAnother: 16_000 };

/**
 * One SQLite database, opened and migrated. Waits up to five seconds for other processes' locks. Everything that fails
 * here fails as a StorageError.
 *
 * SQLite's own busy_timeout sleeps inside the call and with it the whole gateway, so it stays at zero and a locked
 * database is asked again from a timer.
 */
export class SqliteConnection {
  readonly path: string;
  readonly #db: Database;
  readonly #fileId: string | null;
  readonly #checkpoints: Checkpoints;
  #closed = false;

  private constructor(path: string, db: Database) {
    this.path = path;
    this.#db = db;
    this.#checkpoints = new Checkpoints(path, {
      start: () => db.run(`PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT.besideAnother}`),
      failure: () => db.run(`PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT.default}`),
    });
    this.#fileId = fileId(path);
  }

  /** `path` is absolute, or `:memory:`. */
  static open(path: string): Promise<SqliteConnection> {
    return untilUnlocked(path, () => new SqliteConnection(path, openDatabase(path)));
  }

  /** Runs queries that change nothing. */
  read<T>(query: (db: Database) => T): Promise<T> {
    return untilUnlocked(this.path, () => query(this.#current()));
  }

  /** Runs `change` in a transaction that is committed when it returns and rolled back when it throws. */
  write<T>(change: (db: Database) => T): Promise<T> {
    return untilUnlocked(this.path, () => {
      const db = this.#current();
      return db.transaction(() => change(db)).immediate();
    });
  }

  /** As `write`, of much and often: another thread waits for the disk. */
  async writeMuch<T>(change: (db: Database) => T): Promise<T> {
    const result = await this.write(change);
    if (this.path !== MEMORY) this.#checkpoints.want();
    return result;
  }

  /** As `write`, and on the disk itself once it returns, so that a power cut cannot undo it. */
  writeDurably<T>(change: (db: Database) => T): Promise<T> {
    return untilUnlocked(this.path, () => {
      const db = this.#current();
      db.run("PRAGMA synchronous = FULL");
      try {
        return db.transaction(() => change(db)).immediate();
      } finally {
        db.run("PRAGMA synchronous = NORMAL");
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#checkpoints.close();
    this.#db.close();
  }

  #current(): Database {
    if (this.#closed) throw new StorageError(`The database ${this.path} is closed.`);
    // Unix keeps a removed file alive for those who have it open: writes would succeed and be lost. What took its
    // place cannot be opened instead either, because SQLite would apply the old file's log (`-wal`) to it.
    if (fileId(this.path) !== this.#fileId) {
      throw new StorageError(
        `Cannot use the database ${this.path}: the file was removed or replaced while in use. Put it back, or stop ` +
          "the gateway, delete the -wal and -shm files beside a restored backup, and start again.",
      );
    }
    return this.#db;
  }
}

async function untilUnlocked<T>(path: string, work: () => T): Promise<T> {
  const deadline = performance.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw storageError(path, error);
      await Bun.sleep(LOCK_RETRY_MS);
    }
  }
}

function openDatabase(path: string): Database {
  if (path !== MEMORY) prepareFile(path);
  const db = new Database(path, { readwrite: true, create: path === MEMORY, strict: true });
  try {
    // One transaction, so that another process's first migration is seen whole or not at all.
    db.transaction(() => recognise(db, path)).deferred();
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Makes the file and its folder for this user alone. SQLite would give them the umask's modes; the files that it makes
 * beside (`-wal`, `-shm`) take the modes of the first.
 */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    createPrivateFile(path);
  } else if (!stat.isFile()) {
    const kind = stat.isDirectory() ? "a folder" : "not a regular file";
    throw new StorageError(`Cannot use the database ${path}: it is ${kind}. Name a file in storage.url.`);
  }
}

function createPrivateFile(path: string): void {
  try {
    // Exclusive: closing a file that this process already has open would release SQLite's locks on it.
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    const madeByAnother = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!madeByAnother) throw error;
  }
}

function fileId(path: string): string | null {
  if (path === MEMORY) return null;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}
