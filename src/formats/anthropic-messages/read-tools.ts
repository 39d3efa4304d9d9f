import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  numberOf,
  optionalBoolean,
  optionalString,
  requiredArray,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { HostedTool, HostedToolKind, Tool, ToolChoice } from "../../exchange/request.ts";
import { extended } from "./extensions.ts";
import { readCache } from "./read-common.ts";
import { FORMAT } from "./wire.ts";

const FUNCTION: ReadonlySet<string> = new Set([
  "name",
  "description",
  "input_schema",
  "strict",
  "cache_control",
]);

/** What a hosted tool's type begins with, and what it does. */
const HOSTED: readonly (readonly [prefix: string, kind: HostedToolKind])[] = [
  ["web_search", "web-search"],
  ["web_fetch", "web-fetch"],
  ["code_execution", "code-execution"],
  ["computer", "computer"],
  ["mcp", "mcp"],
];

export function readTools(value: unknown): Tool[] {
  if (value === undefined || value === null) return [];
  return requiredArray(value, "tools").map((tool, index) =>
    readTool(requiredRecord(tool, `tools[${index}]`), `tools[${index}]`),
  );
}

function readTool(tool: JsonObject, at: string): Tool {
  const type = optionalString(tool.type, `${at}.type`) ?? "custom";
  if (type !== "custom") return readHosted(type, tool);
  const description = optionalString(tool.description, `${at}.description`);
  const strict = optionalBoolean(tool.strict, `${at}.strict`);
  const rest = restOf(tool, FUNCTION);
  const { cache, kept } = readCache(tool);
  return {
    kind: "function",
    name: requiredString(tool.name, `${at}.name`),
    ...(description === undefined ? {} : { description }),
    parameters: requiredRecord(tool.input_schema, `${at}.input_schema`),
    ...(strict === undefined ? {} : { strict }),
    ...cache,
    ...(kept === undefined ? extended(rest) : extended({ ...rest, ...kept })),
  };
}

function readHosted(type: string, tool: JsonObject): HostedTool {
  const maxUses = numberOf(tool.max_uses);
  const location = isRecord(tool.user_location) ? readLocation(tool.user_location) : {};
  return {
    kind: "hosted",
    hosted: HOSTED.find(([prefix]) => type.startsWith(prefix))?.[1] ?? "other",
    type,
    ...domains("allowedDomains", tool.allowed_domains),
    ...domains("blockedDomains", tool.blocked_domains),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(Object.keys(location).length === 0 ? {} : { location }),
    extensions: { [FORMAT]: tool },
  };
}

function domains(key: "allowedDomains" | "blockedDomains", value: unknown): Partial<HostedTool> {
  const list = arrayOf(value).filter((domain) => typeof domain === "string");
  return list.length === 0 ? {} : { [key]: list };
}

function readLocation(location: JsonObject): NonNullable<HostedTool["location"]> {
  const keys = ["city", "region", "country", "timezone"] as const;
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = stringOf(location[key]);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** Reads `tool_choice`, and what it says of calls side by side. */
export function readToolChoice(value: unknown): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (value === undefined || value === null) return {};
  const choice = requiredRecord(value, "tool_choice");
  const alone = optionalBoolean(choice.disable_parallel_tool_use, "tool_choice.disable_parallel_tool_use");
  return {
    toolChoice: modeOf(choice),
    ...(alone === undefined ? {} : { parallelToolCalls: !alone }),
  };
}

function modeOf(choice: JsonObject): ToolChoice {
  switch (choice.type) {
    case "auto":
      return { mode: "auto" };
    case "any":
      return { mode: "required" };
    case "none":
      return { mode: "none" };
    case "tool":
      return { mode: "tool", name: requiredString(choice.name, "tool_choice.name") };
    default:
      throw invalid("tool_choice.type", "must be auto, any, tool or none");
  }
}
