import { existsSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { defaultModel } from "../quality/default-model.ts";
import { type ApartMetrics, type Learned, LearningLog, TooLittle } from "../quality/learn.ts";
import { type RouterModel, readModelFile, writeModelFile } from "../quality/model-file.ts";
import { QualityModel, RefusedModel } from "../quality/quality-model.ts";
import { FILTER_FIELDS, toFilter } from "../records/filter.ts";
import { readFields } from "./record-options.ts";
import { type LogOutcomes, readLogOutcomes } from "./router-outcomes.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Teach the router from what the gateway recorded: requests that two models were used for, and the feedback on them.

Usage:
  amsterdam router train --from-log --strong <provider/model> --weak <provider/model> --feedback <name> [options]

  --strong, --weak  The models, as provider/model; several of a kind are separated by commas
  --feedback        Name of the feedback that says how good an answer was: true and false, or a number
  --range           Of numbers, the worst and the best, such as 1,5. Default: 0,1
  --since           Requests of this time. Default: 30d
  --until           Requests that began before; written as --since
  --out             The model file that is made. Default: router.model
  --model           The model that it is to be better than; by default the one at --out, or else the
                    one that comes with Amsterdam
  --force           Write it also where the other one is better, or where what is at --out is no model
  --json            JSON instead of text
  --config          The configuration that says where the records are, as for start

Some of the prompts, always the same, are kept apart and not learned from; on them the new model is held against the other
one, and a better one is not replaced. The same records give the same file, byte for byte. How it learns, and what it takes for
granted, is in docs/routing.md. The gateway may be running.
`;

const COMMAND = "router train --from-log";
const NAMES = ["strong", "weak", "feedback", "range", "since", "until", "out", "model"] as const;
const MONTH = 30 * 86_400_000;
const fields = z.object({
  since: FILTER_FIELDS.since,
  until: FILTER_FIELDS.until,
  feedback: FILTER_FIELDS.feedback,
});

/** `amsterdam router train --from-log`. Returns the exit code: 0, 1 (too little, not better, failed) or 2 (wrong usage). */
export function runRouterLearn(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions(COMMAND, argv, NAMES, ["from-log", "force"]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage(COMMAND, `Unknown: ${positionals.join(" ")}.`);
    const models = {
      strong: modelsOption("strong", options.strong),
      weak: modelsOption("weak", options.weak),
    };
    const both = models.strong.find((name) => models.weak.includes(name));
    if (both !== undefined) throw usage(COMMAND, `${both} cannot be both the strong and the weak model.`);
    const { feedback, ...times } = readFields(COMMAND, fields, options);
    if (feedback === undefined)
      throw usage(COMMAND, "--feedback is needed: the name of what says how good an answer was.");
    const range = rangeOption(options.range);
    const out = resolve(io.cwd, options.out ?? "router.model");
    const current = currentModel(options.model === undefined ? null : resolve(io.cwd, options.model), out);
    if (current.strange !== null && options.force !== true) throw new CommandError(1, current.strange);
    const filter = { since: Date.now() - MONTH, ...toFilter(times) };
    const found = await withStorage(io, "records", (storage) =>
      readLogOutcomes(storage, { filter, models, feedback, range }),
    );
    const result = learn(found, current.model);
    const isBetter = result.apart.difference >= 0;
    const isWritten = isBetter || options.force === true;
    if (isWritten) writeWhole(out, result.file);
    const told = { out, written: isWritten, ...toldOf(found, result) };
    io.stdout.write(options.json === true ? `${JSON.stringify(told, null, 2)}\n` : written(told));
    if (!isWritten)
      throw new CommandError(
        1,
        "Nothing was written: the current model is better on the prompts kept apart. --force replaces it.",
      );
  });
}

function modelsOption(name: string, text: string | undefined): string[] {
  const models = (text ?? "").split(",").map((each) => each.trim());
  if (models.every((model) => /^[^/]+\/./.test(model))) return models;
  throw usage(COMMAND, `--${name} is a model, such as openai/gpt-5.2, or several, separated by commas.`);
}

function rangeOption(text = "0,1"): readonly [number, number] {
  const [worst, best, ...more] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isRange = Number.isFinite(worst) && Number.isFinite(best) && worst !== best && more.length === 0;
  if (isRange) return [worst!, best!];
  throw usage(COMMAND, `--range ${text} is not two different numbers, the worst and the best, such as 1,5.`);
}

/** The model to be beaten, and why what stands at `out` should not be written over. Throws a CommandError. */
function currentModel(path: string | null, out: string): { model: RouterModel; strange: string | null } {
  const atOut = existsSync(out) ? QualityModel.load(out) : null;
  const strange =
    atOut instanceof RefusedModel ? `${out} is not replaced: ${atOut.reason} --force replaces it.` : null;
  if (path === null) return { model: atOut instanceof QualityModel ? atOut.model : defaultModel(), strange };
  const named = QualityModel.load(path);
  if (named instanceof RefusedModel) throw new CommandError(1, named.reason);
  return { model: named.model, strange };
}

interface Result {
  readonly learned: Learned;
  readonly apart: ApartMetrics;
  readonly file: Uint8Array;
}

function learn({ observations, checksum }: LogOutcomes, current: RouterModel): Result {
  try {
    const log = new LearningLog(observations, defaultModel());
    const learned = log.train();
    const { options, learned: counts } = learned;
    const file = writeModelFile({
      ...learned,
      note: {
        data: `a gateway's own log, added to the model ${defaultModel().checksum.slice(0, 12)}`,
        dataChecksum: checksum,
        rows: counts.prompts,
        sets: { log: counts.prompts },
        options: { ...options },
      },
    });
    return { learned, apart: log.judgeApart(readModelFile(file), current), file };
  } catch (error) {
    if (error instanceof TooLittle || error instanceof RangeError) throw new CommandError(1, error.message);
    throw error;
  }
}

/** A gateway that reads the file meanwhile sees the old one or the new one. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, path);
  } catch (error) {
    throw new CommandError(1, error instanceof Error ? error.message : String(error));
  }
}

function toldOf({ observations, known, passedOver }: LogOutcomes, { learned, apart, file }: Result) {
  return {
    bytes: file.length,
    requests: observations.length,
    known_probability: known,
    passed_over: passedOver,
    learned: learned.learned,
    kept_apart: learned.apart,
    learned_share: learned.options.learnedShare,
    new: apart.candidate,
    current: apart.current,
    difference: apart.difference,
    standard_error: apart.standardError,
  };
}

type Told = ReturnType<typeof toldOf> & { readonly out: string; readonly written: boolean };

function written(told: Told): string {
  const counts = ({ prompts, strong, weak, both }: Told["learned"]) =>
    `${prompts} prompts: ${strong} with the strong model, ${weak} with the weak one, ${both} with both`;
  const apgr = (metrics: Told["new"]) => metrics.apgr?.toFixed(3) ?? "-";
  const signed = `${told.difference < 0 ? "" : "+"}${told.difference.toFixed(4)}`;
  const clear = Math.abs(told.difference) > 1.96 * told.standard_error;
  const { unusable, unread, unfilled, mixed } = told.passed_over;
  const lines = [
    `requests    ${told.requests} with an outcome, ${told.known_probability} of them chosen with a known probability`,
    `learned     ${counts(told.learned)}`,
    `kept apart  ${counts(told.kept_apart)}`,
    `APGR        ${apgr(told.new)} new, ${apgr(told.current)} current, on the prompts kept apart`,
    `difference  ${signed} of the mean outcome, standard error ${told.standard_error.toFixed(4)}${clear ? "" : ": no more than chance may give"}`,
  ];
  if (told.new.strong <= told.new.weak)
    lines.push(
      `On the prompts kept apart the strong model is not better: ${told.new.strong.toFixed(3)} and ${told.new.weak.toFixed(3)}.`,
    );
  if (unread + unfilled + unusable + mixed > 0)
    lines.push(
      `passed over ${unread} requests without a prompt that can be read, ${unfilled} whose templates' texts cannot be made again, ${unusable} pieces of feedback that are no such value, ${mixed} requests whose run or thread had both models`,
    );
  if (told.written) lines.push(`${told.out}: ${told.bytes} bytes.`);
  return `${lines.join("\n")}\n`;
}
