import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { FORMATS, toForeseen } from "../admin/routes-question.ts";
import { detailsJson, forecastJson, listJson } from "../admin/routes-shape.ts";
import type { Config } from "../config/schema.ts";
import { isRecord } from "../exchange/read.ts";
import { type ForeseenRequest, formatOfRequest } from "../routing/foreseen-request.ts";
import { readRoute } from "./routes-definition.ts";
import { ROUTES_HELP } from "./routes-help.ts";
import { explained, listedRoutes, shownRoute } from "./routes-output.ts";
import { asJson, type RoutesIo, readNamed, withDesk, wrong } from "./routes-parts.ts";
import { CommandError, parseOptions, runStored } from "./stored.ts";

type Command = (argv: readonly string[], io: RoutesIo, config: Config) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = { list, show, set, delete: remove, explain };

/** `amsterdam routes …`; `argv` begins after `routes`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runRoutes(argv: readonly string[], io: RoutesIo, config: Config): Promise<number> {
  return runStored(io, async () => {
    const [name, ...rest] = argv;
    if (name === undefined) throw wrong(`Say what to do: ${Object.keys(COMMANDS).join(", ")}.`);
    if (name === "--help" || name === "-h") return void io.stdout.write(ROUTES_HELP);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw wrong(`Unknown: routes ${name}.`);
    await command(rest, io, config);
  });
}

async function list(argv: readonly string[], io: RoutesIo, config: Config): Promise<void> {
  const asked = plain("list", argv, 0, io);
  if (asked === null) return;
  const { routes, aliases } = await withDesk(io, config, (desk) => desk.list());
  io.stdout.write(asked.json ? asJson(listJson(routes, aliases)) : listedRoutes(routes, aliases, io.columns));
}

async function show(argv: readonly string[], io: RoutesIo, config: Config): Promise<void> {
  const asked = plain("show", argv, 1, io);
  if (asked === null) return;
  const route = await withDesk(io, config, (desk) => desk.show(asked.name));
  io.stdout.write(asked.json ? asJson(detailsJson(route)) : shownRoute(route, io.columns));
}

async function set(argv: readonly string[], io: RoutesIo, config: Config): Promise<void> {
  const asked = await readRoute(argv, io);
  if (asked.help) return void io.stdout.write(ROUTES_HELP);
  const { name, route } = asked;
  const { made, warnings } = await withDesk(io, config, (desk) => desk.put(name, route, null));
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  io.stdout.write(
    asked.json
      ? asJson({ name, made, warnings })
      : `The route ${name} is ${made ? "made" : "changed"}. Running gateways follow within a second.\n`,
  );
}

async function remove(argv: readonly string[], io: RoutesIo, config: Config): Promise<void> {
  const asked = plain("delete", argv, 1, io);
  if (asked === null) return;
  await withDesk(io, config, (desk) => desk.delete(asked.name));
  io.stdout.write(
    asked.json ? asJson({ name: asked.name, deleted: true }) : `The route ${asked.name} is deleted.\n`,
  );
}

/** Null where help was asked for, and told. */
function plain(
  command: string,
  argv: readonly string[],
  operands: 0 | 1,
  io: RoutesIo,
): { readonly name: string; readonly json: boolean } | null {
  const { options, positionals } = parseOptions("routes", argv, []);
  if (options.help) {
    io.stdout.write(ROUTES_HELP);
    return null;
  }
  if (positionals.length !== operands)
    throw wrong(`routes ${command} takes ${operands === 0 ? "no name" : "one name"}.`);
  return { name: positionals[0] ?? "", json: options.json === true };
}

const text = { type: "string" } as const;
const QUESTION_OPTIONS = {
  request: text,
  format: text,
  "agent-id": text,
  "run-id": text,
  "thread-id": text,
  tag: { type: "string", multiple: true },
  key: text,
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

async function explain(argv: readonly string[], io: RoutesIo, config: Config): Promise<void> {
  const { values, positionals } = readQuestion(argv);
  if (values.help === true) return void io.stdout.write(ROUTES_HELP);
  const [name, ...prompts] = positionals;
  if (name === undefined) throw wrong("routes explain takes a name and a prompt.");
  if (prompts.length + (values.request === undefined ? 0 : 1) > 1)
    throw wrong("One prompt at a time; put it in quotes.");
  const request = await requestOf(values, prompts[0], io);
  const forecast = await withDesk(io, config, (desk) => desk.explain(name, request));
  io.stdout.write(values.json === true ? asJson(forecastJson(forecast)) : explained(forecast));
}

type Question = ReturnType<typeof readQuestion>["values"];

function readQuestion(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: QUESTION_OPTIONS, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

async function requestOf(
  values: Question,
  prompt: string | undefined,
  io: RoutesIo,
): Promise<ForeseenRequest> {
  const format = FORMATS.find((each) => each === values.format);
  if (values.format !== undefined && format === undefined)
    throw wrong(`--format ${values.format} is not one of ${FORMATS.join(", ")}.`);
  const about = {
    agent_id: values["agent-id"],
    run_id: values["run-id"],
    thread_id: values["thread-id"],
    tags: values.tag,
    key: values.key,
  };
  if (values.request === undefined) {
    const asked = prompt ?? (await io.stdin());
    if (asked.trim() === "") throw new CommandError(1, "The prompt is empty.");
    return toForeseen({ ...about, prompt: asked });
  }
  const request = await requestIn(values.request, io);
  if (format === undefined && formatOfRequest(request) === null)
    throw new CommandError(
      1,
      `${values.request} has neither messages, nor input, nor contents; name its --format.`,
    );
  return toForeseen({ ...about, request, format });
}

async function requestIn(file: string, io: RoutesIo): Promise<object> {
  const content = await readNamed(resolve(io.cwd, file), file);
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new CommandError(1, `${file} is not JSON.`);
  }
  if (isRecord(value)) return value;
  throw new CommandError(1, `${file} is no request: expected a JSON object.`);
}
