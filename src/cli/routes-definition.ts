import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import { type RouteConfig, routeSchema } from "../config/route-schema.ts";
import { isRecord } from "../exchange/read.ts";
import { type RoutesIo, readNamed, wrong } from "./routes-parts.ts";
import { CommandError } from "./stored.ts";

/** Bytes of a file with a route. */
const MOST_BYTES = 512 * 1024;

const text = { type: "string" } as const;
const OPTIONS = {
  target: { type: "string", multiple: true },
  strategy: text,
  weights: text,
  "strong-share": text,
  thresholds: text,
  "fallback-on": text,
  deadline: text,
  mirror: text,
  "mirror-share": text,
  file: text,
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What `routes set` was asked for: help, or a route by this name. */
export async function readRoute(
  argv: readonly string[],
  io: RoutesIo,
): Promise<
  | { readonly help: true }
  | { readonly help: false; readonly json: boolean; readonly name: string; readonly route: RouteConfig }
> {
  const { values, positionals } = readOptions(argv);
  if (values.help === true) return { help: true };
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) throw wrong("routes set takes one name.");
  const written = {
    ...(values.file === undefined ? {} : await readDefinition(values.file, io)),
    ...settingsOf(values),
  };
  if (!Object.hasOwn(written, "targets")) throw wrong("routes set needs --target or --file.");
  const result = routeSchema.safeParse(written);
  if (result.success) return { help: false, json: values.json === true, name, route: result.data };
  const problems = result.error.issues.slice(0, 10).map((issue) => {
    const place = issue.path.join(".");
    return issue.code === "unrecognized_keys"
      ? `There is no ${[place, issue.keys.join(", ")].filter(Boolean).join(".")}.`
      : `${place}: ${issue.message}`;
  });
  throw new CommandError(1, problems.join("\n"));
}

type Values = ReturnType<typeof readOptions>["values"];

function readOptions(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

async function readDefinition(file: string, io: RoutesIo): Promise<object> {
  const content = file === "-" ? await io.stdin() : await readNamed(resolve(io.cwd, file), file);
  const shown = file === "-" ? "Standard input" : file;
  if (content.length > MOST_BYTES)
    throw new CommandError(1, `${shown} has more than ${MOST_BYTES / 1024} KB; it is no route.`);
  let value: unknown;
  try {
    value = parseYaml(content, { maxAliasCount: 10 });
  } catch (error) {
    throw new CommandError(1, `${shown}: ${error instanceof Error ? error.message : error}`);
  }
  if (isRecord(value)) return value;
  throw new CommandError(
    1,
    `${shown}: expected a route's settings (\`name: value\` lines, or a JSON object).`,
  );
}

/** Those that options name, as they stand in the configuration. */
function settingsOf(values: Values): Record<string, unknown> {
  const { target, strategy, mirror } = values;
  if (mirror === undefined && values["mirror-share"] !== undefined)
    throw wrong("--mirror-share needs --mirror.");
  const share = numberOf("--mirror-share", values["mirror-share"]);
  const settings = {
    targets: target,
    strategy,
    weights: values.weights === undefined ? undefined : weightsOf(values.weights),
    strong_share: numberOf("--strong-share", values["strong-share"]),
    thresholds: listOf(values.thresholds)?.map((each) => numberOf("--thresholds", each)),
    fallback_on: listOf(values["fallback-on"]),
    deadline: numberOf("--deadline", values.deadline),
    mirror: mirror === undefined ? undefined : { target: mirror, ...(share === undefined ? {} : { share }) },
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** `openai/gpt-5=2,demo/echo=1`. */
function weightsOf(written: string): Record<string, number> {
  return Object.fromEntries(
    (listOf(written) ?? []).map((pair): [string, number] => {
      const [, name, weight] = /^(.+)=([^=]+)$/.exec(pair) ?? [];
      if (name === undefined)
        throw wrong(`--weights ${written}: expected such as openai/gpt-5=2,demo/echo=1.`);
      return [name, numberOf("--weights", weight)!];
    }),
  );
}

/** Absent and empty texts are told apart: none of the reasons is a list of none. */
function listOf(written: string | undefined): string[] | undefined {
  return written
    ?.split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

function numberOf(option: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const value = Number(written);
  if (written.trim() !== "" && Number.isFinite(value)) return value;
  throw wrong(`${option} ${written}: expected a number.`);
}
