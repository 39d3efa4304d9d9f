import type { Database } from "bun:sqlite";
import { StorageError } from "../interface.ts";
import { PROMPT_SCHEMA } from "./prompt-schema.ts";
import { RECORD_SCHEMA } from "./record-schema.ts";
import { ROUTE_SCHEMA } from "./route-schema.ts";

/** The letters "AMST", kept in the file's header so that another program's database is never taken for ours. */
const APPLICATION_ID = 0x414d5354;

/**
 * Each entry takes the schema from its index to the next version. An entry that was released is never changed: a
 * correction is a new entry.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE gateway_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE feedback (
    sequence INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    target_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    comment TEXT,
    source TEXT,
    received_at INTEGER NOT NULL,
    UNIQUE (key_id, id)
  ) STRICT;
  CREATE INDEX feedback_by_target ON feedback (target, target_id, sequence);

  CREATE TABLE health_check (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE threads (
    key_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    title TEXT,
    message_count INTEGER NOT NULL,
    main_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    meta TEXT,
    listing TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (id, key_id)
  ) STRICT;
  CREATE INDEX threads_by_key ON threads (key_id, updated_at);
  CREATE INDEX threads_by_update ON threads (updated_at);
  CREATE INDEX threads_by_main ON threads (main_id) WHERE main_id IS NOT NULL;

  CREATE TABLE client_reports (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX client_reports_by_kind ON client_reports (kind, sequence);
  CREATE INDEX client_reports_by_size ON client_reports (sequence, characters);
  `,
  `
  CREATE TABLE responses (
    key_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    background INTEGER NOT NULL,
    previous_id TEXT,
    provider TEXT,
    model TEXT,
    response ANY,
    input ANY NOT NULL,
    item_ids TEXT NOT NULL,
    lease_until INTEGER,
    PRIMARY KEY (key_id, id)
  ) STRICT;
  CREATE INDEX responses_by_expiry ON responses (expires_at);
  CREATE INDEX responses_by_lease ON responses (lease_until) WHERE lease_until IS NOT NULL;

  CREATE TABLE response_items (
    key_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    response_id TEXT NOT NULL,
    PRIMARY KEY (key_id, item_id, response_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX response_items_by_response ON response_items (key_id, response_id);
  `,
  `
  CREATE TABLE revisions (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
  ) STRICT;
  INSERT INTO revisions (name, revision) VALUES ('keys', 0);
  CREATE TRIGGER keys_were_added AFTER INSERT ON gateway_keys
    BEGIN UPDATE revisions SET revision = revision + 1 WHERE name = 'keys'; END;
  CREATE TRIGGER keys_were_changed AFTER UPDATE ON gateway_keys
    BEGIN UPDATE revisions SET revision = revision + 1 WHERE name = 'keys'; END;
  CREATE TRIGGER keys_were_deleted AFTER DELETE ON gateway_keys
    BEGIN UPDATE revisions SET revision = revision + 1 WHERE name = 'keys'; END;
  `,
  // The key that a first start made belongs to whoever runs the gateway; those made for others may only call models.
  `
  ALTER TABLE gateway_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
  UPDATE gateway_keys SET scopes = 'admin' WHERE name = 'first key';
  `,
  RECORD_SCHEMA,
  PROMPT_SCHEMA,
  ROUTE_SCHEMA,
];

/** Schema version that this program reads and writes. */
const LATEST_VERSION = MIGRATIONS.length;

/**
 * Refuses a database that another program, or a newer version of this one, has made. Reads only, so that a file which
 * is refused is left as it was. Call it within a transaction.
 */
export function recognise(db: Database, path: string): void {
  const version = pragma(db, "user_version");
  const application = pragma(db, "application_id");
  if (application !== APPLICATION_ID && (version !== 0 || application !== 0 || hasTables(db))) {
    throw new StorageError(
      `Cannot use the database ${path}: it belongs to another program. Name another file in storage.url.`,
    );
  }
  if (version > LATEST_VERSION) {
    throw new StorageError(
      `Cannot use the database ${path}: a newer Amsterdam has written it (schema ${version}, this one knows ` +
        `${LATEST_VERSION}). Start the newer version, or restore a backup from before the upgrade.`,
    );
  }
}

/** Brings the schema up to date in one transaction; of several processes that start at once, one does it. */
export function migrate(db: Database, path: string): void {
  if (pragma(db, "user_version") === LATEST_VERSION) return;
  db.transaction(() => {
    // Another process may have migrated, also from a newer version, while this one waited for the lock.
    recognise(db, path);
    for (const sql of MIGRATIONS.slice(pragma(db, "user_version"))) db.run(sql);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${LATEST_VERSION}`);
  }).immediate();
}

function pragma(db: Database, name: "user_version" | "application_id"): number {
  return db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
}

function hasTables(db: Database): boolean {
  return db.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== null;
}
