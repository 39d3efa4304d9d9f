import type { SQL } from "bun";
import { StorageError } from "../interface.ts";
import { PROMPT_SCHEMA } from "./prompt-schema.ts";
import { RECORD_SCHEMA } from "./record-schema.ts";
import { ROUTE_SCHEMA } from "./route-schema.ts";

/** "AMST" in letters: whoever holds the advisory lock of this number changes the schema. */
const MIGRATION_LOCK = 0x414d5354;

/**
 * Each entry takes the schema from its index to the next version. An entry that was released is never changed: a
 * correction is a new entry. Everything is in a PostgreSQL schema of our own, so that the database may be shared. Ids
 * sort by their bytes, as in SQLite.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE amsterdam.gateway_keys (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL UNIQUE,
    prefix text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
  );

  CREATE TABLE amsterdam.revisions (
    name text PRIMARY KEY,
    revision bigint NOT NULL
  );
  INSERT INTO amsterdam.revisions (name, revision) VALUES ('keys', 0);
  CREATE FUNCTION amsterdam.next_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE amsterdam.revisions SET revision = revision + 1 WHERE name = TG_ARGV[0];
      RETURN NULL;
    END
  $$;
  CREATE TRIGGER keys_have_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON amsterdam.gateway_keys
    FOR EACH STATEMENT EXECUTE FUNCTION amsterdam.next_revision('keys');

  CREATE TABLE amsterdam.feedback (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    target text NOT NULL,
    target_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    comment text,
    source text,
    received_at bigint NOT NULL,
    UNIQUE (key_id, id)
  );
  CREATE INDEX feedback_by_target ON amsterdam.feedback (target, target_id, sequence);

  CREATE TABLE amsterdam.health_check (
    id integer PRIMARY KEY CHECK (id = 1),
    written_at bigint NOT NULL
  );

  CREATE TABLE amsterdam.threads (
    key_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    title text,
    message_count bigint NOT NULL,
    main_id text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    archived boolean NOT NULL,
    meta text,
    listing text NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (id, key_id)
  );
  CREATE INDEX threads_by_key ON amsterdam.threads (key_id, updated_at);
  CREATE INDEX threads_by_update ON amsterdam.threads (updated_at);
  CREATE INDEX threads_by_main ON amsterdam.threads (main_id) WHERE main_id IS NOT NULL;

  CREATE TABLE amsterdam.client_reports (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key_id text COLLATE "C" NOT NULL,
    received_at bigint NOT NULL,
    characters bigint NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX client_reports_by_kind ON amsterdam.client_reports (kind, sequence);
  CREATE INDEX client_reports_by_size ON amsterdam.client_reports (sequence) INCLUDE (characters, received_at);

  CREATE TABLE amsterdam.responses (
    key_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    status text NOT NULL,
    background boolean NOT NULL,
    previous_id text COLLATE "C",
    provider text,
    model text,
    response text,
    input text NOT NULL,
    item_ids text[] COLLATE "C" NOT NULL,
    lease_until bigint,
    PRIMARY KEY (key_id, id)
  );
  CREATE INDEX responses_by_expiry ON amsterdam.responses (expires_at);
  CREATE INDEX responses_by_lease ON amsterdam.responses (lease_until) WHERE lease_until IS NOT NULL;
  CREATE INDEX responses_by_item ON amsterdam.responses USING gin (item_ids);
  `,
  // The key that a first start made belongs to whoever runs the gateway; those made for others may only call models.
  `
  ALTER TABLE amsterdam.gateway_keys ADD COLUMN scopes text NOT NULL DEFAULT '';
  UPDATE amsterdam.gateway_keys SET scopes = 'admin' WHERE name = 'first key';
  `,
  RECORD_SCHEMA,
  PROMPT_SCHEMA,
  ROUTE_SCHEMA,
];

/** Schema version that this program reads and writes. */
export const LATEST_VERSION = MIGRATIONS.length;

/**
 * Brings the schema up to date in one transaction; of several gateways that start at once, one does it. Throws a
 * StorageError as `schemaVersion` does.
 */
export async function migrate(sql: SQL, name: string): Promise<void> {
  await sql.begin(async (transaction) => {
    // Large tables take their time, and so does waiting for another gateway that changes them.
    await transaction.unsafe("SET LOCAL statement_timeout = 0");
    await transaction.unsafe("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    const version = await schemaVersion(transaction, name);
    if (version === 0) await transaction.unsafe(FIRST);
    for (const statements of MIGRATIONS.slice(version)) await transaction.unsafe(statements);
    await transaction.unsafe("UPDATE amsterdam.schema_version SET version = $1", [LATEST_VERSION]);
  });
}

/** An existing schema is not asked for: that takes a right on the database, also where there is nothing to make. */
const FIRST = `
  DO $$ BEGIN
    IF to_regnamespace('amsterdam') IS NULL THEN CREATE SCHEMA amsterdam; END IF;
  END $$;
  CREATE TABLE amsterdam.schema_version (
    application text NOT NULL CHECK (application = 'Amsterdam gateway'),
    version integer NOT NULL
  );
  INSERT INTO amsterdam.schema_version VALUES ('Amsterdam gateway', 0);`;

/** Tables and the like in the schema, and whether the one is among them that says its version. */
const LOOK = `
  SELECT current_setting('server_encoding') AS encoding, count(c.oid)::int AS relations,
    count(c.oid) FILTER (WHERE c.relname = 'schema_version' AND EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'application'))::int AS marks
  FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname = 'amsterdam'`;

/**
 * The version of the schema, 0 where there is none. Changes nothing. Throws a StorageError where another program, or a
 * newer version of this one, has made it.
 */
export async function schemaVersion(sql: Pick<SQL, "unsafe">, name: string): Promise<number> {
  const [found] = await sql.unsafe<{ encoding: string; relations: number; marks: number }[]>(LOOK);
  const { encoding = "UTF8", relations = 0, marks = 0 } = found ?? {};
  if (encoding !== "UTF8") {
    throw new StorageError(
      `Cannot use the database ${name}: it keeps texts as ${encoding}, which lacks characters. Name one that was created with ENCODING 'UTF8'.`,
    );
  }
  if (relations === 0) return 0;
  const [row] = marks === 0 ? [] : await sql.unsafe<Version[]>("SELECT * FROM amsterdam.schema_version");
  if (row?.application !== "Amsterdam gateway") {
    throw new StorageError(
      `Cannot use the database ${name}: the tables of its schema "amsterdam" belong to another program. Name another database in storage.url.`,
    );
  }
  if (row.version > LATEST_VERSION) {
    throw new StorageError(
      `Cannot use the database ${name}: a newer Amsterdam has written it (schema ${row.version}, this one knows ` +
        `${LATEST_VERSION}). Start the newer version, or restore a backup from before the upgrade.`,
    );
  }
  return row.version;
}

interface Version {
  readonly application: string;
  readonly version: number;
}
