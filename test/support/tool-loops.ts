import Anthropic from "@anthropic-ai/sdk";
import { type Content, GoogleGenAI, type Part } from "@google/genai";
import OpenAI from "openai";
import type { ChatCompletionMessage, ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { Response as Answer, ResponseInput } from "openai/resources/responses/responses";

/** Where a loop runs. */
export interface LoopPlace {
  /** The gateway's origin. */
  readonly url: string;
  readonly key: string;
  /** The model of each turn, counted from 0. */
  model(turn: number): string;
  readonly stream: boolean;
}

/** What a client saw of a conversation with tools. */
export interface LoopReport {
  /** Tool calls in each answer, in order; the last is the one without. */
  readonly calls: readonly number[];
  /** Ids of all calls. */
  readonly ids: readonly string[];
  /** The last answer's text. */
  readonly text: string;
  /** Readable thoughts of all answers. */
  readonly thoughts: string;
}

/** A client that asks, runs the tools that are called, and goes on until an answer calls none. */
export type ToolLoop = (place: LoopPlace) => Promise<LoopReport>;

const PROMPT = "How is it there?";
const MOST_ANSWERS = 6;
const NAMES = ["weather", "tide"] as const;
const PARAMETERS = {
  type: "object" as const,
  properties: { city: { type: "string" as const }, days: { type: "integer" as const } },
  required: ["city", "days"],
  additionalProperties: false,
};

/** Runs a tool; its result tells that the arguments came whole. */
export function runTool(name: string, args: unknown): string {
  const { city, days } = args as { city?: unknown; days?: unknown };
  if (typeof city !== "string" || typeof days !== "number") throw new Error(`Wrong arguments for ${name}`);
  return `${name} of ${city} for ${days}: fair`;
}

interface Turn {
  readonly calls: readonly { readonly id: string }[];
  readonly text: string;
  readonly thoughts: string;
}

/** Takes turns until one calls no tool. */
async function loop(takeTurn: (turn: number) => Promise<Turn>): Promise<LoopReport> {
  const turns: Turn[] = [];
  do turns.push(await takeTurn(turns.length));
  while (turns.at(-1)!.calls.length > 0 && turns.length < MOST_ANSWERS);
  return {
    calls: turns.map(({ calls }) => calls.length),
    ids: turns.flatMap(({ calls }) => calls.map(({ id }) => id)),
    text: turns.at(-1)!.text,
    thoughts: turns.map(({ thoughts }) => thoughts).join(""),
  };
}

/** The `openai` SDK's Chat API. */
export const chatLoop: ToolLoop = ({ url, key, model, stream }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const messages: ChatCompletionMessageParam[] = [{ role: "user", content: PROMPT }];
  const tools = NAMES.map((name) => ({
    type: "function" as const,
    function: { name, parameters: PARAMETERS, strict: true },
  }));
  return loop(async (turn) => {
    const body = { model: model(turn), messages, tools, reasoning_effort: "medium" as const };
    const streamed = stream ? await streamedChat(client, body) : null;
    const answer = streamed?.answer ?? (await client.chat.completions.create(body));
    const message = answer.choices[0]!.message as ChatCompletionMessage & Thoughtful;
    messages.push(message);
    const calls = (message.tool_calls ?? []).filter((call) => call.type === "function");
    for (const { id, function: called } of calls)
      messages.push({
        role: "tool",
        tool_call_id: id,
        content: runTool(called.name, JSON.parse(called.arguments)),
      });
    return {
      calls,
      text: message.content ?? "",
      thoughts: streamed?.thoughts ?? message.reasoning_content ?? "",
    };
  });
};

/** What other providers than OpenAI have beside the SDK's members. */
interface Thoughtful {
  readonly reasoning_content?: string;
}

/** The SDK puts an answer together without the members that it does not know. */
async function streamedChat(client: OpenAI, body: Parameters<OpenAI["chat"]["completions"]["stream"]>[0]) {
  const stream = client.chat.completions.stream(body);
  let thoughts = "";
  for await (const chunk of stream)
    thoughts += (chunk.choices[0]?.delta as Thoughtful | undefined)?.reasoning_content ?? "";
  return { answer: await stream.finalChatCompletion(), thoughts };
}

const RESPONSES_TOOLS = NAMES.map((name) => ({
  type: "function" as const,
  name,
  parameters: PARAMETERS,
  strict: true,
}));
const REASONING = { effort: "medium", summary: "auto" } as const;

function outputsOf(answer: Answer): ResponseInput {
  return answer.output.flatMap((item) =>
    item.type === "function_call"
      ? [
          {
            type: "function_call_output" as const,
            call_id: item.call_id,
            output: runTool(item.name, JSON.parse(item.arguments)),
          },
        ]
      : [],
  );
}

function turnOf(answer: Answer): Turn {
  const calls = answer.output.flatMap((item) =>
    item.type === "function_call" ? [{ id: item.call_id }] : [],
  );
  const thoughts = answer.output.flatMap((item) =>
    item.type === "reasoning" ? item.summary.map(({ text }) => text) : [],
  );
  return { calls, text: answer.output_text, thoughts: thoughts.join("") };
}

/** The `openai` SDK's Responses API; the client keeps the conversation and sends every item back. */
export const statelessResponsesLoop: ToolLoop = ({ url, key, model, stream }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const input: ResponseInput = [{ role: "user", content: PROMPT }];
  return loop(async (turn) => {
    const body = {
      model: model(turn),
      input,
      tools: RESPONSES_TOOLS,
      reasoning: REASONING,
      store: false,
      include: ["reasoning.encrypted_content" as const],
    };
    const answer = stream
      ? await client.responses.stream(body).finalResponse()
      : await client.responses.create(body);
    // The SDK's type of an answer's items is a little wider than that of what may be sent back.
    input.push(...(answer.output as ResponseInput), ...outputsOf(answer));
    return turnOf(answer);
  });
};

/** The same, where the gateway keeps the conversation. */
export const statefulResponsesLoop: ToolLoop = ({ url, key, model, stream }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  let input: ResponseInput = [{ role: "user", content: PROMPT }];
  let previous: string | undefined;
  return loop(async (turn) => {
    const body = {
      model: model(turn),
      input,
      tools: RESPONSES_TOOLS,
      reasoning: REASONING,
      ...(previous === undefined ? {} : { previous_response_id: previous }),
    };
    const answer = stream
      ? await client.responses.stream(body).finalResponse()
      : await client.responses.create(body);
    input = outputsOf(answer);
    previous = answer.id;
    return turnOf(answer);
  });
};

/** The `@anthropic-ai/sdk`. */
export const messagesLoop: ToolLoop = ({ url, key, model, stream }) => {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: PROMPT }];
  const tools = NAMES.map((name) => ({ name, input_schema: PARAMETERS }));
  return loop(async (turn) => {
    const body = {
      model: model(turn),
      messages,
      tools,
      max_tokens: 8192,
      thinking: { type: "enabled" as const, budget_tokens: 2048 },
    };
    const { content } = stream
      ? await client.messages.stream(body).finalMessage()
      : await client.messages.create(body);
    messages.push({ role: "assistant", content });
    const calls = content.filter((block) => block.type === "tool_use");
    if (calls.length > 0)
      messages.push({
        role: "user",
        content: calls.map(({ id, name, input }) => ({
          type: "tool_result",
          tool_use_id: id,
          content: runTool(name, input),
        })),
      });
    return {
      calls,
      text: content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
      thoughts: content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : [])).join(""),
    };
  });
};

/** The `@google/genai` SDK. */
export const geminiLoop: ToolLoop = ({ url, key, model, stream }) => {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const contents: Content[] = [{ role: "user", parts: [{ text: PROMPT }] }];
  const functionDeclarations = NAMES.map((name) => ({ name, parametersJsonSchema: PARAMETERS }));
  const config = { tools: [{ functionDeclarations }], thinkingConfig: { includeThoughts: true } };
  return loop(async (turn) => {
    const parts: Part[] = [];
    const body = { model: model(turn), contents, config };
    if (stream) {
      for await (const chunk of await client.models.generateContentStream(body))
        parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
    } else {
      parts.push(...((await client.models.generateContent(body)).candidates?.[0]?.content?.parts ?? []));
    }
    contents.push({ role: "model", parts });
    const calls = parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall]));
    if (calls.length > 0)
      contents.push({
        role: "user",
        parts: calls.map(({ id, name = "", args }) => ({
          functionResponse: { name, response: { output: runTool(name, args) }, ...(id ? { id } : {}) },
        })),
      });
    const told = (thought: boolean) =>
      parts.flatMap((part) => ((part.thought ?? false) === thought ? [part.text ?? ""] : [])).join("");
    return {
      // The SDK leaves ids to the provider, who may give none.
      calls: calls.map(({ id }, place) => ({ id: id ?? `${contents.length}.${place}` })),
      text: told(false),
      thoughts: told(true),
    };
  });
};
