import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type {
  FunctionTool,
  GenerateRequest,
  HostedTool,
  HostedToolKind,
  Tool,
  ToolChoice,
} from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { restored, restoredUnder } from "./extensions.ts";
import type { Traits } from "./model.ts";
import { writeSchema } from "./openapi-schema.ts";
import { writeJsonSchema } from "./schema.ts";
import type { FunctionDeclaration, ToolConfig, WireTool } from "./wire.ts";

/** Google's own tools that do what other providers' do. */
const HOSTED: Readonly<Partial<Record<HostedToolKind, string>>> = {
  "web-search": "googleSearch",
  "web-fetch": "urlContext",
  "code-execution": "codeExecution",
};

interface Written {
  readonly tools?: readonly WireTool[];
  readonly toolConfig?: ToolConfig;
}

/** Writes `tools` and `toolConfig`; where a request has no functions, nothing is said about calling them. */
export function writeTools(request: GenerateRequest, traits: Traits, context: RequestContext): Written {
  const functions: FunctionDeclaration[] = [];
  const hosted: WireTool[] = [];
  request.tools.forEach((tool, index) => {
    const where = `tools[${index}]`;
    if (tool.kind === "function") functions.push(declaration(tool, where, traits, context));
    else if (tool.kind === "hosted") hosted.push(hostedTool(tool, where, context));
    else context.losses.refuse(`${where}: ${tool.name}`, "it has no tools whose argument is free text.");
  });
  const mixed = functions.length > 0 && hosted.length > 0;
  const kept = mixed && !traits.mixesTools ? keptBesideFunctions(request.tools, context) : hosted;
  const tools = [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...kept];
  const toolConfig = writeToolConfig(request, functions.length > 0, context, mixed && kept.length > 0);
  return {
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolConfig === null ? {} : { toolConfig }),
  };
}

function declaration(
  tool: FunctionTool,
  where: string,
  traits: Traits,
  { losses }: RequestContext,
): FunctionDeclaration {
  const { name, description, parameters, strict, extensions } = tool;
  const rest = restored(extensions);
  if (strict) losses.add("tools: strict");
  if (tool.namespace !== undefined) losses.add(`${where}.namespace`);
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined || rest?.parameters !== undefined
      ? {}
      : traits.jsonSchema
        ? { parametersJsonSchema: writeJsonSchema(parameters, true) }
        : { parameters: writeSchema(parameters) }),
    ...rest,
  };
}

function hostedTool(tool: HostedTool, where: string, { losses }: RequestContext): WireTool {
  const own = tool.extensions.gemini;
  if (own !== undefined) return own;
  const type = HOSTED[tool.hosted];
  if (type === undefined)
    return losses.refuse(`${where}: ${tool.type}`, "it has no hosted tool that does the same.");
  if (tool.allowedDomains?.length) losses.add(`${where}.allowedDomains`);
  if (tool.blockedDomains?.length) losses.add(`${where}.blockedDomains`);
  if (tool.maxUses !== undefined) losses.add(`${where}.maxUses`);
  if (tool.location !== undefined) losses.add(`${where}.location`);
  return { [type]: {} };
}

/** Models before 3 refuse hosted tools beside functions. Those of other APIs are left out, Google's own are the client's affair. */
function keptBesideFunctions(tools: readonly Tool[], { losses }: RequestContext): WireTool[] {
  return tools.flatMap((tool, index) => {
    if (tool.kind !== "hosted") return [];
    if (tool.extensions.gemini !== undefined) return [tool.extensions.gemini];
    losses.add(`tools[${index}]: ${tool.type}, which this model does not take beside functions`);
    return [];
  });
}

function writeToolConfig(
  { toolChoice, parallelToolCalls, extensions }: GenerateRequest,
  hasFunctions: boolean,
  { losses, provider }: RequestContext,
  mixed: boolean,
): ToolConfig | null {
  const rest = restoredUnder(extensions, "toolConfig");
  const asked = isRecord(rest.functionCallingConfig) ? rest.functionCallingConfig : {};
  const calling = hasFunctions && toolChoice !== undefined ? callingConfig(toolChoice) : {};
  if (!hasFunctions && (toolChoice?.mode === "required" || toolChoice?.mode === "tool"))
    losses.add(`toolChoice: ${toolChoice.mode}`);
  if (hasFunctions && parallelToolCalls === false) losses.add("parallelToolCalls: false");
  const functionCallingConfig: JsonObject = { ...calling, ...asked };
  // Asked for by Google's API wherever the two are mixed; Vertex does not know it.
  const mixing = mixed && !provider.startsWith("vertex") ? { includeServerSideToolInvocations: true } : {};
  const config = {
    ...mixing,
    ...rest,
    ...(Object.keys(functionCallingConfig).length === 0 ? {} : { functionCallingConfig }),
  };
  return Object.keys(config).length === 0 ? null : (config as ToolConfig);
}

/** Names may only be told where calls are checked: in the modes ANY and VALIDATED, which is AUTO with checks. */
function callingConfig({
  mode,
  name,
  allowed,
}: ToolChoice): NonNullable<ToolConfig["functionCallingConfig"]> {
  const allowedFunctionNames = allowed === undefined ? {} : { allowedFunctionNames: allowed };
  switch (mode) {
    case "none":
      return { mode: "NONE" };
    case "required":
      return { mode: "ANY", ...allowedFunctionNames };
    case "tool":
      return { mode: "ANY", ...(name === undefined ? {} : { allowedFunctionNames: [name] }) };
    case "auto":
      return allowed === undefined ? { mode: "AUTO" } : { mode: "VALIDATED", ...allowedFunctionNames };
  }
}
