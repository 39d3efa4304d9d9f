import { requestText } from "./client.ts";
import type { Gateway } from "./gateway.ts";

/** A Chat request as the flow tests send it, where its content does not matter. */
export const CHAT = { model: "m", messages: [{ role: "user", content: "hi" }] };

export interface ChatOptions {
  readonly stream?: boolean;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** Fields to add to the body. */
  readonly body?: Record<string, unknown>;
}

/** The configuration of a provider with OpenAI's Chat API at `baseUrl`. */
export function chatProvider(
  baseUrl: string,
  settings: Record<string, unknown> = {},
): Record<string, unknown> {
  return { base_url: baseUrl, api_key: "provider-key", formats: ["openai-chat"], ...settings };
}

/** Posts a Chat request to a provider's own door. */
export function chat(gateway: Gateway, provider: string, options: ChatOptions = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/${provider}/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "content-type": "application/json",
      ...options.headers,
    },
    body: JSON.stringify({ ...CHAT, ...(options.stream ? { stream: true } : {}), ...options.body }),
    redirect: "manual",
    decompress: false,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

/** The same as the bytes of a request, for a client of bare sockets. */
export function chatText(gateway: Gateway, provider: string, options: ChatOptions = {}): Buffer {
  const body = JSON.stringify({ ...CHAT, ...(options.stream ? { stream: true } : {}), ...options.body });
  const headers = {
    authorization: `Bearer ${gateway.key}`,
    "content-type": "application/json",
    ...options.headers,
  };
  return requestText("POST", `/v1/${provider}/chat/completions`, headers, body);
}

export interface ToldError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The error of an answer in OpenAI's shape. */
export async function errorOf(response: Response): Promise<ToldError> {
  const text = await response.text();
  const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } };
  if (typeof error?.message !== "string")
    throw new Error(`Not an error of the gateway: ${response.status} ${text}`);
  return { status: response.status, code: String(error.code), message: error.message };
}

/** A whole Chat answer, as an upstream sends it. */
export const CHAT_ANSWER = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

/** One piece of a streamed Chat answer. */
export function chatChunk(content: string): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  };
}
