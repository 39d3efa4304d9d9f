// Tables of the documents that are made from the code, so that they cannot fall behind it.
import { ROUTES } from "../src/admin/table.ts";
import { ERRORS } from "../src/exchange/errors.ts";
import { CATALOGUE } from "../src/providers/catalogue.ts";
import { DEMO_MODELS } from "../src/providers/demo/behaviours.ts";
import { FILTER_FIELDS } from "../src/records/filter.ts";

/** Every built-in provider: its names, its key's variables, its formats and the bare model names that go to it. */
export function providersTable(): string {
  const rows = Object.entries(CATALOGUE).map(([name, entry]) => {
    const names = [name, ...(entry.aliases ?? [])];
    return [codes(names), codes(entry.env), codes(Object.keys(entry.formats)), codes(entry.models)];
  });
  return table(["Provider", "Key in", "Formats", "Bare model names"], rows);
}

/** The demo provider's models and what each does. */
export function demoModelsTable(): string {
  return table(
    ["Model", "What it does"],
    DEMO_MODELS.map(({ id, description }) => [code(`demo/${id}`), description]),
  );
}

/** The error table: code, status, category, and whether the same target or another one is tried. */
export function errorsTable(): string {
  const rows = Object.entries(ERRORS).map(([name, entry]) => [
    code(name),
    String(entry.status),
    entry.category,
    entry.retryable ? "yes" : "",
    entry.fallback ? "yes" : "",
  ]);
  return table(["Code", "Status", "Category", "Tried again", "Next target"], rows);
}

/** Every path of the management API, with what it does. */
export function adminTable(): string {
  const rows = ROUTES.map(({ method, path, summary }) => [code(`${method} ${path}`), summary]);
  return table(["Call", "What it does"], rows);
}

/** What narrows which requests are meant, in the management API and on the command line. */
export function filtersTable(): string {
  const rows = Object.entries(FILTER_FIELDS).map(([name, { description = "" }]) => [code(name), description]);
  return table(["Parameter", "Which requests"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function codes(texts: readonly string[]): string {
  return texts.map(code).join(", ");
}

function code(text: string): string {
  return `\`${text}\``;
}
