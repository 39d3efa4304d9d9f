import { comparisonJson, promptJson, versionJson } from "../admin/prompts-shape.ts";
import { parseTemplateId } from "../prompts/template-id.ts";
import { editVersion } from "./prompts-edit.ts";
import { exportTo, importFrom } from "./prompts-folder.ts";
import { HELP } from "./prompts-help.ts";
import { newPromptVersion } from "./prompts-new.ts";
import { diffText, listPromptsText, promptText, versionText } from "./prompts-output.ts";
import { asJson, type PromptsIo, type PromptsOptions, withCatalogue, wrong } from "./prompts-parts.ts";
import { preview } from "./prompts-preview.ts";
import { archive, label, pin, revert, unarchive, unlabel, unpin } from "./prompts-use.ts";
import { parseOptions, runStored } from "./stored.ts";

interface Command {
  /** How many operands it takes, at least and at most. */
  readonly operands: readonly [number, number];
  /** What is said when there are others. */
  readonly takes: string;
  readonly options?: readonly (keyof PromptsOptions)[];
  readonly run: (operands: readonly string[], options: PromptsOptions, io: PromptsIo) => Promise<void>;
}

const TEXT_OPTIONS = ["version", "from", "text", "file", "model", "as", "variables"] as const;
const SWITCHES = ["all", "dry-run"] as const;
const NO_LIMIT = Number.POSITIVE_INFINITY;

const COMMANDS: Readonly<Record<string, Command>> = {
  list: { operands: [0, 0], takes: "no name", options: ["all"], run: list },
  show: { operands: [1, 2], takes: "a name, and perhaps a version", run: show },
  new: {
    operands: [0, 1],
    takes: "one name",
    options: ["version", "from", "text", "file", "model"],
    run: newPromptVersion,
  },
  edit: { operands: [1, 2], takes: "a name, and perhaps a version", options: ["as"], run: editVersion },
  diff: { operands: [2, 3], takes: "a name and one or two versions", run: diff },
  label: { operands: [3, 3], takes: "a name, a label and a version", run: label },
  unlabel: { operands: [2, 2], takes: "a name and a label", run: unlabel },
  revert: { operands: [2, 2], takes: "a name and a label", run: revert },
  pin: { operands: [2, 2], takes: "a name and a version", run: pin },
  unpin: { operands: [1, 1], takes: "one name", run: unpin },
  archive: { operands: [1, 2], takes: "a name, and perhaps a version", run: archive },
  unarchive: { operands: [1, 2], takes: "a name, and perhaps a version", run: unarchive },
  preview: {
    operands: [1, NO_LIMIT],
    takes: "a name, perhaps a version, and variables",
    options: ["variables"],
    run: preview,
  },
  export: { operands: [1, NO_LIMIT], takes: "a folder, and perhaps names", options: ["all"], run: exportTo },
  import: { operands: [1, 1], takes: "one folder", options: ["dry-run"], run: importFrom },
};
/** Those whose first operand is no prompt. */
const OTHER_OPERANDS = new Set(["list", "new", "export", "import"]);

/** `amsterdam prompts …`; `argv` begins after `prompts`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runPrompts(argv: readonly string[], io: PromptsIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("prompts", argv, TEXT_OPTIONS, SWITCHES);
    const { json: _, help, ...given } = options;
    const [name, ...rest] = positionals;
    if (help) {
      io.stdout.write(HELP);
      return;
    }
    if (name === undefined) throw wrong("Say what to do, such as list, show, new or label.");
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw wrong(`Unknown: prompts ${name}.`);
    const operands = OTHER_OPERANDS.has(name) ? rest : promptOperands(name, rest);
    const [least, most] = command.operands;
    if (operands.length < least || operands.length > most) {
      throw wrong(`prompts ${name} takes ${command.takes}.`);
    }
    const foreign = Object.keys(given).find((option) => !command.options?.some((own) => own === option));
    if (foreign !== undefined) throw wrong(`prompts ${name} takes no --${foreign}.`);
    await command.run(operands, options, io);
  });
}

/** `greeting-v2`, as records and clients name a version, is read as the two operands that it stands for. */
function promptOperands(command: string, operands: readonly string[]): readonly string[] {
  const [first, ...rest] = operands;
  const id = parseTemplateId(first);
  if ("reason" in id || id.version === null) return operands;
  return command === "label" ? [id.name, ...rest, id.version] : [id.name, id.version, ...rest];
}

async function list(_: readonly string[], { all, json }: PromptsOptions, io: PromptsIo): Promise<void> {
  const prompts = (await withCatalogue(io, (catalogue) => catalogue.list())).filter(
    ({ template }) => all || template.archivedAt === null,
  );
  io.stdout.write(json ? asJson(prompts.map(promptJson)) : listPromptsText(prompts, io));
}

async function show(
  [name, which]: readonly string[],
  { json }: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  if (which !== undefined) {
    const version = await withCatalogue(io, (catalogue) => catalogue.version(name!, which));
    io.stdout.write(json ? asJson(versionJson(version)) : versionText(version, io));
    return;
  }
  const details = await withCatalogue(io, (catalogue) => catalogue.show(name!));
  io.stdout.write(promptText(details, json === true, io));
}

async function diff(operands: readonly string[], { json }: PromptsOptions, io: PromptsIo): Promise<void> {
  const [name, before, after] = operands;
  const compared = await withCatalogue(io, async (catalogue) =>
    catalogue.compare(name!, before!, after ?? (await catalogue.version(name!)).version),
  );
  io.stdout.write(json ? asJson(comparisonJson(compared)) : diffText(compared, io));
}
