import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { LARGEST_MODEL_FILE, writeModelFile } from "../quality/model-file.ts";
import type { OutcomeRow } from "../quality/outcomes.ts";
import { DEFAULT_OPTIONS, prepare, train } from "../quality/train.ts";
import { validate, validationTable } from "../quality/validation.ts";
import type { CommandIo } from "./check.ts";
import { readOutcomeFile } from "./outcome-file.ts";

const HELP = `Train the router that predicts from a prompt how likely the strong model does better.

Usage:
  amsterdam router train --data <file> --out <file> [--note <text>] [--margin <number>] [--validate]

  --data      Outcomes as JSON lines {"id","set","task","prompt","strong","weak"}, also gzipped
  --out       Where the model file is written
  --note      Where the data comes from and its licences; kept in the file
  --margin    By how much the strong outcome must be better to be worth its price (${DEFAULT_OPTIONS.margin})
  --validate  Also print how the router does on prompts kept apart

The same data and options give the same file, byte for byte.
`;

/** `amsterdam router train`; `argv` begins after `train`. Returns the exit code: 0, 1 (bad data or file) or 2 (wrong usage). */
export function runRouterTrain(argv: readonly string[], io: Omit<CommandIo, "env">): number {
  let options: Options | null;
  try {
    options = parse(argv);
  } catch (error) {
    io.stderr.write(`${message(error)}\nSee: amsterdam router train --help\n`);
    return 2;
  }
  if (options === null) {
    io.stdout.write(HELP);
    return 0;
  }
  try {
    io.stdout.write(trainAndWrite(options, io.cwd));
    return 0;
  } catch (error) {
    io.stderr.write(`${message(error)}\n`);
    return 1;
  }
}

interface Options {
  readonly data: string;
  readonly out: string;
  readonly note: string;
  readonly margin: number;
  readonly validate: boolean;
}

function parse(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", short: "h" },
      data: { type: "string" },
      out: { type: "string" },
      note: { type: "string" },
      margin: { type: "string" },
      validate: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const { data, out, note = "" } = values;
  if (data === undefined || out === undefined) throw new Error("Both --data and --out are needed.");
  const margin = values.margin === undefined ? DEFAULT_OPTIONS.margin : Number(values.margin);
  if (!Number.isFinite(margin) || values.margin?.trim() === "") {
    throw new Error(`--margin ${values.margin} is not a number.`);
  }
  return { data, out, note, margin, validate: values.validate ?? false };
}

function trainAndWrite({ data, out, note, margin, ...rest }: Options, cwd: string): string {
  const { rows, checksum: dataChecksum } = readOutcomeFile(resolve(cwd, data));
  const options = { ...DEFAULT_OPTIONS, margin };
  const prepared = prepare(rows);
  const sets = setSizes(rows);
  const file = writeModelFile({
    ...train(prepared, options),
    note: { data: note, dataChecksum, rows: rows.length, sets, options },
  });
  if (file.length > LARGEST_MODEL_FILE) throw new Error("The note is too long for a model file.");
  writeFileSync(resolve(cwd, out), file);
  const written = `${out}: ${file.length} bytes, from ${rows.length} outcomes.\n`;
  return rest.validate ? `${written}\n${validationTable(validate(prepared, options))}` : written;
}

function setSizes(rows: readonly OutcomeRow[]): Record<string, number> {
  const sizes = new Map<string, number>();
  for (const { set } of rows) sizes.set(set, (sizes.get(set) ?? 0) + 1);
  return Object.fromEntries(sizes);
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
