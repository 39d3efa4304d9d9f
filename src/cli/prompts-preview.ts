import { versionJson } from "../admin/prompts-shape.ts";
import { messagesText } from "./prompts-output.ts";
import { asJson, type PromptsIo, type PromptsOptions, withCatalogue, wrong } from "./prompts-parts.ts";

/** `prompts preview`: a version with variables put in. */
export async function preview(
  operands: readonly string[],
  options: PromptsOptions,
  io: PromptsIo,
): Promise<void> {
  const [name, ...rest] = operands;
  const which = rest[0]?.includes("=") ? undefined : rest.shift();
  const variables = readVariables(rest, options.variables);
  const { version, messages } = await withCatalogue(io, (catalogue) =>
    catalogue.preview(name!, which, variables),
  );
  const { id, revision } = versionJson(version);
  io.stdout.write(options.json ? asJson({ id, revision, messages }) : messagesText(messages, io));
}

/** `name=value` are texts; JSON has values of any kind. */
function readVariables(pairs: readonly string[], json: string | undefined): Record<string, unknown> {
  const variables: Record<string, unknown> = Object.create(null);
  if (json !== undefined) {
    const value = parsed(json);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw wrong(`--variables is a JSON object, such as '{"name": "Ada"}'.`);
    Object.assign(variables, value);
  }
  for (const pair of pairs) {
    const end = pair.indexOf("=");
    if (end < 1) throw wrong(`${pair}: a variable is written as name=value.`);
    variables[pair.slice(0, end)] = pair.slice(end + 1);
  }
  return variables;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
