import type { Losses } from "../../exchange/losses.ts";
import type { FunctionTool, GenerateRequest, HostedTool, Tool } from "../../exchange/request.ts";
import { ownMembers } from "./extensions.ts";
import type { ModelTraits } from "./models.ts";
import { constrained, inputSchema } from "./schema.ts";
import { FORMAT, type WireTool, type WireToolChoice } from "./wire.ts";
import { cacheControl } from "./write-blocks.ts";

/** The most strict tools that a request may have ("Structured outputs", "Schema complexity limits"). */
const MOST_STRICT = 20;

export interface WrittenTools {
  readonly tools?: readonly object[];
  readonly tool_choice?: WireToolChoice;
  /** What the model is to be told where it takes no forced tool. */
  readonly instruction?: string;
}

/** `own`: the request came in this format, and nothing in it is fitted to the model. */
export function writeTools(
  request: GenerateRequest,
  traits: ModelTraits,
  own: boolean,
  losses: Losses,
): WrittenTools {
  const { toolChoice } = request;
  // The API has no list of allowed tools; that no other is sent keeps the limit.
  const allowed = toolChoice?.allowed;
  const offered =
    allowed === undefined
      ? request.tools
      : request.tools.filter((tool) => allowed.includes(tool.kind === "hosted" ? tool.type : tool.name));
  if (offered.length === 0) return {};
  const strict = !own && offered.filter((tool) => tool.kind === "function" && tool.strict === true).length;
  const fits = { own, strict: strict === false || (traits.structured && strict <= MOST_STRICT) };
  const tools = offered.map((tool) => writeTool(tool, `tools[${request.tools.indexOf(tool)}]`, fits, losses));
  return { tools, ...writeToolChoice(request, traits, own, losses) };
}

function writeTool(tool: Tool, at: string, fits: { own: boolean; strict: boolean }, losses: Losses): object {
  switch (tool.kind) {
    case "function":
      return fits.own ? ownFunction(tool) : writeFunction(tool, at, fits.strict, losses);
    case "hosted":
      return writeHosted(tool, at, losses);
    case "custom":
      return losses.refuse(`${at}: ${tool.name}`, "it has no tools whose argument is free text");
  }
}

function ownFunction(tool: FunctionTool): WireTool {
  return {
    ...described(tool),
    input_schema: tool.parameters ?? inputSchema(undefined).schema,
    ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    ...cacheControl(tool.cache),
    ...ownMembers(tool.extensions),
  };
}

function writeFunction(tool: FunctionTool, at: string, strictFits: boolean, losses: Losses): WireTool {
  const { schema, merged } = inputSchema(tool.parameters);
  if (merged) losses.add(`${at}.parameters: alternatives at the top`);
  const strict = tool.strict === true && strictFits ? constrained(schema) : null;
  if (tool.strict === true && strict === null) losses.add(`${at}.strict`);
  if (strict?.described === true) losses.add(`${at}.parameters: bounds are told in descriptions`);
  return {
    ...described(tool),
    input_schema: strict?.schema ?? schema,
    ...(strict === null ? {} : { strict: true }),
    ...cacheControl(tool.cache),
    ...ownMembers(tool.extensions),
  };
}

function described({ name, description }: FunctionTool): { name: string; description?: string } {
  return { name, ...(description === undefined ? {} : { description }) };
}

/** Versions that every model with the tool takes. */
const HOSTED = {
  "web-search": { type: "web_search_20250305", name: "web_search" },
  "web-fetch": { type: "web_fetch_20250910", name: "web_fetch" },
  "code-execution": { type: "code_execution_20250825", name: "code_execution" },
} as const;

function writeHosted(tool: HostedTool, at: string, losses: Losses): object {
  const own = tool.extensions[FORMAT];
  if (own !== undefined) return own;
  const { hosted } = tool;
  if (hosted !== "web-search" && hosted !== "web-fetch" && hosted !== "code-execution")
    return losses.refuse(`${at}: ${tool.type}`, "it has no such tool");
  if (hosted === "code-execution") return HOSTED[hosted];
  const { allowedDomains, blockedDomains, maxUses, location } = tool;
  // One list only is taken; what is blocked is left out of what is allowed.
  const allowed = allowedDomains?.filter((domain) => blockedDomains?.includes(domain) !== true);
  return {
    ...HOSTED[hosted],
    ...(allowed === undefined ? {} : { allowed_domains: allowed }),
    ...(blockedDomains === undefined || allowed !== undefined ? {} : { blocked_domains: blockedDomains }),
    ...(maxUses === undefined ? {} : { max_uses: maxUses }),
    ...(location === undefined || hosted === "web-fetch"
      ? {}
      : { user_location: { type: "approximate", ...location } }),
  };
}

function writeToolChoice(
  { toolChoice, parallelToolCalls }: GenerateRequest,
  traits: ModelTraits,
  own: boolean,
  losses: Losses,
): Pick<WrittenTools, "tool_choice" | "instruction"> {
  if (toolChoice === undefined && parallelToolCalls !== false) return {};
  if (toolChoice?.mode === "none") return { tool_choice: { type: "none" } };
  const alone = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls };
  const name = forcedName(toolChoice);
  const forced = name !== undefined || toolChoice?.mode === "required" || toolChoice?.mode === "tool";
  if (!forced) return { tool_choice: { type: "auto", ...alone } };
  if (!own && !traits.forcedTools) {
    losses.add("toolChoice: the model takes no forced tool; it is told in words");
    const what = name === undefined ? "one of the tools" : `the tool ${JSON.stringify(name)}`;
    return { tool_choice: { type: "auto", ...alone }, instruction: `You must call ${what} in this answer.` };
  }
  return { tool_choice: name === undefined ? { type: "any", ...alone } : { type: "tool", name, ...alone } };
}

/** The one tool that is asked for by name, or is the only one allowed where one is required. */
function forcedName(choice: GenerateRequest["toolChoice"]): string | undefined {
  if (choice?.mode === "tool") return choice.name;
  return choice?.mode === "required" && choice.allowed?.length === 1 ? choice.allowed[0] : undefined;
}
