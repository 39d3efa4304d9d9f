import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError } from "ai";
import type { Format } from "../../src/exchange/formats.ts";
import { aided } from "./aids.ts";

/** A call of a tool that the client runs. */
export interface ReadCall {
  readonly name: string;
  /** The parsed arguments, or their text where that is no JSON. */
  readonly args: unknown;
}

/** Tokens; absent where the reader was told nothing. */
export interface ReadUsage {
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  readonly reasoning?: number;
}

/** What a client understands of an answer, in no format's words. */
export interface Reading {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ReadCall[];
  /** Ids of calls, to be unique. */
  readonly callIds: readonly string[];
  /** `stop`, `length`, `tool-calls`, `content-filter`, `error`, `other`; null where the answer is an error. */
  readonly finish: string | null;
  readonly usage: ReadUsage;
  /** Null for an answer that came to its end. `status` is null for an error inside a stream. */
  readonly error: { readonly status: number | null; readonly message: string } | null;
}

/** How an answer is asked for. */
export interface Ask {
  readonly format: Format;
  /** Where the API is, without its version. */
  readonly base: string;
  readonly apiKey: string;
  readonly model: string;
  readonly stream: boolean;
  /** Names of the functions that are offered. */
  readonly tools: readonly string[];
  /** How many answers are asked for, and which of them is read. */
  readonly choices: number;
  readonly choice: number;
  readonly headers: Record<string, string>;
  /** In place of the network. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

type Model = ReturnType<typeof modelOf>;
/** What every one of the models takes; their packages follow two versions of one interface. */
type Options = (Model extends infer M ? TakesOptions<M> : never) extends (options: infer O) => void
  ? O
  : never;
type TakesOptions<M> = M extends { doGenerate(options: infer O): unknown } ? (options: O) => void : never;
type Content = Awaited<ReturnType<Model["doGenerate"]>>["content"][number];

/** Asks for an answer and reads it with the AI SDK's provider of the format. Never throws for what the answer holds. */
export async function read(ask: Ask): Promise<Reading> {
  const sheet = new Sheet();
  try {
    const model = modelOf(ask);
    const options = optionsOf(ask);
    if (ask.stream) await readStream(model, options, sheet);
    else {
      const { content, finishReason, usage } = await model.doGenerate(options);
      for (const part of content) sheet.take(part);
      sheet.end(finishReason.unified, usage);
    }
  } catch (error) {
    sheet.fail(error);
  }
  return sheet.reading();
}

function modelOf(ask: Ask) {
  const { apiKey, headers, model } = ask;
  const send = ask.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  const settings = { apiKey, headers, fetch: aided(ask, send) as typeof fetch };
  switch (ask.format) {
    case "openai-chat": {
      const baseURL = `${ask.base}/v1`;
      return createOpenAICompatible({ ...settings, name: "chat", baseURL, includeUsage: true })(model);
    }
    case "openai-responses":
      return createOpenAI({ ...settings, baseURL: `${ask.base}/v1` }).responses(model);
    case "anthropic-messages":
      return createAnthropic({ ...settings, baseURL: `${ask.base}/v1` })(model);
    case "gemini":
      // This SDK takes a name with a slash for a whole resource path.
      return createGoogle({ ...settings, baseURL: `${ask.base}/v1beta` })(`models/${model}`);
  }
}

function optionsOf({ tools }: Ask): Options {
  return {
    prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    ...(tools.length === 0
      ? {}
      : { tools: tools.map((name) => ({ type: "function", name, inputSchema: { type: "object" } })) }),
    // Thoughts are wanted, in every format's own way.
    providerOptions: {
      openai: { reasoningSummary: "auto", forceReasoning: true },
      anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } },
      google: { thinkingConfig: { includeThoughts: true } },
      chat: { reasoningEffort: "medium" },
    },
  };
}

async function readStream(model: Model, options: Options, sheet: Sheet): Promise<void> {
  const { stream } = await model.doStream(options);
  for await (const part of stream) {
    switch (part.type) {
      case "text-delta":
        sheet.text += part.delta;
        break;
      case "reasoning-delta":
        sheet.reasoning += part.delta;
        break;
      case "tool-call":
        sheet.take(part);
        break;
      case "error":
        sheet.fail(part.error);
        break;
      case "finish":
        sheet.end(part.finishReason.unified, part.usage);
    }
  }
}

/** Collects what is read. */
class Sheet {
  text = "";
  reasoning = "";
  readonly #calls: ReadCall[] = [];
  readonly #callIds: string[] = [];
  #finish: string | null = null;
  #usage: ReadUsage = {};
  #error: Reading["error"] = null;

  take(part: Content): void {
    if (part.type === "text") this.text += part.text;
    if (part.type === "reasoning") this.reasoning += part.text;
    // What the provider runs itself is told in words of its own, not as the client's task.
    if (part.type !== "tool-call" || part.providerExecuted) return;
    this.#calls.push({ name: part.toolName, args: parsed(part.input) });
    this.#callIds.push(part.toolCallId);
  }

  end(finish: string, usage: Awaited<ReturnType<Model["doGenerate"]>>["usage"]): void {
    this.#finish = finish;
    const { inputTokens, outputTokens } = usage;
    this.#usage = {
      ...(inputTokens.total === undefined ? {} : { input: inputTokens.total }),
      ...(outputTokens.total === undefined ? {} : { output: outputTokens.total }),
      ...(inputTokens.cacheRead === undefined ? {} : { cached: inputTokens.cacheRead }),
      ...(outputTokens.reasoning === undefined ? {} : { reasoning: outputTokens.reasoning }),
    };
  }

  fail(error: unknown): void {
    const status = APICallError.isInstance(error) ? (error.statusCode ?? null) : null;
    this.#error = { status, message: messageOf(error) };
  }

  reading(): Reading {
    return {
      text: this.text,
      reasoning: this.reasoning,
      calls: this.#calls,
      callIds: this.#callIds,
      finish: this.#error === null ? this.#finish : null,
      usage: this.#error === null ? this.#usage : {},
      error: this.#error,
    };
  }
}

/** A call without arguments has an empty text in some formats, and an empty object in others. */
function parsed(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The readers give errors of a stream as they found them: an Error, the error's object, its text. */
function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return typeof error === "string" ? error : JSON.stringify(error);
}
