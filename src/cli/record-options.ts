import { z } from "zod";
import { FILTER_FIELDS, toFilter } from "../records/filter.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { type CommandError, usage } from "./stored.ts";

/** Names of the options that narrow what is meant: those of the management API with hyphens. */
export const FILTER_OPTIONS = optionsOf(FILTER_FIELDS);

export const FILTER_HELP = `Which requests are meant:
  --since <when>     From then on: 24h, 30m, 7d or 2w ago, a day such as 2026-11-01 (its
                     beginning, UTC), or a moment such as 2026-11-01T18:00:00Z
  --until <when>     Before then
  --model, --provider, --route, --door, --operation, --key-id <text>
  --run-id, --thread-id, --agent-id, --request-id, --parent-id, --tag, --template-id <text>
  --version <name>   With this version of a template sent: <template>-v<version>
  --variant <name>   With this variant of an experiment: <experiment>/<variant>
  --status <status>  Such as 429, or 2xx, 4xx, 5xx
  --category, --error <text>      Of the error; --category none for those that ended well
  --min-cost, --max-cost <usd>    --min-duration-ms, --max-duration-ms <ms>
  --feedback <name>  With feedback of this name, or <name>=<value>, such as good=false: on
                     the request, its run or its thread
  --text <words>     With these words in their bodies
`;

/** Options as they are written on the command line. */
type Written = Readonly<Partial<Record<string, string | boolean>>>;

/** Options checked by a schema whose members have underscores for hyphens. Throws a CommandError naming what is wrong. */
export function readFields<T extends z.ZodObject>(command: string, schema: T, options: Written): z.output<T> {
  const known = Object.keys(schema.shape).flatMap((name): [string, unknown][] => {
    const value = options[withHyphens(name)];
    return value === undefined ? [] : [[name, value]];
  });
  const result = schema.safeParse(Object.fromEntries(known));
  if (result.success) return result.data;
  throw wrongOption(command, result.error);
}

/** The filter that the options mean. Throws a CommandError. */
export function readFilter(command: string, options: Written): RecordFilter {
  return toFilter(readFields(command, z.object(FILTER_FIELDS), options));
}

function wrongOption(command: string, error: z.ZodError): CommandError {
  const [issue] = error.issues;
  return usage(command, `--${withHyphens(String(issue?.path[0]))}: ${issue?.message ?? "it is wrong"}`);
}

/** The names of the options that a schema's members are. */
export function optionsOf(fields: object): string[] {
  return Object.keys(fields).map(withHyphens);
}

function withHyphens(name: string): string {
  return name.replaceAll("_", "-");
}
