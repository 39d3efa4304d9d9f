import type { ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import {
  arrayOf,
  isRecord,
  type JsonObject,
  optionalRecord,
  optionalString,
  stringOf,
} from "../../exchange/read.ts";
import type { FunctionTool, GenerateRequest, Tool } from "../../exchange/request.ts";
import type { PartStart } from "../../exchange/stream.ts";
import { identified } from "./items.ts";
import { extended, madeId, ownMembers } from "./own.ts";
import { FORMAT, type ToolSearchCallItem } from "./wire.ts";

/**
 * A search for tools that the client carries out (`execution: "client"`), as Codex offers it for the tools of its MCP
 * servers. To other APIs it is a function of this name, and what it finds is offered with the request's tools.
 */
const NAME = "tool_search";

/** Whether the client carries out the search that a tool, a call or an output is of. A search of the provider's is its own. */
export function isClientSearch({ type, execution, call_id: callId }: JsonObject): boolean {
  if (execution !== "client") return false;
  if (type === "tool_search") return true;
  return (type === "tool_search_call" || type === "tool_search_output") && typeof callId === "string";
}

/** Reads the tool. Throws invalid_request. */
export function readSearch(tool: JsonObject, param: string): FunctionTool {
  const description = optionalString(tool.description, `${param}.description`);
  const parameters = optionalRecord(tool.parameters, `${param}.parameters`);
  return {
    kind: "function",
    name: NAME,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...extended({ search: tool }),
  };
}

/** Reads a call that is sent back. */
export function readSearchCall(item: JsonObject): ToolCallPart {
  return {
    kind: "tool-call",
    id: stringOf(item.call_id) ?? "",
    name: NAME,
    arguments: JSON.stringify(item.arguments ?? {}),
    ...identified(item),
    ...extended({ search: item }),
  };
}

/** Reads what was found: the model is told the names, and may call the tools from now on. */
export function readSearchOutput(item: JsonObject): ToolResultPart {
  const names = arrayOf(item.tools).filter(isRecord).flatMap(namesOf);
  const text =
    names.length === 0 ? "No tools were found." : `These tools can be called now: ${names.join(", ")}`;
  return {
    kind: "tool-result",
    callId: stringOf(item.call_id) ?? "",
    parts: [{ kind: "text", text }],
    ...extended({ search: item }),
  };
}

function namesOf({ name, tools }: JsonObject): string[] {
  const inside = arrayOf(tools).filter(isRecord).flatMap(namesOf);
  if (inside.length > 0) return inside.map((each) => `${stringOf(name) ?? ""}.${each}`);
  return typeof name === "string" ? [name] : [];
}

/** `tools` with those that the searches in `input` found; `readTools` reads a list of them. */
export function withFound(
  tools: readonly Tool[],
  input: unknown,
  readTools: (value: unknown) => readonly Tool[],
): readonly Tool[] {
  const outputs = arrayOf(input).filter(
    (item): item is JsonObject =>
      isRecord(item) && item.type === "tool_search_output" && isClientSearch(item),
  );
  if (outputs.length === 0) return tools;
  const known = new Set(tools.map(keyOf));
  const found: Tool[] = [];
  for (const tool of outputs.flatMap((item) => readTools(item.tools))) {
    if (tool.kind === "hosted" || known.has(keyOf(tool))) continue;
    known.add(keyOf(tool));
    found.push({ ...tool, extensions: { [FORMAT]: { ...ownMembers(tool), found: true } } });
  }
  return [...tools, ...found];
}

const keyOf = (tool: Tool) => (tool.kind === "hosted" ? "" : `${tool.namespace ?? ""}\0${tool.name}`);

/** Whether a tool was found by a search: in this API the search's output offers it, and the list of tools does not. */
export function isFound(tool: Tool): boolean {
  return ownMembers(tool).found === true;
}

/** A call as the client knows it: one of the search, where it offered that, is marked as one. */
export function knownCall<T extends PartStart>(part: T, { tools }: GenerateRequest): T {
  if (part.kind !== "tool-call" || part.name !== NAME || part.namespace !== undefined) return part;
  const offered = tools.some((tool) => tool.kind === "function" && isRecord(ownMembers(tool).search));
  return offered ? { ...part, extensions: { [FORMAT]: { ...ownMembers(part), search: true } } } : part;
}

/** The item that a call of the search begins; null for a call of anything else. */
export function beginSearch(
  part: PartStart & { kind: "tool-call" },
  newId: () => string,
): ToolSearchCallItem | null {
  if (ownMembers(part).search !== true) return null;
  return {
    type: "tool_search_call",
    id: part.itemId ?? madeId("tsc", newId),
    call_id: part.id,
    execution: "client",
    arguments: {},
    status: "in_progress",
  };
}

/** The search's arguments, which stand there as they are and not as JSON text; broken ones as the text that they are. */
export function searchArguments(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return text;
  }
}
