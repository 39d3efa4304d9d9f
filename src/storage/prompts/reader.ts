import type { Label, LabelMove, Template } from "../../prompts/template.ts";
import type { KeptVersion } from "../prompt-store.ts";
import type { ReadableDatabase } from "../readable.ts";
import { TEMPLATE_COLUMNS, VERSION_COLUMNS, type VersionRow, versionFromRow } from "./rows.ts";

const MOVE_COLUMNS = `version, moved_at AS "movedAt", moved_by AS "movedBy"`;

type LabelledMove = LabelMove & Pick<Label, "template" | "label">;

/** What is asked of templates, of whatever database: the reading half of a PromptStore. */
export class PromptReader {
  readonly #database: ReadableDatabase;

  constructor(database: ReadableDatabase) {
    this.#database = database;
  }

  templates(): Promise<Template[]> {
    const sql = `SELECT ${TEMPLATE_COLUMNS} FROM ${this.#database.schema}prompt_templates ORDER BY name`;
    return this.#database.rows<Template>(sql, []);
  }

  async template(name: string): Promise<Template | null> {
    const sql = `SELECT ${TEMPLATE_COLUMNS} FROM ${this.#database.schema}prompt_templates WHERE name = ?`;
    return (await this.#database.rows<Template>(sql, [name]))[0] ?? null;
  }

  async versions(template: string): Promise<KeptVersion[]> {
    const sql = `SELECT ${VERSION_COLUMNS} FROM ${this.#database.schema}prompt_versions
      WHERE template = ? ORDER BY sequence`;
    return (await this.#database.rows<VersionRow>(sql, [template])).map(versionFromRow);
  }

  async version(template: string, version: string): Promise<KeptVersion | null> {
    const sql = `SELECT ${VERSION_COLUMNS} FROM ${this.#database.schema}prompt_versions
      WHERE template = ? AND version = ? AND NOT conflict`;
    const [row] = await this.#database.rows<VersionRow>(sql, [template, version]);
    return row === undefined ? null : versionFromRow(row);
  }

  async labels(template?: string): Promise<Label[]> {
    const where = template === undefined ? "" : "WHERE template = ?";
    const sql = `SELECT template, label, ${MOVE_COLUMNS} FROM ${this.#database.schema}prompt_label_moves ${where}
      ORDER BY template, label, sequence`;
    return labelsOf(await this.#database.rows<LabelledMove>(sql, template === undefined ? [] : [template]));
  }

  labelHistory(template: string, label: string): Promise<LabelMove[]> {
    const sql = `SELECT ${MOVE_COLUMNS} FROM ${this.#database.schema}prompt_label_moves
      WHERE template = ? AND label = ? ORDER BY sequence`;
    return this.#database.rows<LabelMove>(sql, [template, label]);
  }
}

/** Those labels that point to a version after all their moves, which come one after the other. */
function labelsOf(moves: readonly LabelledMove[]): Label[] {
  const labels: { template: string; label: string; history: LabelMove[] }[] = [];
  for (const { template, label, ...move } of moves) {
    const last = labels.at(-1);
    if (last?.template === template && last.label === label) last.history.push(move);
    else labels.push({ template, label, history: [move] });
  }
  return labels.flatMap((label) => {
    const version = label.history.at(-1)?.version ?? null;
    return version === null ? [] : [{ ...label, version }];
  });
}
