import type { Part, ReasoningPart, RefusalPart, TextPart, ToolResultPart } from "../../exchange/parts.ts";
import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalString,
  recordOf,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { Message } from "../../exchange/request.ts";
import { readSeal } from "../../exchange/seals.ts";
import { readHistoryCall } from "./calls.ts";
import { readCache, readContent, readText } from "./content.ts";
import { extended, FORMAT, ownMembers } from "./own.ts";
import { readSignature, withoutSignature } from "./signatures.ts";
import { readThoughts } from "./thoughts.ts";

const SPOKEN = new Set(["role", "content", "name"]);
/** `reasoning` is kept beside the thoughts that are read from it: its name is not every provider's. */
const ASSISTANT = new Set([
  ...SPOKEN,
  "tool_calls",
  "function_call",
  "refusal",
  "reasoning_content",
  "reasoning_details",
]);
const RESULT = new Set(["role", "content", "tool_call_id"]);
const REFUSAL = new Set(["type", "refusal"]);
const CALL = new Set(["name", "arguments"]);

const clientSeal = (text: string) => readSeal(text, FORMAT);

/** Reads a conversation. Results that follow each other become one message. Throws invalid_request. */
export function readMessages(values: readonly unknown[]): Message[] {
  const messages: Message[] = [];
  const functions = new FunctionCalls();
  let results: ToolResultPart[] | null = null;
  for (const [i, value] of values.entries()) {
    const at = `messages[${i}]`;
    const message = requiredRecord(value, at);
    if (message.role === "tool" || message.role === "function") {
      const result = message.role === "tool" ? readResult(message, at) : functions.result(message, at);
      if (results === null) {
        results = [];
        messages.push({ role: "tool", parts: results });
      }
      results.push(result);
      continue;
    }
    results = null;
    messages.push(readMessage(message, at, functions));
  }
  return messages;
}

function readMessage(message: JsonObject, at: string, functions: FunctionCalls): Message {
  switch (message.role) {
    case "system":
    case "developer":
    case "user": {
      const parts = readContent(message.content, `${at}.content`);
      return {
        role: message.role,
        parts: markLast(parts, message),
        ...speaker(message, at),
        ...extended(restOf(message, SPOKEN)),
      };
    }
    case "assistant":
      return readAssistant(message, at, functions);
    default:
      throw invalid(
        `${at}.role`,
        `is ${JSON.stringify(message.role)}; known are system, developer, user, assistant, tool and function`,
      );
  }
}

function speaker(message: JsonObject, at: string): { readonly name?: string } {
  const name = optionalString(message.name, `${at}.name`);
  return name === undefined ? {} : { name };
}

/** A cache mark on the message itself, as some providers take it, is of its last part. */
function markLast<P extends Part>(parts: readonly P[], message: JsonObject): readonly P[] {
  const { cache } = readCache(message);
  if (cache === undefined) return parts;
  return parts.map((part, index) => (index === parts.length - 1 ? { ...part, cache } : part));
}

function readAssistant(message: JsonObject, at: string, functions: FunctionCalls): Message {
  const calls = (optionalArray(message.tool_calls, `${at}.tool_calls`) ?? []).map((call, i) =>
    readHistoryCall(call, `${at}.tool_calls[${i}]`, clientSeal),
  );
  const called = message.function_call;
  if (called !== undefined && called !== null) calls.push(functions.call(called, `${at}.function_call`));
  const spoken = readSpoken(message.content, `${at}.content`);
  const refusal = optionalString(message.refusal, `${at}.refusal`);
  if (refusal !== undefined) spoken.push({ kind: "refusal", text: refusal });
  return {
    role: "assistant",
    parts: [...readThoughts(message, clientSeal), ...markLast(sealText(spoken, message), message), ...calls],
    ...speaker(message, at),
    ...extended(assistantMembers(message)),
  };
}

/** Some providers want an empty text and not null beside calls: what the client wrote stays. */
function assistantMembers(message: JsonObject): JsonObject | undefined {
  const rest = withoutSignature(restOf(message, ASSISTANT));
  return message.content === "" && Array.isArray(message.tool_calls) ? { ...rest, content: "" } : rest;
}

type Spoken = TextPart | RefusalPart | ReasoningPart;

function readSpoken(content: unknown, param: string): Spoken[] {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(param, "must be a string, an array of parts or null");
  return content.map((value, i) => {
    const at = `${param}[${i}]`;
    const part = requiredRecord(value, at);
    switch (part.type) {
      case "text": {
        const text = readText(part, at);
        return ownMembers(text) === undefined ? { ...text, ...extended({}) } : text;
      }
      case "refusal":
        return {
          kind: "refusal",
          text: requiredString(part.refusal, `${at}.refusal`),
          ...extended(restOf(part, REFUSAL) ?? {}),
        };
      case "thinking":
        return readThinking(part);
      default:
        throw invalid(
          `${at}.type`,
          `is ${JSON.stringify(part.type)}; an assistant's message may hold text, refusal and thinking`,
        );
    }
  });
}

/** Mistral's thoughts among the content: `{type: "thinking", thinking: [{type: "text", text}]}`. */
export function readThinking(part: JsonObject): ReasoningPart {
  const texts = arrayOf(part.thinking).map((piece) => (isRecord(piece) ? (stringOf(piece.text) ?? "") : ""));
  return { kind: "reasoning", text: stringOf(part.thinking) ?? texts.join("") };
}

/** Gemini signs a message's text beside it. */
function sealText(parts: readonly Spoken[], message: JsonObject): readonly Spoken[] {
  const seal = readSignature(message, clientSeal);
  const at = seal === undefined ? -1 : parts.findLastIndex((part) => part.kind === "text");
  return parts.map((part, index) =>
    index === at && seal !== undefined ? ({ ...part, seal } as Spoken) : part,
  );
}

function readResult(message: JsonObject, at: string): ToolResultPart {
  const content = message.content ?? "";
  const name = stringOf(message.name);
  return {
    kind: "tool-result",
    callId: requiredString(message.tool_call_id, `${at}.tool_call_id`),
    // The name is no member of this message at OpenAI: it goes back only where the client wrote it.
    ...(name === undefined ? {} : { name }),
    parts: readContent(content, `${at}.content`).map((part) =>
      part.kind === "media" && ownMembers(part) === undefined ? { ...part, ...extended({}) } : part,
    ),
    ...extended(restOf(message, RESULT)),
  };
}

/** The calls of before there were tools, which have no ids: a result is of the last call of its function. */
class FunctionCalls {
  readonly #last = new Map<string, string>();
  #count = 0;

  call(value: unknown, at: string): Part & { kind: "tool-call" } {
    const call = requiredRecord(value, at);
    const name = requiredString(call.name, `${at}.name`);
    const id = `call_function_${this.#count++}`;
    this.#last.set(name, id);
    return {
      kind: "tool-call",
      id,
      name,
      arguments: optionalString(call.arguments, `${at}.arguments`) || "{}",
      ...extended(recordOf(restOf(call, CALL))),
    };
  }

  result(message: JsonObject, at: string): ToolResultPart {
    const name = requiredString(message.name, `${at}.name`);
    const callId = this.#last.get(name) ?? `call_function_${this.#count++}`;
    return { kind: "tool-result", callId, name, parts: readContent(message.content ?? "", `${at}.content`) };
  }
}
