import type { TemplateVersion } from "../../prompts/template.ts";
import type { CaptureLimits, NewLabelMove, PromptStore } from "../prompt-store.ts";
import { PromptReader } from "../prompts/reader.ts";
import { VERSION_NAMES, versionValues } from "../prompts/rows.ts";
import type { PostgresConnection } from "./connection.ts";
import { itemsOf, named } from "./json-items.ts";
import { captured, type Kept, type KeptRevision } from "./prompt-capture.ts";
import type { Query, Value } from "./query.ts";
import { readable } from "./readable.ts";
import { moveRevision } from "./revision.ts";
import { toDatabaseJson } from "./text.ts";

/** Held by who adds versions, since what is added depends on what is there. "AMPT" in letters. */
const VERSIONS_LOCK = 0x414d5054;

const LOCK = "SELECT pg_advisory_xact_lock($1)";

const USED = `
  SELECT revision FROM amsterdam.prompt_versions WHERE template = $1 AND version = $2 AND NOT conflict`;

const COUNT_TEMPLATES = "SELECT count(*)::float8 AS count FROM amsterdam.prompt_templates";

const KEPT_TEMPLATES = "SELECT name FROM amsterdam.prompt_templates WHERE name = ANY($1::text[])";

const KEPT_REVISIONS = `
  SELECT template, version, revision, source FROM amsterdam.prompt_versions WHERE template = ANY($1::text[])`;

const INSERT_TEMPLATES = `
  INSERT INTO amsterdam.prompt_templates (name, created_at)
  SELECT DISTINCT ON (item.template) item.template, item.created_at
  FROM ${itemsOf(["template", "created_at"], {})} ORDER BY item.template, item.created_at
  ON CONFLICT (name) DO NOTHING`;

const INSERT_VERSIONS = `
  INSERT INTO amsterdam.prompt_versions (${VERSION_NAMES.join(", ")})
  SELECT ${VERSION_NAMES.map((name) => `item.${name}`).join(", ")}
  FROM ${itemsOf(VERSION_NAMES, { conflict: "boolean" })}`;

const ARCHIVE_TEMPLATE = "UPDATE amsterdam.prompt_templates SET archived_at = $1 WHERE name = $2";

const ARCHIVE_VERSION = `
  UPDATE amsterdam.prompt_versions SET archived_at = $1 WHERE template = $2 AND version = $3`;

const PIN = "UPDATE amsterdam.prompt_templates SET pinned_version = $1 WHERE name = $2";

const INSERT_MOVE = `
  INSERT INTO amsterdam.prompt_label_moves (template, label, version, moved_at, moved_by)
  VALUES ($1, $2, $3, $4, $5)`;

export class PostgresPrompts extends PromptReader implements PromptStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    super(readable(connection));
    this.#connection = connection;
  }

  add(version: TemplateVersion): Promise<"added" | "kept" | "conflict"> {
    return this.#connection.write(async (query) => {
      await query(LOCK, [VERSIONS_LOCK]);
      const { rows } = await query<{ revision: string }>(USED, [version.template, version.version]);
      const used = rows[0]?.revision;
      if (used !== undefined) return used === version.revision ? "kept" : "conflict";
      await insert(query, [{ version, conflict: false }]);
      await moveRevision(query, "prompts");
      return "added";
    });
  }

  async capture(
    versions: readonly TemplateVersion[],
    limits: CaptureLimits,
  ): Promise<{ readonly added: number; readonly refused: number }> {
    if (versions.length === 0) return { added: 0, refused: 0 };
    const names = [...new Set(versions.map(({ template }) => template))];
    return this.#connection.write(async (query) => {
      await query(LOCK, [VERSIONS_LOCK]);
      const { versions: added, refused } = captured(versions, await keptOf(query, names), limits);
      if (added.length > 0) await insert(query, added);
      return { added: added.length, refused };
    });
  }

  archive(template: string, version: string | null, at: number | null): Promise<boolean> {
    if (version === null) return this.#change(ARCHIVE_TEMPLATE, [at, template]);
    return this.#change(ARCHIVE_VERSION, [at, template, version]);
  }

  pin(template: string, version: string | null): Promise<boolean> {
    return this.#change(PIN, [version, template]);
  }

  async moveLabel({ template, label, version, movedAt, movedBy }: NewLabelMove): Promise<void> {
    await this.#change(INSERT_MOVE, [template, label, version, movedAt, movedBy]);
  }

  /** Runs a statement; false where it changed nothing. */
  #change(statement: string, values: readonly Value[]): Promise<boolean> {
    return this.#connection.write(async (query) => {
      if ((await query(statement, values)).count === 0) return false;
      await moveRevision(query, "prompts");
      return true;
    });
  }
}

async function keptOf(query: Query, names: readonly string[]): Promise<Kept> {
  const [count, templates, revisions] = await Promise.all([
    query<{ count: number }>(COUNT_TEMPLATES),
    query<{ name: string }>(KEPT_TEMPLATES, [names]),
    query<KeptRevision>(KEPT_REVISIONS, [names]),
  ]);
  return {
    templates: count.rows[0]?.count ?? 0,
    names: templates.rows.map(({ name }) => name),
    revisions: revisions.rows,
  };
}

async function insert(
  query: Query,
  versions: readonly { readonly version: TemplateVersion; readonly conflict: boolean }[],
): Promise<void> {
  const rows = versions.map(({ version, conflict }) =>
    named(VERSION_NAMES, versionValues(version, conflict)),
  );
  const items = toDatabaseJson(rows);
  await query(INSERT_TEMPLATES, [items]);
  await query(INSERT_VERSIONS, [items]);
}
