// Writes the files that are made from the configuration's definition: `npm run generate`. With `--check` it writes
// nothing and fails when one of them is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { editorJsonSchema } from "../src/config/json-schema.ts";
import { configTable } from "../src/config/table.ts";

const BEGIN = "<!-- config:begin -->";
const END = "<!-- config:end -->";

/** The generated files below `root` that are not what they should be, with what they should be. */
export function outdated(root: string): Map<string, string> {
  const wanted = new Map([
    ["schema/amsterdam.schema.json", `${JSON.stringify(editorJsonSchema(), null, 2)}\n`],
  ]);
  const readme = readOrNull(join(root, "README.md"));
  if (readme !== null) wanted.set("README.md", withTable(readme));
  return new Map([...wanted].filter(([name, text]) => readOrNull(join(root, name)) !== text));
}

/** README.md with the table between its two markers; as it is where it has none. */
export function withTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin === -1 || end === -1) return readme;
  return `${readme.slice(0, begin + BEGIN.length)}\n${configTable()}\n${readme.slice(end)}`;
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
