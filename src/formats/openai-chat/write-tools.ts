import { isRecord } from "../../exchange/read.ts";
import type {
  CustomTool,
  FunctionTool,
  GenerateRequest,
  HostedTool,
  Tool,
  ToolChoice,
} from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { FORMAT, ownMembers, tagged } from "./own.ts";
import type { Dialect } from "./providers.ts";
import { WEB_SEARCH_OPTIONS } from "./read-tools.ts";

/** `tools`, `tool_choice`, `parallel_tool_calls` and `web_search_options`; none that says nothing without tools. */
export function writeTools(request: GenerateRequest, context: RequestContext, dialect: Dialect): object {
  const search = writeSearches(request.tools, context, dialect);
  const listed = offered(request, dialect).filter((tool) => !isSearch(tool));
  const tools = listed.map((tool) => writeTool(tool, request.tools.indexOf(tool), context, dialect));
  return {
    ...(search === undefined ? {} : { [WEB_SEARCH_OPTIONS]: search }),
    ...(tools.length === 0 ? {} : { tools, ...settings(request, dialect) }),
  };
}

/**
 * The tools that are listed. `allowed_tools` is OpenAI's own; elsewhere only those are listed that may be called, which
 * keeps the model to them just as well.
 */
function offered({ tools, toolChoice }: GenerateRequest, dialect: Dialect): readonly Tool[] {
  const allowed = toolChoice?.allowed;
  if (allowed === undefined || dialect.openai) return tools;
  return tools.filter((tool) => tool.kind === "hosted" || allowed.includes(tool.name));
}

function settings({ tools, toolChoice, parallelToolCalls }: GenerateRequest, dialect: Dialect): object {
  return {
    ...(toolChoice === undefined ? {} : { tool_choice: writeChoice(toolChoice, tools, dialect) }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

function writeChoice({ mode, name, allowed }: ToolChoice, tools: readonly Tool[], dialect: Dialect) {
  const named = (tool: string | undefined) => {
    const custom = tools.some((known) => known.kind === "custom" && known.name === tool);
    return custom
      ? { type: "custom", custom: { name: tool } }
      : { type: "function", function: { name: tool } };
  };
  if (mode === "tool") return named(name);
  if (allowed === undefined || !dialect.openai) return mode;
  return { type: "allowed_tools", allowed_tools: { mode, tools: allowed.map(named) } };
}

function writeTool(tool: Tool, index: number, context: RequestContext, dialect: Dialect): object {
  switch (tool.kind) {
    case "function":
      return writeFunction(tool, dialect);
    case "custom":
      return writeCustom(tool, index, context, dialect);
    case "hosted":
      return (
        tool.extensions[FORMAT] ??
        context.losses.refuse(`tools[${index}]: ${tool.type}`, "it has no such tool of the provider's.")
      );
  }
}

function writeFunction(tool: FunctionTool, dialect: Dialect): object {
  const { name, description, parameters, strict, cache } = tool;
  const mark =
    cache === undefined || !dialect.cacheMarks
      ? {}
      : { cache_control: { type: "ephemeral", ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) } };
  return tagged(
    ownMembers(tool),
    "function",
    { type: "function", ...mark },
    {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(strict === undefined ? {} : { strict }),
    },
  );
}

function writeCustom(tool: CustomTool, index: number, context: RequestContext, dialect: Dialect): object {
  const { name, description, grammar } = tool;
  if (!dialect.openai)
    context.losses.refuse(`tools[${index}]: custom`, "this provider has no tools that take free text.");
  return tagged(
    ownMembers(tool),
    "custom",
    { type: "custom" },
    {
      name,
      ...(description === undefined ? {} : { description }),
      ...(grammar === undefined ? {} : { format: { type: "grammar", grammar } }),
    },
  );
}

/** `functions` and `function_call`, of before there were tools. */
export function writeFunctions({ tools, toolChoice }: GenerateRequest): object {
  const functions = tools.flatMap((tool) => {
    if (tool.kind !== "function") return [];
    const { name, description, parameters } = tool;
    return [
      {
        name,
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters }),
        ...ownMembers(tool),
      },
    ];
  });
  if (toolChoice === undefined) return { functions };
  const { mode, name } = toolChoice;
  return { functions, function_call: mode === "tool" ? { name } : mode };
}

/** Whether a tool is the web search that is asked for beside the tools. */
function isSearch(tool: Tool): tool is HostedTool {
  if (tool.kind !== "hosted" || tool.hosted !== "web-search") return false;
  return tool.type === WEB_SEARCH_OPTIONS || tool.extensions[FORMAT] === undefined;
}

/**
 * OpenAI's search is part of its models for searching and refused by all others. A tool that a model may use or not is no
 * reason to refuse the request.
 */
function writeSearches(
  tools: readonly Tool[],
  context: RequestContext,
  dialect: Dialect,
): object | undefined {
  const isOffered = dialect.searches || context.model.includes("search");
  for (const [index, tool] of tools.entries()) {
    if (!isSearch(tool)) continue;
    if (isOffered || tool.extensions[FORMAT] !== undefined) return writeSearch(tool, context);
    context.losses.add(`tools[${index}]: ${tool.type}`);
  }
  return undefined;
}

function writeSearch(tool: HostedTool, { losses }: RequestContext): object {
  const own = tool.extensions[FORMAT];
  if (own !== undefined) return own;
  if (tool.allowedDomains !== undefined) losses.add(`${tool.type}.allowedDomains`);
  if (tool.blockedDomains !== undefined) losses.add(`${tool.type}.blockedDomains`);
  if (tool.maxUses !== undefined) losses.add(`${tool.type}.maxUses`);
  const told = sizeOf(tool);
  return {
    ...(told === undefined ? {} : { search_context_size: told }),
    ...(tool.location === undefined
      ? {}
      : { user_location: { type: "approximate", approximate: tool.location } }),
  };
}

/** Responses' web search tells how much to look at in the same words. */
function sizeOf({ extensions }: HostedTool): unknown {
  const responses = extensions["openai-responses"];
  return isRecord(responses) ? responses.search_context_size : undefined;
}
