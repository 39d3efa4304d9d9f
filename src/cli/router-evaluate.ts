import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { probabilityOf } from "../quality/calibration.ts";
import { COMPARED, type Compared, type ComparedLine, compare } from "../quality/comparison.ts";
import { curvePicture } from "../quality/curve-picture.ts";
import { defaultModel } from "../quality/default-model.ts";
import { linearValue } from "../quality/linear.ts";
import type { RouterModel } from "../quality/model-file.ts";
import { crossValidated, DEFAULT_OPTIONS, prepare } from "../quality/train.ts";
import type { CommandIo } from "./check.ts";
import { readOutcomeFile } from "./outcome-file.ts";
import { modelOption, runCommand } from "./router-options.ts";
import { CommandError, parseOptions, usage } from "./stored.ts";
import { printable, renderShare, table } from "./table.ts";

const HELP = `Say how well the router chooses on prompts whose outcomes are known.

Usage:
  amsterdam router evaluate [--data <file> [--model <file>]] [--picture <file.svg>] [--json]

  --data     Outcomes as JSON lines {"id","set","task","prompt","strong","weak"}, also gzipped. Without it
             the data of the router that comes with Amsterdam, each prompt scored without it and its
             doubles having been learned from
  --model    A router's model file; by default the one that comes with Amsterdam
  --picture  Also draw the curves, as SVG
  --json     The same as JSON, with the curves of all sets

CPT(50) and CPT(80) are the shares of calls to the strong model, in percent, that recover half and four fifths of what it is
better by. APGR is 0 for always weak, 1 for always strong and about 0.5 for random. The curve has the mean outcome by the share
of strong calls, for all prompts together.
`;

/** Where the data lies beside the sources. The executable alone has it not. */
const OWN_DATA = join(import.meta.dir, "../../training/outcomes.jsonl.gz");

/** `amsterdam router evaluate`; `argv` begins after `evaluate`. Returns the exit code: 0, 1 (bad file) or 2 (wrong usage). */
export function runRouterEvaluate(argv: readonly string[], io: Omit<CommandIo, "env">): Promise<number> {
  return runCommand(io, () => {
    const { options, positionals } = parseOptions("router evaluate", argv, ["data", "model", "picture"]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("router evaluate", `Unknown: ${positionals.join(" ")}.`);
    const { data, model, picture } = options;
    if (data === undefined && model !== undefined)
      throw usage("router evaluate", "--model needs --data: prompts that the model was not trained on.");
    const lines = data === undefined ? evaluateOwn() : evaluateOn(data, model, io);
    if (picture !== undefined) writeFileSync(resolve(io.cwd, picture), pictureOf(lines));
    io.stdout.write(options.json === true ? `${JSON.stringify(lines, null, 2)}\n` : written(lines));
  });
}

function evaluateOwn(): ComparedLine[] {
  if (!existsSync(OWN_DATA)) {
    throw new CommandError(
      1,
      "The router's training data is not part of this installation; name outcomes with --data.",
    );
  }
  const data = prepare(readOutcomeFile(OWN_DATA).rows);
  const scores = crossValidated(data, DEFAULT_OPTIONS);
  return compare(
    data.map((each, at) => ({ ...each, score: scores[at]! })),
    defaultModel().form.spread,
  );
}

function evaluateOn(path: string, modelPath: string | undefined, io: Omit<CommandIo, "env">): ComparedLine[] {
  const { model } = modelOption(modelPath, io.cwd);
  const { rows, checksum } = readOutcomeFile(resolve(io.cwd, path));
  if (checksum === model.note.dataChecksum) {
    io.stderr.write(
      "warning: the model was trained on these very prompts; it looks better here than it is.\n",
    );
  }
  return compare(scored(model, rows), model.form.spread);
}

function scored(model: RouterModel, rows: Parameters<typeof prepare>[0]) {
  return prepare(rows).map((each) => ({
    ...each,
    score: probabilityOf(model.calibration, linearValue(model.form, each.features)),
  }));
}

/** Lines of the last set, which is all of them where there are several. */
const lastSet = (lines: readonly ComparedLine[]) => lines.slice(-COMPARED.length);

function pictureOf(lines: readonly ComparedLine[]): string {
  const last = lastSet(lines);
  const curves = last.map(({ router, metrics }) => ({
    name: metrics.apgr === null ? router : `${router}, APGR ${metrics.apgr.toFixed(3)}`,
    curve: metrics.curve,
  }));
  const [first] = last;
  return curvePicture(
    `Mean outcome of ${first!.prompts.toLocaleString("en")} prompts (${first!.set})`,
    curves,
  );
}

function written(lines: readonly ComparedLine[]): string {
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
  const metrics = table(
    [head, ...rows],
    head.map((name) => name !== "set" && name !== "router"),
  );
  return `${metrics}\nMean outcome by the share of strong calls:\n${curveTable(lastSet(lines))}`;
}

/** The shares are the same for all: each curve has the deciles of the same prompts. */
function curveTable(lines: readonly ComparedLine[]): string {
  const curveOf = (router: Compared) => lines.find((line) => line.router === router)!.metrics.curve;
  const rows = curveOf("learned").map(({ share }, at) => [
    renderShare(share),
    ...COMPARED.map((router) => curveOf(router)[at]!.quality.toFixed(4)),
  ]);
  return table([["strong", ...COMPARED], ...rows], [true, ...COMPARED.map(() => true)]);
}
