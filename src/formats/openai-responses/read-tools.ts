import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalRecord,
  optionalString,
  requiredRecord,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import type {
  CustomTool,
  FunctionTool,
  HostedTool,
  HostedToolKind,
  Tool,
  ToolChoice,
} from "../../exchange/request.ts";
import { extended } from "./own.ts";
import { isStrictSchema } from "./strict-schema.ts";
import { isClientSearch, readSearch } from "./tool-search.ts";
import { FORMAT } from "./wire.ts";

/** Hosted tools by their wire type; all that are not here are of the kind `other`. */
const HOSTED = new Map<string, HostedToolKind>([
  ["web_search", "web-search"],
  ["web_search_2025_08_26", "web-search"],
  ["web_search_preview", "web-search"],
  ["web_search_preview_2025_03_11", "web-search"],
  ["file_search", "file-search"],
  ["code_interpreter", "code-execution"],
  ["computer", "computer"],
  ["computer_use_preview", "computer"],
  ["image_generation", "image-generation"],
  ["mcp", "mcp"],
]);
const FUNCTION_MEMBERS = new Set(["type", "name", "description", "parameters"]);
const CUSTOM_MEMBERS = new Set(["type", "name", "description", "format"]);
const NAMESPACE_MEMBERS = new Set(["type", "name", "tools"]);

/** A namespace that a tool stands in: its name and what else it says. */
interface Namespace {
  readonly name: string;
  readonly members: JsonObject;
}

/** Reads `tools`; those of a namespace stand one by one. Throws invalid_request. */
export function readTools(value: unknown): readonly Tool[] {
  const tools = optionalArray(value, "tools") ?? [];
  return tools.flatMap((tool, i) => readTool(tool, `tools[${i}]`, null));
}

function readTool(value: unknown, param: string, namespace: Namespace | null): Tool[] {
  const tool = requiredRecord(value, param);
  const type = requiredString(tool.type, `${param}.type`);
  if (type === "function") return [readFunction(tool, param, namespace)];
  if (type === "custom") return [readCustom(tool, param, namespace)];
  if (isClientSearch(tool)) return [readSearch(tool, param)];
  if (type !== "namespace" || namespace !== null) return [readHosted(tool, type)];
  const inside: Namespace = {
    name: requiredString(tool.name, `${param}.name`),
    members: restOf(tool, NAMESPACE_MEMBERS) ?? {},
  };
  const tools = optionalArray(tool.tools, `${param}.tools`) ?? [];
  return tools.flatMap((each, i) => readTool(each, `${param}.tools[${i}]`, inside));
}

function readFunction(tool: JsonObject, param: string, namespace: Namespace | null): FunctionTool {
  const description = optionalString(tool.description, `${param}.description`);
  const parameters = optionalRecord(tool.parameters, `${param}.parameters`);
  const strict = strictOf(tool, parameters);
  return {
    kind: "function",
    name: requiredString(tool.name, `${param}.name`),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(strict === undefined ? {} : { strict }),
    ...placed(namespace),
    // Even when empty, it tells that `strict` was left out, which here is not the same as false.
    extensions: { [FORMAT]: { ...restOf(tool, FUNCTION_MEMBERS), ...described(namespace) } },
  };
}

/**
 * Left out, `strict` means that the provider makes the schema a strict one if it can (measured: it is told back as true);
 * null means false. Said in the form of an API that does no such thing, it holds only for schemas that are strict already.
 */
function strictOf(tool: JsonObject, parameters: JsonObject | undefined): boolean | undefined {
  if (typeof tool.strict === "boolean") return tool.strict;
  if (tool.strict === null) return false;
  return parameters !== undefined && isStrictSchema(parameters) ? true : undefined;
}

function readCustom(tool: JsonObject, param: string, namespace: Namespace | null): CustomTool {
  const description = optionalString(tool.description, `${param}.description`);
  const format = optionalRecord(tool.format, `${param}.format`);
  const grammar =
    format?.type === "grammar"
      ? {
          syntax: requiredString(format.syntax, `${param}.format.syntax`),
          definition: requiredString(format.definition, `${param}.format.definition`),
        }
      : undefined;
  return {
    kind: "custom",
    name: requiredString(tool.name, `${param}.name`),
    ...(description === undefined ? {} : { description }),
    ...(grammar === undefined ? {} : { grammar }),
    ...placed(namespace),
    ...extended({
      ...restOf(tool, CUSTOM_MEMBERS),
      ...(format !== undefined && grammar === undefined ? { format } : {}),
      ...described(namespace),
    }),
  };
}

const placed = (namespace: Namespace | null) => (namespace === null ? {} : { namespace: namespace.name });
const described = (namespace: Namespace | null) =>
  namespace === null ? {} : { namespace: namespace.members };

function readHosted(tool: JsonObject, type: string): HostedTool {
  const filters = isRecord(tool.filters) ? tool.filters : {};
  const allowed = strings(filters.allowed_domains);
  const blocked = strings(filters.blocked_domains);
  const { type: _approximate, ...place } = isRecord(tool.user_location) ? tool.user_location : {};
  const location = Object.entries(place).filter(
    ([key, value]) => PLACE.has(key) && typeof value === "string",
  );
  return {
    kind: "hosted",
    hosted: HOSTED.get(type) ?? "other",
    type,
    ...(allowed.length === 0 ? {} : { allowedDomains: allowed }),
    ...(blocked.length === 0 ? {} : { blockedDomains: blocked }),
    ...(location.length === 0 ? {} : { location: Object.fromEntries(location) }),
    extensions: { [FORMAT]: tool },
  };
}

const PLACE = new Set(["city", "region", "country", "timezone"]);
const strings = (value: unknown) => arrayOf(value).filter((each) => typeof each === "string");

/** A choice as it was read: what no other API can say of it is in `own`. */
interface ReadChoice {
  readonly choice: ToolChoice | undefined;
  readonly own: JsonObject;
}

/** Reads `tool_choice`. Throws invalid_request. */
export function readToolChoice(value: unknown): ReadChoice {
  if (value === undefined || value === null) return { choice: undefined, own: {} };
  if (value === "auto" || value === "none" || value === "required")
    return { choice: { mode: value }, own: {} };
  if (!isRecord(value)) throw invalid("tool_choice", "must be auto, none, required or an object");
  const type = requiredString(value.type, "tool_choice.type");
  if (type === "allowed_tools") return { choice: readAllowed(value), own: {} };
  if (type !== "function" && type !== "custom")
    // Of a hosted tool other APIs cannot say that it is to be called; that some tool is, they can.
    return { choice: { mode: "required" }, own: { tool_choice: value } };
  const namespace = optionalString(value.namespace, "tool_choice.namespace");
  const name = requiredString(value.name, "tool_choice.name");
  return { choice: { mode: "tool", name, ...(namespace === undefined ? {} : { namespace }) }, own: {} };
}

/** Hosted tools among the allowed are named by their server or type. */
function readAllowed(value: JsonObject): ToolChoice {
  const tools = optionalArray(value.tools, "tool_choice.tools") ?? [];
  const allowed = tools.map((each, i) => {
    const tool = requiredRecord(each, `tool_choice.tools[${i}]`);
    const name = tool.name ?? tool.server_label ?? tool.type;
    return requiredString(name, `tool_choice.tools[${i}].name`);
  });
  const { mode } = value;
  if (mode !== undefined && mode !== "auto" && mode !== "required")
    throw invalid("tool_choice.mode", "must be auto or required");
  return { mode: mode ?? "auto", allowed };
}
