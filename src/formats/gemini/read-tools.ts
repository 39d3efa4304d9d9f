import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalRecord,
  optionalString,
  recordOf,
  requiredRecord,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import type { FunctionTool, HostedTool, HostedToolKind, Tool, ToolChoice } from "../../exchange/request.ts";
import { extended } from "./extensions.ts";
import { camelCased } from "./names.ts";
import { readSchema } from "./schema.ts";

/** What Google's hosted tools do; those that are not listed are `other`. */
const HOSTED: Readonly<Record<string, HostedToolKind>> = {
  googleSearch: "web-search",
  googleSearchRetrieval: "web-search",
  enterpriseWebSearch: "web-search",
  urlContext: "web-fetch",
  codeExecution: "code-execution",
  fileSearch: "file-search",
  computerUse: "computer",
  mcpServers: "mcp",
};

const DECLARATION: ReadonlySet<string> = new Set([
  "name",
  "description",
  "parameters",
  "parametersJsonSchema",
]);

/** Reads `tools`: objects that each hold functions, hosted tools, or both. */
export function readTools(value: unknown): Tool[] {
  const tools = isRecord(value) ? [value] : (optionalArray(value, "tools") ?? []);
  return tools.flatMap((tool, index) => {
    const param = `tools[${index}]`;
    return Object.entries(camelCased(requiredRecord(tool, param))).flatMap(([key, settings]): Tool[] => {
      if (key !== "functionDeclarations") return [hostedTool(key, settings)];
      return (optionalArray(settings, `${param}.${key}`) ?? []).map((declaration, number) =>
        functionTool(declaration, `${param}.${key}[${number}]`),
      );
    });
  });
}

function functionTool(value: unknown, param: string): FunctionTool {
  const declaration = camelCased(requiredRecord(value, param));
  const name = requiredString(declaration.name, `${param}.name`);
  const description = optionalString(declaration.description, `${param}.description`);
  const jsonSchema = optionalRecord(declaration.parametersJsonSchema, `${param}.parametersJsonSchema`);
  const schema = optionalRecord(declaration.parameters, `${param}.parameters`);
  const parameters = jsonSchema ?? (schema === undefined ? undefined : readSchema(schema));
  // A Schema goes out again as it came in, since it says less than JSON Schema.
  const given = jsonSchema === undefined && schema !== undefined ? { parameters: schema } : undefined;
  const rest = restOf(declaration, DECLARATION);
  return {
    kind: "function",
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...extended(given === undefined ? rest : { ...rest, ...given }),
  };
}

function hostedTool(type: string, settings: unknown): HostedTool {
  const blocked = arrayOf(recordOf(settings)?.excludeDomains).filter((domain) => typeof domain === "string");
  return {
    kind: "hosted",
    hosted: Object.hasOwn(HOSTED, type) ? (HOSTED[type] as HostedToolKind) : "other",
    type,
    ...(blocked.length === 0 ? {} : { blockedDomains: blocked }),
    extensions: { gemini: { [type]: settings } },
  };
}

/** `rest` are the members of `toolConfig` that have no place in the neutral form. */
export function readToolConfig(value: unknown): { choice?: ToolChoice; rest?: JsonObject } {
  const given = optionalRecord(value, "toolConfig");
  if (given === undefined) return {};
  const { functionCallingConfig, ...others } = camelCased(given);
  const param = "toolConfig.functionCallingConfig";
  const calling = optionalRecord(functionCallingConfig, param);
  const { mode, allowedFunctionNames, ...settings } = calling === undefined ? {} : camelCased(calling);
  const choice = readChoice(mode, allowedFunctionNames, param);
  // AUTO with checks; a limit to some functions is written as it in any case.
  const checked = mode === "VALIDATED" && choice?.allowed === undefined;
  const kept = checked ? { mode, ...settings } : settings;
  const rest: JsonObject = {
    ...others,
    ...(Object.keys(kept).length === 0 ? {} : { functionCallingConfig: kept }),
  };
  return {
    ...(choice === undefined ? {} : { choice }),
    ...(Object.keys(rest).length === 0 ? {} : { rest }),
  };
}

function readChoice(mode: unknown, names: unknown, param: string): ToolChoice | undefined {
  const allowed = (optionalArray(names, `${param}.allowedFunctionNames`) ?? []).map((name, index) =>
    requiredString(name, `${param}.allowedFunctionNames[${index}]`),
  );
  const limit = allowed.length === 0 ? {} : { allowed };
  const [only] = allowed;
  const name = optionalString(mode, `${param}.mode`) ?? "MODE_UNSPECIFIED";
  switch (name.toUpperCase()) {
    case "MODE_UNSPECIFIED":
      return allowed.length === 0 ? undefined : { mode: "auto", ...limit };
    case "AUTO":
    case "VALIDATED":
      return { mode: "auto", ...limit };
    case "NONE":
      return { mode: "none" };
    case "ANY":
      return allowed.length === 1 && only !== undefined
        ? { mode: "tool", name: only }
        : { mode: "required", ...limit };
    default:
      throw invalid(`${param}.mode`, `must be AUTO, ANY, NONE or VALIDATED, not ${name}`);
  }
}
