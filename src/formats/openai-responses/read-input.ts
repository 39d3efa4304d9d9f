import type { Part, ToolResultPart } from "../../exchange/parts.ts";
import {
  invalid,
  type JsonObject,
  optionalString,
  requiredArray,
  requiredRecord,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import type { Message, Role } from "../../exchange/request.ts";
import { identified, nativeOf, partsOfItem, spokenPart } from "./items.ts";
import { extended } from "./own.ts";
import { readInputPart } from "./read-content.ts";
import { resultsAfterCalls } from "./results.ts";
import { isClientSearch, readSearchCall, readSearchOutput } from "./tool-search.ts";

/** Items that the client's side puts into a conversation: outputs of tools that one API alone has, approvals, settings. */
const CLIENT_ITEMS: ReadonlySet<unknown> = new Set([
  "computer_call_output",
  "local_shell_call_output",
  "shell_call_output",
  "apply_patch_call_output",
  "mcp_approval_response",
  "tool_search_output",
  "additional_tools",
  "configuration_update",
  "compaction_trigger",
]);
const RESULT_MEMBERS = new Set(["type", "call_id", "output"]);
const INPUT_MEMBERS = new Set(["type", "role", "content"]);
const SPOKEN_MEMBERS = new Set(["type", "id", "role", "content", "phase"]);
const ROLES: ReadonlySet<unknown> = new Set(["system", "developer", "user", "assistant"]);

/** Reads `input` or `instructions`, text or items, as a conversation. Throws invalid_request. */
export function readInput(input: unknown, role: Role, param: string): readonly Message[] {
  if (input === undefined || input === null) return [];
  if (typeof input === "string") return [{ role, parts: [{ kind: "text", text: input }] }];
  const conversation = new Conversation();
  for (const [i, item] of requiredArray(input, param).entries()) {
    const at = `${param}[${i}]`;
    conversation.add(requiredRecord(item, at), at);
  }
  return resultsAfterCalls(conversation.messages);
}

/** An assistant's message that may go on: thoughts, then words, then calls. */
interface Turn {
  readonly message: Message & { readonly parts: Part[] };
  spoke: boolean;
  called: boolean;
}

/** Puts items together to messages: one for all that the assistant said and called between two messages of others. */
class Conversation {
  readonly messages: Message[] = [];
  #turn: Turn | null = null;
  #results: ToolResultPart[] | null = null;

  add(item: JsonObject, param: string): void {
    const type = item.type ?? (item.role === undefined ? "item_reference" : "message");
    if (type === "message") this.#addMessage(item, param);
    else if (isUncalled(item)) this.#addOther(readUncalled(item, param));
    else if (type === "function_call_output" || type === "custom_tool_call_output")
      this.#addResult(readResult(item, param));
    else if (type === "item_reference")
      throw invalid(param, "refers to an item that is not kept here: send the item itself");
    else if (typeof type !== "string") throw invalid(`${param}.type`, "must be a string");
    else if (type === "tool_search_output" && isClientSearch(item)) this.#addResult(readSearchOutput(item));
    else if (CLIENT_ITEMS.has(type)) this.#addOther({ role: "user", parts: [nativeOf(item)] });
    else this.#addMade(item, type, param);
  }

  #addMessage(item: JsonObject, param: string): void {
    const { role } = item;
    if (!ROLES.has(role)) throw invalid(`${param}.role`, `is ${JSON.stringify(role)}, which is no role`);
    if (role === "assistant") this.#addSpoken(item, param);
    else this.#addOther(readMessage(item, role as Role, param));
  }

  #addOther(message: Message): void {
    this.#turn = null;
    this.#results = null;
    this.messages.push(message);
  }

  #addSpoken(item: JsonObject, param: string): void {
    // One message's words cannot be told from another's in one turn, and words after calls would stand before them.
    if (this.#turn?.spoke || this.#turn?.called) this.#turn = null;
    const { message } = this.#openTurn();
    const phase = optionalString(item.phase, `${param}.phase`);
    const rest = restOf(item, SPOKEN_MEMBERS);
    const spoken = { ...message, ...(phase === undefined ? {} : { phase }), ...extended(rest) };
    message.parts.push(...readSpoken(item, param));
    this.messages[this.messages.length - 1] = spoken;
    this.#turn = { message: spoken, spoke: true, called: false };
  }

  /** What the model made: a thought, a call, or an item of a hosted tool. */
  #addMade(item: JsonObject, type: string, param: string): void {
    const calls = type === "function_call" || type === "custom_tool_call";
    if (calls) {
      requiredString(item.call_id, `${param}.call_id`);
      requiredString(item.name, `${param}.name`);
      const text = type === "function_call" ? "arguments" : "input";
      requiredString(item[text], `${param}.${text}`);
    }
    // A thought after words begins what comes next; one between calls belongs to them, and their results come later.
    if (type === "reasoning" && this.#turn?.spoke && !this.#turn.called) this.#turn = null;
    const turn = this.#openTurn();
    const searches = type === "tool_search_call" && isClientSearch(item);
    turn.message.parts.push(...(searches ? [readSearchCall(item)] : partsOfItem(item)));
    if (calls || searches) turn.called = true;
  }

  #addResult(result: ToolResultPart): void {
    this.#turn = null;
    if (this.#results === null) {
      this.#results = [];
      this.messages.push({ role: "tool", parts: this.#results });
    }
    this.#results.push(result);
  }

  #openTurn(): Turn {
    this.#results = null;
    if (this.#turn === null) {
      const message = { role: "assistant" as const, parts: [] };
      this.messages.push(message);
      this.#turn = { message, spoke: false, called: false };
    }
    return this.#turn;
  }
}

function contentOf(value: unknown, param: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(param, "must be a string or an array of parts");
}

function readMessage(item: JsonObject, role: Role, param: string): Message {
  const { content } = item;
  const parts =
    typeof content === "string"
      ? [{ kind: "text" as const, text: content }]
      : contentOf(content, `${param}.content`).map((part, i) =>
          readInputPart(part, `${param}.content[${i}]`),
        );
  return { role, parts, ...extended(restOf(item, INPUT_MEMBERS)) };
}

/** An assistant's words: text, parts as an answer has them, or (from clients that write every role alike) as a user has. */
function readSpoken(item: JsonObject, param: string): Part[] {
  if (typeof item.content === "string") return [{ kind: "text", text: item.content, ...identified(item) }];
  return contentOf(item.content, `${param}.content`).map((value, i): Part => {
    const at = `${param}.content[${i}]`;
    const part = requiredRecord(value, at);
    if (part.type !== "output_text" && part.type !== "refusal") return readInputPart(part, at);
    requiredString(part.type === "refusal" ? part.refusal : part.text, at);
    return spokenPart(part, item) ?? readInputPart(part, at);
  });
}

function readResult(item: JsonObject, param: string): ToolResultPart {
  return {
    kind: "tool-result",
    callId: requiredString(item.call_id, `${param}.call_id`),
    parts: readOutput(item, param),
    ...(item.type === "custom_tool_call_output" ? { custom: true } : {}),
    ...extended(restOf(item, RESULT_MEMBERS)),
  };
}

function readOutput({ output }: JsonObject, param: string): ToolResultPart["parts"] {
  if (typeof output === "string") return [{ kind: "text", text: output }];
  return contentOf(output, `${param}.output`).map((part, i) => readInputPart(part, `${param}.output[${i}]`));
}

/** Output of a tool that no model called: the client tells something in a tool's name, as Codex does a goal's objective. */
function isUncalled({ type, call_id: callId, name }: JsonObject): boolean {
  return type === "function_call_output" && (callId === undefined || callId === null) && isNamed(name);
}

const isNamed = (name: unknown): name is string => typeof name === "string" && name !== "";

/** Elsewhere every result answers a call: this one is told in words there, and stays as it came here. */
function readUncalled(item: JsonObject, param: string): Message {
  const tool = [item.namespace, item.name].filter(isNamed).join(".");
  const [first, ...rest] = readOutput(item, param);
  const told = `Output of the tool ${tool}:\n`;
  const parts =
    first?.kind === "text"
      ? [{ ...first, text: told + first.text }, ...rest]
      : [{ kind: "text" as const, text: told }, ...(first === undefined ? [] : [first]), ...rest];
  return { role: "user", parts, ...extended({ uncalled: item }) };
}
