import type { Format } from "../../src/exchange/formats.ts";
import type { Gateway } from "./gateway.ts";

export interface ClientCall {
  readonly format: Format;
  /** As `provider/model`. */
  readonly model: string;
  readonly stream: boolean;
  /** The body without model and stream; text is sent as it is. A plain question unless given. */
  readonly body?: Readonly<Record<string, unknown>> | string;
  readonly headers?: Record<string, string>;
}

const QUESTIONS: Readonly<Record<Format, Readonly<Record<string, unknown>>>> = {
  "openai-chat": { messages: [{ role: "user", content: "hi" }] },
  "openai-responses": { input: "hi" },
  "anthropic-messages": { max_tokens: 8192, messages: [{ role: "user", content: "hi" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
};

const PATHS = {
  "openai-chat": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
} as const;

/** Sends a call as a client of the format does. */
export function callAs(gateway: Gateway, call: ClientCall): Promise<Response> {
  const { format, model, stream, body = QUESTIONS[format], headers } = call;
  const inPath = format === "gemini";
  const path = inPath
    ? `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`
    : PATHS[format];
  const text =
    typeof body === "string"
      ? body
      : JSON.stringify(inPath ? body : { model, ...(stream ? { stream } : {}), ...body });
  return fetch(gateway.url + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      ...headers,
    },
    body: text,
    // A stream that never ends is a finding, not a wait.
    signal: AbortSignal.timeout(30_000),
  });
}

/** Whether a body is an error as the format's API tells it. */
export function isErrorOf(format: Format, text: string): boolean {
  const { type, error } = JSON.parse(text) as { type?: unknown; error?: Record<string, unknown> };
  if (typeof error?.message !== "string" || error.message === "") return false;
  switch (format) {
    case "anthropic-messages":
      return type === "error" && typeof error.type === "string";
    case "gemini":
      return typeof error.code === "number" && typeof error.status === "string";
    default:
      return typeof error.type === "string" && "code" in error;
  }
}
