import type { Database } from "bun:sqlite";
import type { TemplateVersion } from "../../prompts/template.ts";
import type { CaptureLimits, NewLabelMove, PromptStore } from "../prompt-store.ts";
import { PromptReader } from "../prompts/reader.ts";
import { VERSION_NAMES, versionValues } from "../prompts/rows.ts";
import type { SqliteConnection } from "./connection.ts";
import { readable } from "./readable.ts";
import { moveRevision } from "./revision.ts";

const INSERT_VERSION = `
  INSERT INTO prompt_versions (${VERSION_NAMES.join(", ")}) VALUES (${VERSION_NAMES.map(() => "?").join(", ")})`;

const INSERT_MOVE = `
  INSERT INTO prompt_label_moves (template, label, version, moved_at, moved_by) VALUES (?, ?, ?, ?, ?)`;

export class SqlitePrompts extends PromptReader implements PromptStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    super(readable(connection));
    this.#connection = connection;
  }

  add(version: TemplateVersion): Promise<"added" | "kept" | "conflict"> {
    return this.#connection.writeDurably((db) => {
      const used = revisionInUse(db, version);
      if (used !== null) return used === version.revision ? "kept" : "conflict";
      insertTemplate(db, version);
      insertVersion(db, version, false);
      moveRevision(db, "prompts");
      return "added";
    });
  }

  async capture(
    versions: readonly TemplateVersion[],
    limits: CaptureLimits,
  ): Promise<{ readonly added: number; readonly refused: number }> {
    if (versions.length === 0) return { added: 0, refused: 0 };
    return this.#connection.write((db) => {
      const counts = { added: 0, refused: 0 };
      for (const version of versions) {
        if (isKept(db, version)) continue;
        if (isBeyond(db, version, limits)) {
          counts.refused++;
          continue;
        }
        insertTemplate(db, version);
        insertVersion(db, version, revisionInUse(db, version) !== null);
        counts.added++;
      }
      return counts;
    });
  }

  archive(template: string, version: string | null, at: number | null): Promise<boolean> {
    return this.#change((db) =>
      version === null
        ? db.query("UPDATE prompt_templates SET archived_at = ? WHERE name = ?").run(at, template)
        : db
            .query("UPDATE prompt_versions SET archived_at = ? WHERE template = ? AND version = ?")
            .run(at, template, version),
    );
  }

  pin(template: string, version: string | null): Promise<boolean> {
    return this.#change((db) =>
      db.query("UPDATE prompt_templates SET pinned_version = ? WHERE name = ?").run(version, template),
    );
  }

  async moveLabel({ template, label, version, movedAt, movedBy }: NewLabelMove): Promise<void> {
    await this.#change((db) => db.query(INSERT_MOVE).run(template, label, version, movedAt, movedBy));
  }

  /** Runs a statement; false where it changed nothing. */
  #change(run: (db: Database) => { readonly changes: number }): Promise<boolean> {
    return this.#connection.writeDurably((db) => {
      if (run(db).changes === 0) return false;
      moveRevision(db, "prompts");
      return true;
    });
  }
}

/** The revision that is the version; null where there is none. */
function revisionInUse(db: Database, { template, version }: TemplateVersion): string | null {
  const sql = "SELECT revision FROM prompt_versions WHERE template = ? AND version = ? AND NOT conflict";
  return db.query<{ revision: string }, [string, string]>(sql).get(template, version)?.revision ?? null;
}

function isKept(db: Database, { template, version, revision }: TemplateVersion): boolean {
  const sql = "SELECT 1 FROM prompt_versions WHERE template = ? AND version = ? AND revision = ?";
  return db.query(sql).get(template, version, revision) !== null;
}

function isBeyond(
  db: Database,
  { template }: TemplateVersion,
  { most, mostTemplates }: CaptureLimits,
): boolean {
  if (db.query("SELECT 1 FROM prompt_templates WHERE name = ?").get(template) === null)
    return count(db, "SELECT count(*) AS count FROM prompt_templates") >= mostTemplates || most < 1;
  const seen = "SELECT count(*) AS count FROM prompt_versions WHERE template = ? AND source = 'traffic'";
  return count(db, seen, template) >= most;
}

function count(db: Database, sql: string, ...values: string[]): number {
  return db.query<{ count: number }, string[]>(sql).get(...values)?.count ?? 0;
}

function insertTemplate(db: Database, { template, createdAt }: TemplateVersion): void {
  db.query("INSERT INTO prompt_templates (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING").run(
    template,
    createdAt,
  );
}

function insertVersion(db: Database, version: TemplateVersion, conflict: boolean): void {
  db.query(INSERT_VERSION).run(...versionValues(version, conflict));
}
