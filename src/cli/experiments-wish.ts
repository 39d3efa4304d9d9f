import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import { type ExperimentWish, experimentWish } from "../admin/experiment-wish.ts";
import { CommandError, usage } from "./stored.ts";

/** Bytes of a file with an experiment. */
const MOST_BYTES = 64 * 1024;

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const switched = { type: "boolean" } as const;

const OPTIONS = {
  file: text,
  id: text,
  description: text,
  template: text,
  variant: texts,
  metric: text,
  maximize: switched,
  minimize: switched,
  unit: text,
  allocation: text,
  weights: text,
  "minimum-share": text,
  outside: text,
  guardrail: texts,
  agent: texts,
  key: texts,
  tag: texts,
  model: texts,
  "error-rate": text,
  tolerance: text,
  "when-decided": text,
  label: text,
  start: switched,
  json: switched,
  help: { type: "boolean", short: "h" },
} as const;

/** What is asked for: help, or an experiment, from a file or from options; these go before what the file says. */
export function readWish(
  argv: readonly string[],
  cwd: string,
): { readonly help: true } | { readonly help: false; readonly json: boolean; readonly wish: ExperimentWish } {
  const options = readOptions(argv);
  if (options.help === true) return { help: true };
  const written = {
    ...(options.file === undefined ? {} : readFile(resolve(cwd, options.file))),
    ...wishOf(options),
  };
  const result = experimentWish.safeParse(written);
  if (result.success) return { help: false, json: options.json === true, wish: result.data };
  const problems = result.error.issues.slice(0, 10).map((issue) => {
    const names = issue.code === "unrecognized_keys" ? issue.keys.join(", ") : "";
    const place = issue.path.join(".");
    return names === ""
      ? `${place || "experiment"}: ${issue.message}`
      : `There is no ${[place, names].filter(Boolean).join(".")}`;
  });
  throw wrong(problems.join("\n"));
}

type Options = ReturnType<typeof readOptions>;

function readOptions(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (positionals.length > 0) throw new Error(`Too much: ${positionals.join(" ")}.`);
    return values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function readFile(path: string): object {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError(1, `${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  if (content.length > MOST_BYTES)
    throw new CommandError(1, `${path} has more than ${MOST_BYTES / 1024} KB; it is no experiment.`);
  let value: unknown;
  try {
    value = parseYaml(content, { maxAliasCount: 10 });
  } catch (error) {
    throw new CommandError(1, `${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new CommandError(
      1,
      `${path}: expected an experiment's settings (\`name: value\` lines, or a JSON object).`,
    );
  return value;
}

/** The members that options name, as they stand in a body of the management API. */
function wishOf(options: Options): Record<string, unknown> {
  const weights = options.weights === undefined ? null : readWeights(options.weights);
  const variants = options.variant?.map((written) => readVariant(written, weights));
  if (weights !== null && variants === undefined) throw wrong("--weights needs --variant.");
  for (const name of weights?.keys() ?? [])
    if (variants?.every((variant) => variant.name !== name))
      throw wrong(`--weights: there is no variant ${name}.`);
  const contexts = { agents: options.agent, keys: options.key, tags: options.tag, models: options.model };
  const members = {
    id: options.id,
    description: options.description,
    template: options.template,
    variants,
    metric: options.metric === undefined ? undefined : metricOf("--metric", options.metric),
    direction: directionOf(options),
    unit: options.unit,
    allocation: options.allocation ?? (weights === null ? undefined : "fixed"),
    minimum_share: numberOf("--minimum-share", options["minimum-share"]),
    outside: numberOf("--outside", options.outside),
    guardrails: options.guardrail?.map(readGuardrail),
    contexts: Object.values(contexts).some((list) => list !== undefined) ? contexts : undefined,
    error_rate: numberOf("--error-rate", options["error-rate"]),
    tolerance: numberOf("--tolerance", options.tolerance),
    when_decided: options["when-decided"],
    label: options.label,
    start: options.start,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function directionOf({ maximize, minimize }: Options): string | undefined {
  if (maximize && minimize) throw wrong("Either --maximize or --minimize.");
  return maximize ? "maximize" : minimize ? "minimize" : undefined;
}

/** `warm=2`, or with a model `warm=2@openai/gpt-5.2`. */
function readVariant(written: string, weights: ReadonlyMap<string, number> | null) {
  const [, name, version, model] = /^([^=]+)=([^@]+)(?:@(.+))?$/.exec(written) ?? [];
  if (name === undefined || version === undefined)
    throw wrong(
      `--variant ${written}: expected a name and a version, such as warm=2, or warm=2@openai/gpt-5.2.`,
    );
  const weight = weights === null ? {} : { weight: weights.get(name) ?? 1 };
  return { name, version, ...(model === undefined ? {} : { model }), ...weight };
}

function readWeights(written: string): ReadonlyMap<string, number> {
  return new Map(
    written.split(",").map((pair): [string, number] => {
      const [, name, weight] = /^\s*([^=]+)=(.+)$/.exec(pair) ?? [];
      if (name === undefined) throw wrong(`--weights ${written}: expected such as plain=2,warm=1.`);
      return [name, numberOf("--weights", weight)!];
    }),
  );
}

/** `helpful`, `helpful:boolean`, `seconds:number`, `rating:1..5`. */
function metricOf(option: string, written: string): Record<string, unknown> {
  const [, name, kind] = /^(.+):(boolean|number|[^:]+\.\.[^:]+)$/.exec(written) ?? [];
  if (name === undefined || kind === undefined) return { name: written };
  if (!kind.includes("..")) return { name, kind };
  const [min, max] = kind.split("..").map((end) => numberOf(option, end));
  return { name, kind: "bounded", min, max };
}

/** `failure<=0.05`, `helpful>=0.4`. */
function readGuardrail(written: string): Record<string, unknown> {
  const [, metric, bound, limit] = /^(.+?)\s*(<=|>=)\s*(.+)$/.exec(written) ?? [];
  if (metric === undefined)
    throw wrong(`--guardrail ${written}: expected such as "failure<=0.05" or "helpful>=0.4".`);
  const { name, ...kind } = metricOf("--guardrail", metric);
  return { metric: name, ...kind, [bound === "<=" ? "at_most" : "at_least"]: numberOf("--guardrail", limit) };
}

function numberOf(option: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const value = Number(written);
  if (written.trim() !== "" && Number.isFinite(value)) return value;
  throw wrong(`${option} ${written}: expected a number.`);
}

const wrong = (message: string) => usage("experiments", message);
