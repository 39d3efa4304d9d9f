import type { FaultUpstream } from "./fault-upstream.ts";
import { json } from "./faults.ts";

const CHAT = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Done." } }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
};
const RESPONSE = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  model: "m",
  output: [
    {
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Done.", annotations: [] }],
    },
  ],
  usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
};
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "Done." }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 },
};
const CONTENT = {
  candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts: [{ text: "Done." }] } }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: "m",
};

/** Providers `openai`, `anthropic` and `gemini` at an upstream that answers every call with "Done." and keeps what it got. */
export function plainProviders(upstream: FaultUpstream): Record<string, unknown> {
  const openai = upstream.script("openai", (exchange) =>
    json(exchange.target.includes("/responses") ? RESPONSE : CHAT)(exchange),
  );
  const anthropic = upstream.script("anthropic", json(MESSAGE));
  const gemini = upstream.script("gemini", json(CONTENT));
  return {
    openai: { base_url: `${openai}/v1`, api_key: "upstream-key" },
    anthropic: { base_url: `${anthropic}/v1`, api_key: "upstream-key" },
    gemini: { base_url: `${gemini}/v1beta`, api_key: "upstream-key" },
  };
}

/** The parsed body of the last request that a script got. */
export async function lastBody(upstream: FaultUpstream, name: string): Promise<Record<string, unknown>> {
  const exchange = upstream.received(name).at(-1);
  if (exchange === undefined) throw new Error(`nothing came for ${name}`);
  return JSON.parse(Buffer.from(await exchange.body).toString("utf8"));
}
