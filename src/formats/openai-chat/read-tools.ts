import {
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalRecord,
  optionalString,
  recordOf,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { CustomTool, FunctionTool, HostedTool, Tool, ToolChoice } from "../../exchange/request.ts";
import { extended, FORMAT, restOfTagged } from "./own.ts";

const FUNCTION_OUTSIDE = new Set(["type", "function"]);
const FUNCTION = new Set(["name", "description", "parameters", "strict"]);
const CUSTOM_OUTSIDE = new Set(["type", "custom"]);
const CUSTOM = new Set(["name", "description", "format"]);

/** The type by which a request's `web_search_options` are called among the tools. */
export const WEB_SEARCH_OPTIONS = "web_search_options";

/** Reads `tools`, the functions of before there were tools, and `web_search_options`. Throws invalid_request. */
export function readTools(body: JsonObject): Tool[] {
  const tools = (optionalArray(body.tools, "tools") ?? []).map((tool, i) => readTool(tool, `tools[${i}]`));
  const functions = optionalArray(body.functions, "functions") ?? [];
  for (const [i, value] of functions.entries())
    tools.push(readFunction(requiredRecord(value, `functions[${i}]`), `functions[${i}]`));
  const search = optionalRecord(body.web_search_options, WEB_SEARCH_OPTIONS);
  if (search !== undefined) tools.push(readSearch(search));
  return tools;
}

function readTool(value: unknown, param: string): Tool {
  const tool = requiredRecord(value, param);
  const type = tool.type ?? "function";
  switch (type) {
    case "function": {
      const read = readFunction(requiredRecord(tool.function, `${param}.function`), `${param}.function`);
      const { extensions: _inner, ...rest } = read;
      return {
        ...rest,
        ...readMark(tool),
        ...extended(restOfTagged(tool, "function", FUNCTION_OUTSIDE, FUNCTION)),
      };
    }
    case "custom":
      return readCustom(tool, param);
    default:
      if (typeof type !== "string") throw invalid(`${param}.type`, "must be a string");
      return readHosted(tool, type);
  }
}

function readFunction(inner: JsonObject, param: string): FunctionTool {
  const description = optionalString(inner.description, `${param}.description`);
  const parameters = optionalRecord(inner.parameters, `${param}.parameters`);
  const strict = optionalBoolean(inner.strict, `${param}.strict`);
  return {
    kind: "function",
    name: requiredString(inner.name, `${param}.name`),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(strict === undefined ? {} : { strict }),
    ...extended(restOf(inner, FUNCTION)),
  };
}

function readMark(tool: JsonObject): Pick<FunctionTool, "cache"> {
  const mark = recordOf(tool.cache_control);
  if (mark === undefined) return {};
  const ttl = stringOf(mark.ttl);
  return { cache: ttl === undefined ? {} : { ttl } };
}

function readCustom(tool: JsonObject, param: string): CustomTool {
  const inner = requiredRecord(tool.custom, `${param}.custom`);
  const description = optionalString(inner.description, `${param}.custom.description`);
  const format = optionalRecord(inner.format, `${param}.custom.format`);
  const grammar = recordOf(format?.grammar);
  return {
    kind: "custom",
    name: requiredString(inner.name, `${param}.custom.name`),
    ...(description === undefined ? {} : { description }),
    ...(grammar === undefined
      ? {}
      : {
          grammar: {
            syntax: requiredString(grammar.syntax, `${param}.custom.format.grammar.syntax`),
            definition: requiredString(grammar.definition, `${param}.custom.format.grammar.definition`),
          },
        }),
    // A format without a grammar, which is plain text, is told as the client told it.
    ...extended(restOfTagged(tool, "custom", CUSTOM_OUTSIDE, grammar === undefined ? CUSTOM_NAMED : CUSTOM)),
  };
}

const CUSTOM_NAMED = new Set(["name", "description"]);

/** Some providers of this format have tools of their own, as `{type: "web_search", web_search: {…}}`. */
function readHosted(tool: JsonObject, type: string): HostedTool {
  const hosted = type.includes("web_search") ? "web-search" : "other";
  return { kind: "hosted", hosted, type, extensions: { [FORMAT]: tool } };
}

function readSearch(options: JsonObject): HostedTool {
  const location = recordOf(options.user_location);
  const near = recordOf(location?.approximate) ?? location;
  const place = Object.fromEntries(
    ["city", "region", "country", "timezone"].flatMap((key) => {
      const value = stringOf(near?.[key]);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  return {
    kind: "hosted",
    hosted: "web-search",
    type: WEB_SEARCH_OPTIONS,
    ...(Object.keys(place).length === 0 ? {} : { location: place }),
    extensions: { [FORMAT]: options },
  };
}

/** Reads `tool_choice`, or `function_call` of before there were tools. Throws invalid_request. */
export function readToolChoice(body: JsonObject): ToolChoice | undefined {
  const choice = body.tool_choice ?? body.function_call;
  const param = body.tool_choice === undefined || body.tool_choice === null ? "function_call" : "tool_choice";
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === "string") {
    const mode = MODES.get(choice);
    if (mode === undefined)
      throw invalid(param, `is ${JSON.stringify(choice)}; known are auto, none and required`);
    return { mode };
  }
  if (!isRecord(choice)) throw invalid(param, "must be a string or an object");
  if (choice.type === "allowed_tools") return readAllowed(choice, param);
  if (choice.type !== undefined && choice.type !== "function" && choice.type !== "custom")
    throw invalid(
      `${param}.type`,
      `is ${JSON.stringify(choice.type)}; known are function, custom and allowed_tools`,
    );
  const inner = recordOf(choice[choice.type ?? "function"]) ?? choice;
  return { mode: "tool", name: requiredString(inner.name, `${param}.${choice.type ?? "function"}.name`) };
}

/** `any` is Mistral's word. */
const MODES: ReadonlyMap<string, "auto" | "none" | "required"> = new Map([
  ["auto", "auto"],
  ["none", "none"],
  ["required", "required"],
  ["any", "required"],
]);

function readAllowed(choice: JsonObject, param: string): ToolChoice {
  const at = `${param}.allowed_tools`;
  const allowed = requiredRecord(choice.allowed_tools, at);
  const mode = allowed.mode ?? "auto";
  if (mode !== "auto" && mode !== "required") throw invalid(`${at}.mode`, "must be auto or required");
  const tools = optionalArray(allowed.tools, `${at}.tools`) ?? [];
  return {
    mode,
    allowed: tools.map((value, i) => {
      const tool = requiredRecord(value, `${at}.tools[${i}]`);
      const inner = recordOf(tool.function) ?? recordOf(tool.custom) ?? tool;
      return requiredString(inner.name, `${at}.tools[${i}].function.name`);
    }),
  };
}

/** Calls of functions come one at a time; the API that has tools must be told so. */
export function readParallel(body: JsonObject): boolean | undefined {
  const told = optionalBoolean(body.parallel_tool_calls, "parallel_tool_calls");
  return told === undefined && Array.isArray(body.functions) ? false : told;
}
