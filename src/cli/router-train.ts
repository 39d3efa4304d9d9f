import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { LARGEST_MODEL_FILE, writeModelFile } from "../quality/model-file.ts";
import type { OutcomeRow } from "../quality/outcomes.ts";
import { DEFAULT_OPTIONS, prepare, train } from "../quality/train.ts";
import { validate, validationTable } from "../quality/validation.ts";
import type { CommandIo } from "./check.ts";
import { readOutcomeFile } from "./outcome-file.ts";
import { runCommand } from "./router-options.ts";
import { CommandError, parseOptions, usage } from "./stored.ts";

const HELP = `Train the router that predicts from a prompt how likely the strong model does better.

Usage:
  amsterdam router train --data <file> --out <file> [--note <text>] [--margin <number>] [--validate] [--json]
  amsterdam router train --from-log …                  Learn from recorded requests: see --from-log --help

  --data      Outcomes as JSON lines {"id","set","task","prompt","strong","weak"}, also gzipped
  --out       Where the model file is written
  --note      Where the data comes from and its licences; kept in the file
  --margin    By how much the strong outcome must be better to be worth its price (${DEFAULT_OPTIONS.margin})
  --validate  Also print how the router does on prompts kept apart
  --json      JSON instead of text

The same data and options give the same file, byte for byte.
`;

/** `amsterdam router train`; `argv` begins after `train`. Returns the exit code: 0, 1 (bad data or file) or 2 (wrong usage). */
export function runRouterTrain(argv: readonly string[], io: Omit<CommandIo, "env">): Promise<number> {
  return runCommand(io, () => {
    const names = ["data", "out", "note", "margin"] as const;
    const { options, positionals } = parseOptions("router train", argv, names, ["validate"]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("router train", `Unknown: ${positionals.join(" ")}.`);
    const { data, out, note = "" } = options;
    if (data === undefined || out === undefined)
      throw usage("router train", "Both --data and --out are needed, or --from-log.");
    const trained = trainAndWrite({ data, out, note, margin: marginOption(options.margin) }, io.cwd);
    const { bytes, rows, prepared, settings } = trained;
    const validations = options.validate === true ? validate(prepared, settings) : null;
    if (options.json === true) {
      io.stdout.write(`${JSON.stringify({ out, bytes, rows, validations }, null, 2)}\n`);
      return;
    }
    io.stdout.write(`${out}: ${bytes} bytes, from ${rows} outcomes.\n`);
    if (validations !== null) io.stdout.write(`\n${validationTable(validations)}`);
  });
}

interface TrainOptions {
  readonly data: string;
  readonly out: string;
  readonly note: string;
  readonly margin: number;
}

/** Throws a CommandError. */
function marginOption(text: string | undefined): number {
  const margin = text === undefined ? DEFAULT_OPTIONS.margin : Number(text);
  if (Number.isFinite(margin) && text?.trim() !== "") return margin;
  throw usage("router train", `--margin ${text} is not a number.`);
}

function trainAndWrite({ data, out, note, margin }: TrainOptions, cwd: string) {
  const { rows, checksum: dataChecksum } = readOutcomeFile(resolve(cwd, data));
  const settings = { ...DEFAULT_OPTIONS, margin };
  const prepared = prepare(rows);
  const sets = setSizes(rows);
  const file = writeModelFile({
    ...train(prepared, settings),
    note: { data: note, dataChecksum, rows: rows.length, sets, options: settings },
  });
  if (file.length > LARGEST_MODEL_FILE) throw new CommandError(1, "The note is too long for a model file.");
  writeFileSync(resolve(cwd, out), file);
  return { bytes: file.length, rows: rows.length, prepared, settings };
}

function setSizes(rows: readonly OutcomeRow[]): Record<string, number> {
  const sizes = new Map<string, number>();
  for (const { set } of rows) sizes.set(set, (sizes.get(set) ?? 0) + 1);
  return Object.fromEntries(sizes);
}
