import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { editorJsonSchema } from "../config/json-schema.ts";
import { configTemplate } from "../config/template.ts";
import type { CommandIo } from "./check.ts";

const HELP = `Write a configuration file with every setting, its meaning and its default in comments.

Usage:
  amsterdam init [file] [--force]

The file is ./amsterdam.yaml unless named. --force replaces one that is there.
`;

const SCHEMA_NAME = "amsterdam.schema.json";
/** Not there when the gateway runs as a single executable. */
const INSTALLED_SCHEMA = join(import.meta.dir, "..", "..", "schema", SCHEMA_NAME);

/** `amsterdam init [file]`; `argv` begins after `init`. Returns the exit code: 0, 1 (not written) or 2 (wrong usage). */
export function runInit(argv: readonly string[], io: CommandIo): number {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    io.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nSee: amsterdam init --help\n`,
    );
    return 2;
  }
  if (parsed.values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const shown = parsed.positionals[0] ?? "amsterdam.yaml";
  return write(resolve(io.cwd, shown), shown, parsed.values.force === true, io);
}

function parse(argv: readonly string[]) {
  const options = { help: { type: "boolean", short: "h" }, force: { type: "boolean" } } as const;
  const parsed = parseArgs({ args: [...argv], allowPositionals: true, options });
  if (parsed.positionals.length > 1) throw new Error("One file at a time.");
  return parsed;
}

function write(file: string, shown: string, force: boolean, io: CommandIo): number {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    io.stderr.write(`${shown} is a folder; name a file in it, such as ${join(shown, "amsterdam.yaml")}.\n`);
    return 1;
  }
  const schema = schemaFor(file);
  try {
    writeFileSync(file, configTemplate(schema.reference), { flag: force ? "w" : "wx" });
    if (schema.missing !== undefined)
      writeFileSync(schema.missing, `${JSON.stringify(editorJsonSchema(), null, 2)}\n`);
  } catch (error) {
    io.stderr.write(`${failure(error, shown)}\n`);
    return 1;
  }
  io.stdout.write(`Wrote ${shown}. Every line of it is a comment until you change one.\n`);
  return 0;
}

/** Editors follow a path relative to the file: to the installed schema where that lies below, else to a copy beside it. */
function schemaFor(file: string): { reference: string; missing?: string } {
  const below = relative(dirname(file), INSTALLED_SCHEMA);
  if (!below.startsWith("..") && existsSync(INSTALLED_SCHEMA)) return { reference: `./${below}` };
  return { reference: `./${SCHEMA_NAME}`, missing: join(dirname(file), SCHEMA_NAME) };
}

function failure(error: unknown, shown: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST") return `${shown} is there already; --force replaces it.`;
  if (code === "ENOENT") return `The folder of ${shown} does not exist.`;
  if (code === "EISDIR")
    return `${shown} is a folder; name a file in it, such as ${join(shown, "amsterdam.yaml")}.`;
  return `${shown} cannot be written: ${error instanceof Error ? error.message : String(error)}`;
}
