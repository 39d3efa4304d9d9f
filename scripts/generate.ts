// Writes the JSON Schema and the documents' tables that are made from the code: `npm run generate`. With `--check` it
// writes nothing and fails when one of them is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { editorJsonSchema } from "../src/config/json-schema.ts";
import { configTable } from "../src/config/table.ts";
import { adminTable, demoModelsTable, errorsTable, filtersTable, providersTable } from "./doc-tables.ts";

/** By the name in their markers, `<!-- name:begin -->` and `<!-- name:end -->`. */
const TABLES: Readonly<Record<string, () => string>> = {
  config: configTable,
  providers: providersTable,
  "demo-models": demoModelsTable,
  errors: errorsTable,
  admin: adminTable,
  filters: filtersTable,
};
const DOCUMENTS = ["README.md", "docs/architecture.md", "docs/management-api.md"];

/** The generated files below `root` that are not what they should be, with what they should be. */
export function outdated(root: string): Map<string, string> {
  const wanted = new Map([
    ["schema/amsterdam.schema.json", `${JSON.stringify(editorJsonSchema(), null, 2)}\n`],
  ]);
  for (const name of DOCUMENTS) {
    const text = readOrNull(join(root, name));
    if (text !== null) wanted.set(name, withTables(text));
  }
  return new Map([...wanted].filter(([name, text]) => readOrNull(join(root, name)) !== text));
}

/** A document with each table between its two markers; as it is where it has none. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, makeTable]) => {
    const marker = `<!-- ${name}:begin -->`;
    const begin = text.indexOf(marker);
    const end = text.indexOf(`<!-- ${name}:end -->`, begin);
    if (begin === -1 || end === -1) return text;
    return `${text.slice(0, begin + marker.length)}\n${makeTable()}\n${text.slice(end)}`;
  }, document);
}

function readOrNull(path: string): string | null {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function writeGenerated(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (import.meta.main) {
  const root = join(import.meta.dir, "..");
  const files = outdated(root);
  const check = process.argv.includes("--check");
  for (const [name, text] of files) {
    if (!check) writeGenerated(join(root, name), text);
    process.stdout.write(check ? `${name} is out of date; run npm run generate\n` : `wrote ${name}\n`);
  }
  if (check && files.size > 0) process.exitCode = 1;
}
