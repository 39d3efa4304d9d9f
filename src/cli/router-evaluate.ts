import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultModel } from "../quality/default-model.ts";
import { evaluate, evaluateRandom, type Metrics } from "../quality/evaluate.ts";
import { type RouterModel, readModelFile } from "../quality/model-file.ts";
import type { OutcomeRow } from "../quality/outcomes.ts";
import { strongProbability } from "../quality/score.ts";
import type { CommandIo } from "./check.ts";
import { readOutcomeFile } from "./outcome-file.ts";
import { printable, table } from "./table.ts";

const HELP = `Say how well the router chooses on prompts whose outcomes are known.

Usage:
  amsterdam router evaluate --data <file> [--model <file>] [--json]

  --data   Outcomes as JSON lines {"id","set","task","prompt","strong","weak"}, also gzipped
  --model  A router's model file; by default the one that comes with Amsterdam
  --json   The same as JSON, with the whole curves

CPT(50) and CPT(80) are the shares of calls to the strong model, in percent, that recover half and four fifths of what it is
better by. APGR is 0 for always weak, 1 for always strong and about 0.5 for random.
`;

/** Seed of the random routers. */
const SEED = 1;

interface Line {
  readonly set: string;
  readonly router: string;
  readonly prompts: number;
  readonly metrics: Metrics;
}

/** `amsterdam router evaluate`; `argv` begins after `evaluate`. Returns the exit code: 0, 1 (bad file) or 2 (wrong usage). */
export function runRouterEvaluate(argv: readonly string[], io: Omit<CommandIo, "env">): number {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
    if (!parsed.help && parsed.data === undefined) throw new Error("--data is needed.");
  } catch (error) {
    io.stderr.write(`${message(error)}\nSee: amsterdam router evaluate --help\n`);
    return 2;
  }
  const { data, model: modelPath, json, help } = parsed;
  if (help || data === undefined) {
    io.stdout.write(HELP);
    return 0;
  }
  try {
    const model =
      modelPath === undefined ? defaultModel() : readModelFile(readFileSync(resolve(io.cwd, modelPath)));
    const { rows, checksum } = readOutcomeFile(resolve(io.cwd, data));
    if (checksum === model.note.dataChecksum) {
      io.stderr.write(
        "warning: the model was trained on these very prompts; it looks better here than it is.\n",
      );
    }
    const lines = evaluateSets(model, rows);
    io.stdout.write(json ? `${JSON.stringify(lines, null, 2)}\n` : `${written(lines)}\n`);
    return 0;
  } catch (error) {
    io.stderr.write(`${message(error)}\n`);
    return 1;
  }
}

function parse(argv: readonly string[]) {
  const options = {
    help: { type: "boolean", short: "h" },
    data: { type: "string" },
    model: { type: "string" },
    json: { type: "boolean" },
  } as const;
  return parseArgs({ args: [...argv], options }).values;
}

function evaluateSets(model: RouterModel, rows: readonly OutcomeRow[]): Line[] {
  const scores = new Map(rows.map((row) => [row, strongProbability(model, row.prompt)]));
  const sets = [...new Set(rows.map(({ set }) => set))].map((set) => ({
    set,
    part: rows.filter((row) => row.set === set),
  }));
  if (sets.length !== 1) sets.push({ set: "all", part: [...rows] });
  return sets.flatMap(({ set, part }) => {
    const line = (router: string, metrics: Metrics) => ({ set, router, prompts: part.length, metrics });
    const by = (score: (row: OutcomeRow) => number) => evaluate(part.map(score), part);
    return [
      line(
        "learned",
        by((row) => scores.get(row)!),
      ),
      line(
        "length",
        by(({ prompt }) => prompt.length),
      ),
      line("random", evaluateRandom(part, SEED)),
    ];
  });
}

function written(lines: readonly Line[]): string {
  const percent = (share: number | null) => (share === null ? "-" : (share * 100).toFixed(1));
  const head = ["set", "prompts", "router", "CPT(50)", "CPT(80)", "APGR", "weak", "strong"];
  const rows = lines.map(({ set, router, prompts, metrics }) => [
    printable(set),
    String(prompts),
    router,
    percent(metrics.cpt50),
    percent(metrics.cpt80),
    metrics.apgr?.toFixed(3) ?? "-",
    metrics.weak.toFixed(3),
    metrics.strong.toFixed(3),
  ]);
  return table(
    [head, ...rows],
    head.map((name) => name !== "set" && name !== "router"),
  );
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
