import { Losses } from "../../exchange/losses.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type {
  CustomTool,
  FunctionTool,
  GenerateRequest,
  HostedTool,
  Tool,
  ToolChoice,
} from "../../exchange/request.ts";
import { ownMembers } from "./own.ts";
import { isFound } from "./tool-search.ts";
import { FORMAT } from "./wire.ts";

/** `tools`: neighbours of one namespace stand in it together. Throws conversion_refused for hosted tools it has not. */
export function writeTools(tools: readonly Tool[], losses: Losses): JsonObject[] {
  const written: JsonObject[] = [];
  let open = null as { readonly name: string; readonly tools: JsonObject[] } | null;
  for (const [i, tool] of tools.entries()) {
    if (isFound(tool)) continue;
    const wire = writeTool(tool, `tools[${i}]`, losses);
    const namespace = tool.kind === "hosted" ? undefined : tool.namespace;
    if (namespace === undefined) {
      open = null;
      written.push(wire);
    } else if (open?.name === namespace) open.tools.push(wire);
    else {
      open = { name: namespace, tools: [wire] };
      const { namespace: said } = ownMembers(tool);
      const about = isRecord(said) ? said : { description: namespace };
      written.push({ type: "namespace", name: namespace, ...about, tools: open.tools });
    }
  }
  return written;
}

function writeTool(tool: Tool, at: string, losses: Losses): JsonObject {
  switch (tool.kind) {
    case "function":
      return writeFunction(tool);
    case "custom":
      return writeCustom(tool);
    case "hosted":
      return writeHosted(tool, at, losses);
  }
}

function writeFunction(tool: FunctionTool): JsonObject {
  const isOwn = tool.extensions?.[FORMAT] !== undefined;
  const { namespace: _of, search, ...own } = ownMembers(tool);
  if (isRecord(search)) return search;
  return {
    type: "function",
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    // A function without arguments has a schema too: null is not taken by all.
    parameters: tool.parameters ?? (isOwn ? null : { type: "object", properties: {} }),
    // Left out it would mean true; in a request of this format it is among its own members, or was left out.
    ...(isOwn ? {} : { strict: tool.strict ?? false }),
    ...own,
  };
}

function writeCustom(tool: CustomTool): JsonObject {
  const { namespace: _of, ...own } = ownMembers(tool);
  return {
    type: "custom",
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...(tool.grammar === undefined ? {} : { format: { type: "grammar", ...tool.grammar } }),
    ...own,
  };
}

function writeHosted(tool: HostedTool, at: string, losses: Losses): JsonObject {
  const own = tool.extensions[FORMAT];
  if (own !== undefined) return own;
  switch (tool.hosted) {
    case "web-search": {
      if (tool.blockedDomains !== undefined) losses.add(`${at}.blockedDomains`);
      if (tool.maxUses !== undefined) losses.add(`${at}.maxUses`);
      return {
        type: "web_search",
        ...(tool.allowedDomains === undefined ? {} : { filters: { allowed_domains: tool.allowedDomains } }),
        ...(tool.location === undefined ? {} : { user_location: { type: "approximate", ...tool.location } }),
      };
    }
    case "code-execution":
      return { type: "code_interpreter", container: { type: "auto" } };
    case "image-generation":
      return { type: "image_generation" };
    default:
      losses.refuse(`${at}: ${tool.type}`, "it has no such hosted tool");
  }
}

/** `tool_choice`; `tools` tell which of them a name means. */
export function writeToolChoice(choice: ToolChoice, tools: readonly Tool[]): string | JsonObject {
  if (choice.allowed !== undefined)
    return {
      type: "allowed_tools",
      mode: choice.mode === "required" ? "required" : "auto",
      tools: choice.allowed.map((name) => named(name, undefined, tools)),
    };
  // Any tool is that one.
  if (choice.mode === "tool" && tools.length === 1 && tools[0]?.kind === "hosted") return "required";
  return choice.mode === "tool" ? named(choice.name ?? "", choice.namespace, tools) : choice.mode;
}

function named(name: string, namespace: string | undefined, tools: readonly Tool[]): JsonObject {
  for (const tool of tools) {
    if (tool.kind === "custom" && tool.name === name) return { type: "custom", name };
    if (tool.kind !== "hosted") continue;
    const { server_label: label } = ownMembers(tool);
    if (label === name) return { type: tool.type, server_label: label };
    if (tool.type === name) return { type: name };
    if (foreignName(tool) === name) return onlyHosted(tool);
  }
  return { type: "function", name, ...(namespace === undefined ? {} : { namespace }) };
}

/** A hosted tool's kind cannot always be chosen (`web_search` cannot), but it can be all that is allowed. */
function onlyHosted(tool: HostedTool): JsonObject {
  const { type } = writeHosted(tool, tool.type, new Losses());
  return { type: "allowed_tools", mode: "required", tools: [{ type }] };
}

/** Other APIs give their hosted tools names. */
function foreignName({ extensions }: HostedTool): unknown {
  return Object.values(extensions).find((members) => members.name !== undefined)?.name;
}

/** What a request says of its tools, for its answer to tell it back: nothing where it says nothing of them. */
export function writeToolSettings(request: GenerateRequest): JsonObject {
  const { toolChoice, parallelToolCalls, tools } = request;
  const own = request.extensions?.[FORMAT];
  // Settings of tools that are not there are refused; a request of this format goes as it came.
  if (own === undefined && tools.length === 0) return {};
  const choice =
    own?.tool_choice ?? (toolChoice === undefined ? undefined : writeToolChoice(toolChoice, tools));
  return {
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}
