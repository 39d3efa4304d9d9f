import type { Part } from "../../exchange/parts.ts";
import {
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalRecord,
  optionalString,
  requiredArray,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { GenerateRequest, Message, OutputFormat } from "../../exchange/request.ts";
import { BLOCKS, extended, isExactly, SEPARATE } from "./extensions.ts";
import { isLoneText, readContent } from "./read-blocks.ts";
import { readToolChoice, readTools } from "./read-tools.ts";
import { readReasoning } from "./thinking.ts";
import { FORMAT } from "./wire.ts";

/** Members that have a place of their own in the neutral request, and are written anew from it. */
const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "max_tokens",
  "stop_sequences",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "metadata",
  "service_tier",
]);
const MESSAGE: ReadonlySet<string> = new Set(["role", "content"]);

/**
 * Reads a body of the Messages API. `max_tokens` may be missing: only Anthropic demands it. `thinking`, `output_config`
 * and what is not known are kept whole in `extensions`, whose presence says that the request came in this format.
 */
export function readRequest(value: unknown): GenerateRequest {
  if (!isRecord(value)) throw invalid("body", "must be a JSON object");
  const metadata = optionalRecord(value.metadata, "metadata");
  const userId = stringOf(metadata?.user_id);
  const output = readOutput(value);
  return {
    model: requiredString(value.model, "model"),
    stream: optionalBoolean(value.stream, "stream") ?? false,
    streamUsage: true,
    messages: [...readSystem(value.system), ...readMessages(value.messages)],
    tools: readTools(value.tools),
    ...readToolChoice(value.tool_choice),
    ...numbers(value),
    ...readStop(value.stop_sequences),
    ...readReasoning(value),
    ...(output === undefined ? {} : { output }),
    ...(userId === undefined ? {} : { userId }),
    ...present("serviceTier", optionalString(value.service_tier, "service_tier")),
    extensions: {
      [FORMAT]: {
        ...restOf(value, KNOWN),
        ...(metadata === undefined || (isExactly(metadata, "user_id") && userId !== undefined)
          ? {}
          : { metadata }),
        ...(value.stream === false ? { stream: false } : {}),
      },
    },
  };
}

function numbers(body: JsonObject): Partial<GenerateRequest> {
  return {
    ...present("maxOutputTokens", optionalNumber(body.max_tokens, "max_tokens")),
    ...present("temperature", optionalNumber(body.temperature, "temperature")),
    ...present("topP", optionalNumber(body.top_p, "top_p")),
    ...present("topK", optionalNumber(body.top_k, "top_k")),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function readStop(value: unknown): { stop?: readonly string[] } {
  const sequences = optionalArray(value, "stop_sequences");
  if (sequences === undefined) return {};
  return { stop: sequences.map((text, index) => requiredString(text, `stop_sequences[${index}]`)) };
}

function readOutput(body: JsonObject): OutputFormat | undefined {
  const config = optionalRecord(body.output_config, "output_config");
  const format =
    optionalRecord(config?.format, "output_config.format") ??
    optionalRecord(body.output_format, "output_format");
  if (format === undefined) return undefined;
  const at = config?.format === undefined ? "output_format" : "output_config.format";
  if (format.type !== "json_schema") throw invalid(`${at}.type`, "must be json_schema");
  return { kind: "json-schema", schema: requiredRecord(format.schema, `${at}.schema`) };
}

function readSystem(value: unknown): Message[] {
  if (value === undefined || value === null) return [];
  const parts = readContent(value, "system");
  const strange = parts.findIndex((part) => part.kind !== "text");
  if (strange >= 0) throw invalid(`system[${strange}].type`, "must be text");
  return parts.length === 0
    ? []
    : [{ role: "system", parts, ...(isLoneText(value) ? extended(undefined, BLOCKS) : {}) }];
}

function readMessages(value: unknown): Message[] {
  const messages: Message[] = [];
  let before: unknown;
  for (const [index, item] of requiredArray(value, "messages").entries()) {
    const message = requiredRecord(item, `messages[${index}]`);
    messages.push(...readMessage(message, `messages[${index}]`, before === message.role));
    before = message.role;
  }
  return messages;
}

/** Tool results stand in a user's message here, in messages of their own in the neutral form. */
function readMessage(message: JsonObject, at: string, separate: boolean): Message[] {
  const role = requiredString(message.role, `${at}.role`);
  if (role !== "user" && role !== "assistant" && role !== "system")
    throw invalid(`${at}.role`, `must be user, assistant or system, not ${role.slice(0, 40)}`);
  const content = message.content;
  const parts = readContent(content, `${at}.content`);
  checkPlaces(role, parts, `${at}.content`);
  const marks = [...(isLoneText(content) ? [BLOCKS] : []), ...(separate ? [SEPARATE] : [])];
  const [first, ...rest] = role === "user" ? pieces(parts) : [{ role, parts } as const];
  return [{ ...first!, ...extended(restOf(message, MESSAGE), ...marks) }, ...rest];
}

/** A user's parts, cut where tool results begin and end; at least one piece. */
function pieces(parts: readonly Part[]): Message[] {
  const cut: { role: "user" | "tool"; parts: Part[] }[] = [];
  for (const part of parts) {
    const role = part.kind === "tool-result" ? "tool" : "user";
    const last = cut.at(-1);
    if (last?.role === role) last.parts.push(part);
    else cut.push({ role, parts: [part] });
  }
  return cut.length === 0 ? [{ role: "user", parts: [] }] : cut;
}

const PLACES = {
  user: new Set(["text", "media", "tool-result", "native"]),
  assistant: new Set(["text", "media", "reasoning", "tool-call", "native"]),
  system: new Set(["text", "native"]),
} as const;

function checkPlaces(role: keyof typeof PLACES, parts: readonly Part[], at: string): void {
  const allowed: ReadonlySet<string> = PLACES[role];
  const strange = parts.findIndex((part) => !allowed.has(part.kind));
  if (strange >= 0) throw invalid(`${at}[${strange}].type`, `does not belong in a message of role ${role}`);
}
