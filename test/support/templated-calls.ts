import type { Format } from "../../src/exchange/formats.ts";
import type { Gateway } from "./gateway.ts";

/** How each API is called with something in a message, and what its answers say. */
export interface TemplatedCall {
  readonly format: Format;
  /** The body of a call that has these members in its one message of the user. */
  body(message: Record<string, unknown>): Record<string, unknown>;
  path(model: string, stream: boolean): string;
  textOf(answer: never): string;
  deltaOf(event: never): string;
  /** The message of an error, and the field that it names where the API has a place for it. */
  errorOf(answer: never): { readonly message: string; readonly param?: string | null };
  /** Where the message stands. */
  readonly at: string;
}

interface OpenaiError {
  readonly error: { readonly message: string; readonly param: string | null };
}
const openaiError = ({ error: { message, param } }: OpenaiError) => ({ message, param });

export const TEMPLATED_CALLS: readonly TemplatedCall[] = [
  {
    format: "openai-chat",
    body: (message) => ({ messages: [{ role: "user", ...message }] }),
    path: () => "/v1/chat/completions",
    textOf: ({ choices }: { choices: { message: { content: string } }[] }) => choices[0]!.message.content,
    deltaOf: ({ choices }: { choices?: { delta: { content?: string } }[] }) =>
      choices?.[0]?.delta.content ?? "",
    errorOf: openaiError,
    at: "messages[0]",
  },
  {
    format: "openai-responses",
    body: (message) => ({ store: false, input: [{ role: "user", ...message }] }),
    path: () => "/v1/responses",
    textOf: ({ output }: { output: { content?: { text: string }[] }[] }) =>
      output.flatMap(({ content }) => content?.map(({ text }) => text) ?? []).join(""),
    deltaOf: ({ type, delta }: { type: string; delta: string }) =>
      type === "response.output_text.delta" ? delta : "",
    errorOf: openaiError,
    at: "input[0]",
  },
  {
    format: "anthropic-messages",
    body: (message) => ({ max_tokens: 100, messages: [{ role: "user", ...message }] }),
    path: () => "/v1/messages",
    textOf: ({ content }: { content: { text: string }[] }) => content.map(({ text }) => text).join(""),
    deltaOf: ({ delta }: { delta?: { text?: string } }) => delta?.text ?? "",
    errorOf: ({ error: { message } }: { error: { message: string } }) => ({ message }),
    at: "messages[0]",
  },
  {
    format: "gemini",
    body: ({ content, ...message }) => ({
      contents: [
        { role: "user", parts: [{ ...(content === undefined ? {} : { text: content }), ...message }] },
      ],
    }),
    path: (model, stream) =>
      `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    textOf: (answer: GeminiAnswer) => geminiText(answer),
    deltaOf: (event: GeminiAnswer) => geminiText(event),
    errorOf: ({ error: { message } }: { error: { message: string } }) => ({ message }),
    at: "contents[0].parts[0]",
  },
];

interface GeminiAnswer {
  readonly candidates?: { readonly content?: { readonly parts?: { readonly text?: string }[] } }[];
}
const geminiText = ({ candidates }: GeminiAnswer) =>
  candidates?.[0]?.content?.parts?.map(({ text }) => text ?? "").join("") ?? "";

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  /** What the model said; empty where the request was refused. */
  readonly text: string;
  readonly json: never;
}

/** Asks a gateway in one of the APIs. `more` are further members of the body and headers. */
export async function callTemplated(
  { url, key }: Pick<Gateway, "url" | "key">,
  call: TemplatedCall,
  message: Record<string, unknown>,
  more: {
    readonly model?: string;
    readonly stream?: boolean;
    readonly headers?: Record<string, string>;
    readonly body?: Record<string, unknown>;
    readonly prefix?: string;
  } = {},
): Promise<Told> {
  const { model = "demo/echo", stream = false, headers = {}, body = {}, prefix = "" } = more;
  const names = call.format === "gemini" ? {} : { model, ...(stream ? { stream } : {}) };
  const path = prefix === "" ? call.path(model, stream) : call.path(model, stream).replace("/v1", prefix);
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...names, ...call.body(message), ...body }),
  });
  const text = await response.text();
  const { status } = response;
  if (status !== 200 || !stream) {
    const json = JSON.parse(text) as never;
    return { status, headers: response.headers, text: status === 200 ? call.textOf(json) : "", json };
  }
  const events = text.split("\n").filter((line) => line.startsWith("data: {"));
  const said = events.map((line) => call.deltaOf(JSON.parse(line.slice(6)) as never)).join("");
  return { status, headers: response.headers, text: said, json: null as never };
}
