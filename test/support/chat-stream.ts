import type {
  ChatCompletionChunk,
  ChatCompletionMessageFunctionToolCall,
} from "openai/resources/chat/completions";
import { isRecord, type JsonObject } from "../../src/exchange/read.ts";
import type { SseEvent } from "../../src/lib/sse.ts";

export interface ChatStreamOptions {
  /** Whether the request had `stream_options.include_usage`. */
  readonly includeUsage?: boolean;
  /** Whether the stream is to end in an error event. */
  readonly error?: boolean;
}

type FinishReason = NonNullable<ChatCompletionChunk.Choice["finish_reason"]>;
type CallType = ChatCompletionMessageFunctionToolCall["type"] | "custom";

const FINISH_REASONS: readonly FinishReason[] = [
  "stop",
  "length",
  "tool_calls",
  "content_filter",
  "function_call",
];
const CALL_TYPES: readonly CallType[] = ["function", "custom"];
/** Text that other providers' Chat APIs have besides the SDK's members. */
const TEXTS = ["content", "refusal", "reasoning_content", "reasoning"];

interface SeenCall {
  readonly type: CallType;
  text: string;
}

interface SeenChoice {
  readonly calls: SeenCall[];
  finish: string | null;
}

/** What is wrong with a stream of Chat Completions chunks by the SDK's types and OpenAI's rules; empty where nothing is. */
export function validateStream(events: readonly SseEvent[], options: ChatStreamOptions = {}): string[] {
  const problems: string[] = [];
  const stream = new ChatStream(options, problems);
  const told = events.filter((event) => event.data !== "");
  told.forEach((event, index) => {
    if (event.event !== null) problems.push(`event ${index} has an event line: ${event.event}`);
    if (event.data !== "[DONE]") stream.take(event.data, index);
    else if (index < told.length - 1) problems.push(`event ${index}: [DONE] is not the last`);
  });
  if (told.at(-1)?.data !== "[DONE]" && !options.error) problems.push("no [DONE] at the end");
  stream.end();
  return problems;
}

class ChatStream {
  readonly #options: ChatStreamOptions;
  readonly #problems: string[];
  readonly #choices = new Map<number, SeenChoice>();
  #first: JsonObject | null = null;
  #usageSeen = false;
  #errorSeen = false;

  constructor(options: ChatStreamOptions, problems: string[]) {
    this.#options = options;
    this.#problems = problems;
  }

  take(data: string, index: number): void {
    const at = `event ${index}`;
    const chunk = parsed(data);
    if (!isRecord(chunk)) {
      this.#problem(`${at} is no JSON object`);
      return;
    }
    if (this.#errorSeen) {
      this.#problem(`${at} comes after an error`);
      return;
    }
    if (chunk.error !== undefined) {
      this.#error(chunk.error, at);
      return;
    }
    this.#head(chunk, at);
    const { choices } = chunk;
    if (!Array.isArray(choices)) {
      this.#problem(`${at}: choices must be an array`);
      return;
    }
    if (this.#usageSeen) this.#problem(`${at} comes after the chunk with usage`);
    this.#usage(chunk.usage, choices.length === 0, at);
    for (const choice of choices) this.#choice(choice, at);
  }

  end(): void {
    if (this.#options.error) {
      if (!this.#errorSeen) this.#problem("no error event");
      return;
    }
    if (this.#choices.size === 0) this.#problem("no choice at all");
    for (const [index, choice] of this.#choices) this.#ended(choice, `choice ${index}`);
    if (this.#options.includeUsage && !this.#usageSeen) this.#problem("no chunk with usage");
  }

  #problem(problem: string): void {
    this.#problems.push(problem);
  }

  #error(error: unknown, at: string): void {
    this.#errorSeen = true;
    if (!this.#options.error) this.#problem(`${at} is an error: ${JSON.stringify(error)}`);
    if (!isRecord(error) || typeof error.message !== "string" || typeof error.type !== "string") {
      this.#problem(`${at}: an error needs message and type`);
    }
  }

  #head(chunk: JsonObject, at: string): void {
    if (chunk.object !== "chat.completion.chunk") this.#problem(`${at}: object is ${chunk.object}`);
    if (typeof chunk.id !== "string" || chunk.id === "") this.#problem(`${at}: no id`);
    if (!Number.isInteger(chunk.created)) this.#problem(`${at}: created must be an integer`);
    if (typeof chunk.model !== "string") this.#problem(`${at}: no model`);
    this.#first ??= chunk;
    for (const member of ["id", "created", "model"]) {
      if (chunk[member] !== this.#first[member]) this.#problem(`${at}: ${member} is another than before`);
    }
  }

  #usage(usage: unknown, alone: boolean, at: string): void {
    if (!this.#options.includeUsage) {
      if (usage !== undefined) this.#problem(`${at}: usage was not asked for`);
      if (alone) this.#problem(`${at}: no choices`);
      return;
    }
    if (!alone) {
      if (usage !== null) this.#problem(`${at}: usage must be null before the last chunk`);
      return;
    }
    this.#usageSeen = true;
    for (const count of ["prompt_tokens", "completion_tokens", "total_tokens"]) {
      if (!isRecord(usage) || !Number.isInteger(usage[count]))
        this.#problem(`${at}: usage.${count} must be an integer`);
    }
  }

  #choice(choice: unknown, at: string): void {
    if (!isRecord(choice) || !Number.isInteger(choice.index) || !isRecord(choice.delta)) {
      this.#problem(`${at}: a choice needs index and delta`);
      return;
    }
    const { index, delta, finish_reason: finish } = choice as JsonObject & { delta: JsonObject };
    const where = `${at}, choice ${index}`;
    let seen = this.#choices.get(index as number);
    if (seen === undefined) {
      seen = { calls: [], finish: null };
      this.#choices.set(index as number, seen);
      if (delta.role !== "assistant") this.#problem(`${where}: its first delta has no role`);
    }
    if (seen.finish !== null) this.#problem(`${where} goes on after its finish_reason`);
    this.#delta(delta, seen, where);
    this.#logprobs(choice.logprobs, where);
    if (finish === undefined) this.#problem(`${where}: finish_reason is missing`);
    if (typeof finish !== "string") return;
    if (!FINISH_REASONS.includes(finish as FinishReason)) this.#problem(`${where}: finish_reason ${finish}`);
    seen.finish = finish;
  }

  #delta(delta: JsonObject, seen: SeenChoice, where: string): void {
    for (const text of TEXTS) {
      const value = delta[text];
      if (value !== undefined && value !== null && typeof value !== "string")
        this.#problem(`${where}: ${text} must be a string`);
    }
    const calls = delta.tool_calls;
    if (calls === undefined) return;
    if (!Array.isArray(calls) || calls.length === 0) {
      this.#problem(`${where}: tool_calls must be an array of calls`);
      return;
    }
    for (const call of calls) this.#call(call, seen, where);
  }

  #call(call: unknown, { calls }: SeenChoice, where: string): void {
    if (!isRecord(call) || !Number.isInteger(call.index)) {
      this.#problem(`${where}: a tool call needs index`);
      return;
    }
    const at = `${where}, call ${call.index}`;
    if (call.index === calls.length) calls.push(this.#begunCall(call, at));
    else if (call.index !== calls.length - 1) this.#problem(`${at}: indexes go up by one`);
    else if (call.id !== undefined) this.#problem(`${at}: id is told twice`);
    const seen = calls.at(-1);
    const body = call[seen?.type ?? "function"];
    const text = isRecord(body) ? body[seen?.type === "custom" ? "input" : "arguments"] : undefined;
    if (typeof text !== "string") this.#problem(`${at}: no text of its arguments`);
    else if (seen !== undefined) seen.text += text;
  }

  #begunCall(call: JsonObject, at: string): SeenCall {
    if (typeof call.id !== "string" || call.id === "") this.#problem(`${at}: no id`);
    const type = CALL_TYPES.find((known) => known === call.type);
    if (type === undefined) this.#problem(`${at}: type is ${call.type}`);
    const body = call[type ?? "function"];
    if (!isRecord(body) || typeof body.name !== "string" || body.name === "") this.#problem(`${at}: no name`);
    return { type: type ?? "function", text: "" };
  }

  #logprobs(logprobs: unknown, where: string): void {
    if (logprobs === undefined || logprobs === null) return;
    for (const kind of ["content", "refusal"]) {
      const tokens = isRecord(logprobs) ? logprobs[kind] : undefined;
      if (tokens === null) continue;
      const fits = (token: unknown) =>
        isRecord(token) &&
        typeof token.token === "string" &&
        typeof token.logprob === "number" &&
        token.bytes !== undefined &&
        Array.isArray(token.top_logprobs);
      if (!Array.isArray(tokens) || !tokens.every(fits))
        this.#problem(`${where}: logprobs.${kind} must be null or whole tokens`);
    }
  }

  #ended({ calls, finish }: SeenChoice, where: string): void {
    if (finish === null) {
      this.#problem(`${where} has no finish_reason`);
      return;
    }
    if (finish === "tool_calls" && calls.length === 0) this.#problem(`${where}: tool_calls without a call`);
    if (finish === "stop" && calls.length > 0) this.#problem(`${where}: stop in spite of calls`);
    if (finish !== "tool_calls") return;
    calls.forEach(({ type, text }, index) => {
      if (type === "function" && !isRecord(parsed(text)))
        this.#problem(`${where}, call ${index}: its arguments are no JSON object`);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as a problem where it is used.
    return undefined;
  }
}
