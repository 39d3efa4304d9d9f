import { z } from "zod";
import { QUESTION_FIELDS, toQuestion } from "../admin/experiment-question.ts";
import { evaluationJson, reportJson } from "../admin/experiment-report.ts";
import { eventJson, experimentJson } from "../admin/experiment-shape.ts";
import { toExperiment } from "../admin/experiment-wish.ts";
import type { Config } from "../config/schema.ts";
import { ExperimentDesk } from "../experiments/desk.ts";
import { DirectAnalyst } from "../experiments/direct-analyst.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import { whyNotCalled } from "../routing/why-not-called.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import { EXPERIMENTS_HELP } from "./experiments-help.ts";
import { evaluated, listedExperiments, shownExperiment } from "./experiments-output.ts";
import { readWish } from "./experiments-wish.ts";
import { optionsOf, readFields } from "./record-options.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { storedRouting } from "./stored-routing.ts";

/** Who did it, in events: a command has no key. */
const BY = "command line";

const questionSchema = z.object(QUESTION_FIELDS);

interface Call {
  /** The experiment's id, and the variant's name where the command has one. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly desk: ExperimentDesk;
  readonly io: StoredIo;
}

interface Command {
  /** Operands that it takes: so many, and perhaps more. */
  readonly operands: number;
  readonly texts?: readonly string[];
  readonly run: (call: Call) => Promise<string>;
}

/** Those that change an experiment, with what is then said of it. */
const changing = (
  operands: number,
  said: string,
  act: (call: Call, id: string, variant: string) => Promise<KeptExperiment>,
  texts: readonly string[] = [],
): Command => ({
  operands,
  texts,
  async run(call) {
    const [id = "", variant = ""] = call.operands;
    const changed = await act(call, id, variant);
    if (call.options.json === true) return json(experimentJson(changed));
    return `${said.replace("ID", changed.id).replace("VARIANT", variant)}${standing(changed)}\n`;
  },
});

const COMMANDS: Readonly<Record<string, Command>> = {
  list: { operands: 0, run: list },
  show: { operands: 1, run: show },
  evaluate: { operands: 1, texts: optionsOf(QUESTION_FIELDS), run: evaluate },
  start: changing(1, "The experiment ID runs.", ({ desk }, id) => desk.start(id, BY)),
  pause: changing(1, "The experiment ID is paused.", ({ desk }, id) => desk.pause(id, BY)),
  resume: changing(1, "The experiment ID runs again.", ({ desk }, id) => desk.resume(id, BY)),
  end: changing(1, "The experiment ID has ended.", ({ desk }, id) => desk.end(id, BY)),
  promote: changing(
    1,
    "The experiment ID has ended with a promotion.",
    ({ desk, options }, id) => desk.promote(id, textOf(options.variant), BY),
    ["variant"],
  ),
  revert: changing(1, "The promotion of ID is reverted.", ({ desk }, id) => desk.revert(id, BY)),
  "switch-off": changing(
    2,
    "VARIANT of ID is switched off.",
    ({ desk, options }, id, variant) => desk.switchOff(id, variant, textOf(options.reason) ?? "", BY),
    ["reason"],
  ),
  "switch-on": changing(2, "VARIANT of ID is switched on.", ({ desk }, id, variant) =>
    desk.switchOn(id, variant, BY),
  ),
};

/** `amsterdam experiments …`; `argv` begins after `experiments`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runExperiments(argv: readonly string[], io: StoredIo, config: Config): Promise<number> {
  return runStored(io, async () => {
    const [name, ...rest] = argv;
    if (name === undefined)
      throw wrong(`Say what to do: ${[...Object.keys(COMMANDS), "create"].join(", ")}.`);
    if (name === "--help" || name === "-h") return void io.stdout.write(EXPERIMENTS_HELP);
    if (name === "create") return await create(rest, io, config);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw wrong(`Unknown: experiments ${name}.`);
    const { options, positionals } = parseOptions("experiments", rest, command.texts ?? []);
    if (options.help) return void io.stdout.write(EXPERIMENTS_HELP);
    if (positionals.length !== command.operands)
      throw wrong(
        `experiments ${name} takes ${["no operand", "one id", "an id and a variant"][command.operands]}.`,
      );
    const work = (desk: ExperimentDesk) => command.run({ operands: positionals, options, desk, io });
    io.stdout.write(await onDesk(io, config, work));
  });
}

async function create(argv: readonly string[], io: StoredIo, config: Config): Promise<void> {
  const read = readWish(argv, io.cwd);
  if (read.help) return void io.stdout.write(EXPERIMENTS_HELP);
  const { wish } = read;
  const made = await onDesk(io, config, (desk) => desk.create(toExperiment(wish), wish.start, BY));
  const next = wish.start ? "It runs." : `It is a draft: amsterdam experiments start ${made.id}`;
  io.stdout.write(read.json ? json(experimentJson(made)) : `The experiment ${made.id} is made. ${next}\n`);
}

async function list({ desk, options, io }: Call): Promise<string> {
  const experiments = (await desk.list()).map(experimentJson);
  if (options.json === true) return json(experiments);
  if (experiments.length === 0)
    return `There is no experiment in ${shownDatabaseUrl(io.storageUrl)}. Make one: amsterdam experiments create --help\n`;
  return listedExperiments(experiments, io.columns);
}

async function show({ desk, operands, options, io }: Call): Promise<string> {
  const { experiment, report, events } = await desk.show(operands[0] ?? "");
  const shown = {
    experiment: experimentJson(experiment),
    report: reportJson(experiment, report),
    events: events.map((event) => eventJson(experiment, event)),
  };
  return options.json === true ? json(shown) : shownExperiment(shown, io.columns);
}

async function evaluate({ desk, operands, options }: Call): Promise<string> {
  const question = toQuestion(readFields("experiments", questionSchema, options));
  const experiment = await desk.get(operands[0] ?? "");
  const found = evaluationJson(experiment, await desk.evaluate(experiment.id, question));
  return options.json === true ? json(found) : evaluated(found);
}

function onDesk<T>(io: StoredIo, config: Config, work: (desk: ExperimentDesk) => Promise<T>): Promise<T> {
  return withStorage(io, "experiments", async (storage) => {
    const { current } = await storedRouting(io, config, storage);
    const calls = (name: string, kind: "model" | "route") => whyNotCalled(name, kind, current);
    return await work(new ExperimentDesk(storage, new DirectAnalyst(storage), calls));
  });
}

/** What people would not expect of what they did. */
function standing({ status, variants, promotion, label }: KeptExperiment): string {
  if (promotion !== null)
    return ` The label ${label} points to version ${variants[promotion.variant]?.version}.`;
  const isOff = variants.every(({ switchedOff }) => switchedOff !== undefined);
  return status === "paused" && isOff ? " It is paused: all of its variants are off." : "";
}

function textOf(option: string | boolean | undefined): string | null {
  return typeof option === "string" ? option : null;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const wrong = (message: string) => usage("experiments", message);
