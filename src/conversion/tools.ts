import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Part, ToolCallPart } from "../exchange/parts.ts";
import type {
  CustomTool,
  FunctionTool,
  GenerateRequest,
  Message,
  Tool,
  ToolChoice,
} from "../exchange/request.ts";
import type { Choice } from "../exchange/response.ts";
import { newId } from "./ids.ts";

/** A tool as the client knows it. */
interface ClientTool {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly custom: boolean;
}

/**
 * A call that the client can answer: one without an id gets one. Throws upstream_invalid where it has no name, for
 * nobody could run it.
 */
export function answerable<T extends { readonly id: string; readonly name: string }>(call: T): T {
  if (call.name === "")
    throw new GatewayError("upstream_invalid", "The upstream's answer calls a tool without a name.");
  return call.id === "" ? { ...call, id: `call_${newId()}` } : call;
}

/** What a target's API takes for a tool. */
interface ToolRules {
  readonly maxNameLength: number;
  readonly keepsCustom: boolean;
  readonly keepsNamespaces: boolean;
}

/** Name lengths are those of the APIs' references; Gemini's letters are a superset of what all of them take. */
function rulesOf(format: Format, provider: string): ToolRules {
  const isOpenai = provider === "openai";
  switch (format) {
    case "openai-responses":
      return { maxNameLength: 64, keepsCustom: isOpenai, keepsNamespaces: isOpenai };
    case "openai-chat":
      return { maxNameLength: 64, keepsCustom: isOpenai, keepsNamespaces: false };
    case "anthropic-messages":
      return { maxNameLength: 128, keepsCustom: false, keepsNamespaces: false };
    case "gemini":
      return { maxNameLength: 64, keepsCustom: false, keepsNamespaces: false };
  }
}

/** The one argument of the function that stands for a free-form tool. */
const INPUT = "input";

/**
 * A request's tools as its target takes them: names within its limits, namespaces joined to the names, and free-form
 * tools as functions of one string. Knows the way back for the answer.
 */
export class ToolAdapter {
  readonly #rules: ToolRules;
  readonly #toTarget = new Map<string, string>();
  readonly #toClient = new Map<string, ClientTool>();

  constructor(request: GenerateRequest, format: Format, provider: string) {
    this.#rules = rulesOf(format, provider);
    for (const tool of request.tools) if (tool.kind !== "hosted") this.#add(tool);
  }

  /** The request with its tools adapted wherever they are named. */
  request(request: GenerateRequest): GenerateRequest {
    const { toolChoice } = request;
    return {
      ...request,
      tools: request.tools.map((tool) => this.#tool(tool)),
      messages: request.messages.map((message) => this.#message(message)),
      ...(toolChoice === undefined ? {} : { toolChoice: this.#choice(toolChoice) }),
    };
  }

  /** The tool that a name in the answer means to the client. */
  clientTool(name: string): ClientTool | undefined {
    return this.#toClient.get(name);
  }

  /** A whole answer's calls as the client knows them. */
  answer(choice: Choice): Choice {
    const parts = choice.parts.map((part) => (part.kind === "tool-call" ? this.#clientCall(part) : part));
    return { ...choice, parts };
  }

  #clientCall(part: ToolCallPart): ToolCallPart {
    const call = answerable(part);
    const tool = this.clientTool(call.name);
    if (tool === undefined) return call;
    const { name, namespace, custom } = tool;
    return {
      ...call,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(custom && part.custom !== true ? { custom, arguments: inputOf(part.arguments) } : {}),
    };
  }

  #add(tool: FunctionTool | CustomTool): void {
    const key = keyOf(tool.name, tool.namespace);
    if (this.#toTarget.has(key)) return;
    const name = this.#freeName(this.#rules.keepsNamespaces ? tool.name : joined(tool.name, tool.namespace));
    this.#toTarget.set(key, name);
    this.#toClient.set(name, {
      name: tool.name,
      namespace: tool.namespace,
      custom: tool.kind === "custom" && !this.#rules.keepsCustom,
    });
  }

  /** A name that the target takes and no other tool has. */
  #freeName(wanted: string): string {
    const { maxNameLength } = this.#rules;
    const clean = cleanName(wanted);
    if (clean === wanted && clean.length <= maxNameLength && !this.#toClient.has(clean)) return clean;
    // Told apart by what they were called before, so that the same tool has the same name in every turn.
    const mark = `_${Bun.hash.wyhash(wanted).toString(36).slice(0, 8)}`;
    return clean.slice(0, maxNameLength - mark.length) + mark;
  }

  #name(name: string, namespace: string | undefined): string {
    const known = this.#toTarget.get(keyOf(name, namespace));
    if (known !== undefined) return known;
    // Earlier turns may call a tool that is no longer offered.
    return this.#rules.keepsNamespaces
      ? cleanName(name)
      : cleanName(joined(name, namespace)).slice(0, this.#rules.maxNameLength);
  }

  #tool(tool: Tool): Tool {
    if (tool.kind === "hosted") return tool;
    const name = this.#name(tool.name, tool.namespace);
    if (tool.kind === "custom" && !this.#rules.keepsCustom) return functionFor(tool, name);
    if (this.#rules.keepsNamespaces) return { ...tool, name };
    const { namespace: _namespace, ...rest } = tool;
    return { ...rest, name };
  }

  #choice(choice: ToolChoice): ToolChoice {
    const { name, namespace, allowed, ...rest } = choice;
    return {
      ...rest,
      ...(name === undefined ? {} : { name: this.#name(name, namespace) }),
      ...(namespace === undefined || !this.#rules.keepsNamespaces ? {} : { namespace }),
      ...(allowed === undefined ? {} : { allowed: allowed.map((tool) => this.#name(tool, undefined)) }),
    };
  }

  #message(message: Message): Message {
    if (message.role !== "assistant" && message.role !== "tool") return message;
    return { ...message, parts: message.parts.map((part) => this.#part(part)) };
  }

  #part(part: Part): Part {
    if (part.kind === "tool-call") {
      const { namespace, custom, ...rest } = part;
      const name = this.#name(part.name, namespace);
      const kept = namespace !== undefined && this.#rules.keepsNamespaces ? { namespace } : {};
      if (custom !== true) return { ...rest, ...kept, name };
      if (this.#rules.keepsCustom) return { ...rest, ...kept, name, custom };
      return { ...rest, ...kept, name, arguments: JSON.stringify({ [INPUT]: part.arguments }) };
    }
    if (part.kind !== "tool-result") return part;
    const { custom, ...rest } = part;
    return {
      ...rest,
      ...(part.name === undefined ? {} : { name: this.#name(part.name, undefined) }),
      ...(custom === true && this.#rules.keepsCustom ? { custom } : {}),
    };
  }
}

/** The text that a call of a free-form tool's function gives; what is no such call is taken as it is. */
export function inputOf(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === "object" && value !== null && Object.hasOwn(value, INPUT)) {
      const input: unknown = (value as Record<string, unknown>)[INPUT];
      return typeof input === "string" ? input : JSON.stringify(input);
    }
  } catch {
    // Broken JSON: the client sees what the model wrote.
  }
  return args;
}

function functionFor(tool: CustomTool, name: string): FunctionTool {
  const { grammar } = tool;
  const held =
    grammar === undefined ? "" : ` It must match this ${grammar.syntax} grammar:\n${grammar.definition}`;
  return {
    kind: "function",
    name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: {
      type: "object",
      properties: {
        [INPUT]: { type: "string", description: `The tool's whole input, as plain text.${held}` },
      },
      required: [INPUT],
      additionalProperties: false,
    },
  };
}

const keyOf = (name: string, namespace: string | undefined) => `${namespace ?? ""}\0${name}`;

function joined(name: string, namespace: string | undefined): string {
  if (namespace === undefined || namespace === "") return name;
  return namespace.endsWith("__") ? namespace + name : `${namespace}__${name}`;
}

/** Letters, digits, `_` and `-` only, not beginning with a digit or hyphen: what every one of the four APIs takes. */
function cleanName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_-]/g, "_");
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`;
}
