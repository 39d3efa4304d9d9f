/** The streams of the four API formats that the mock provider sends: what comes first, a text event, what comes last. */
export interface StreamShape {
  /** Goes out with the first text event. */
  readonly first: string;
  readonly text: string;
  readonly last: string;
}

export const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
export type Format = (typeof FORMATS)[number];

const TEXT = "hello world";
const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const event = (value: { type: string; [member: string]: unknown }) => `event: ${value.type}\n${data(value)}`;

const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
const chatDelta = (delta: object, finish_reason: string | null) =>
  data({ ...chunk, choices: [{ index: 0, delta, finish_reason }] });
export const CHAT_USAGE = data({
  ...chunk,
  choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 },
});
export const CHAT_END = "data: [DONE]\n\n";

const responses = (): StreamShape => {
  const usage = {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 100,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 110,
  };
  const response = { id: "resp_1", object: "response", created_at: 1, model: "m", output: [], usage: null };
  const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
  const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] };
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const done = { ...item, status: "completed", content: [{ ...part, text: TEXT }] };
  const created = { ...response, status: "in_progress" };
  return {
    first: [
      { type: "response.created", sequence_number: 0, response: created },
      { type: "response.in_progress", sequence_number: 1, response: created },
      { type: "response.output_item.added", sequence_number: 2, output_index: 0, item },
      { type: "response.content_part.added", sequence_number: 3, ...place, part },
    ]
      .map(event)
      .join(""),
    text: event({
      type: "response.output_text.delta",
      sequence_number: 4,
      ...place,
      delta: TEXT,
      logprobs: [],
    }),
    last: [
      { type: "response.output_text.done", sequence_number: 5, ...place, text: TEXT, logprobs: [] },
      { type: "response.content_part.done", sequence_number: 6, ...place, part: { ...part, text: TEXT } },
      { type: "response.output_item.done", sequence_number: 7, output_index: 0, item: done },
      {
        type: "response.completed",
        sequence_number: 8,
        response: { ...response, status: "completed", output: [done], usage },
      },
    ]
      .map(event)
      .join(""),
  };
};

const anthropic = (): StreamShape => {
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 1 },
  };
  return {
    first:
      event({ type: "message_start", message }) +
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    text: event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: TEXT } }),
    last:
      event({ type: "content_block_stop", index: 0 }) +
      event({
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: 100 },
      }) +
      event({ type: "message_stop" }),
  };
};

const gemini = (): StreamShape => {
  const part = (text: string, more: object) =>
    data({
      candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, ...more }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 100, totalTokenCount: 110 },
      modelVersion: "m",
      responseId: "r1",
    });
  return { first: "", text: part(TEXT, {}), last: part("", { finishReason: "STOP" }) };
};

export const SHAPES: Readonly<Record<Format, StreamShape>> = {
  "openai-chat": {
    first: "",
    text: chatDelta({ role: "assistant", content: TEXT }, null),
    last: chatDelta({}, "stop"),
  },
  "openai-responses": responses(),
  "anthropic-messages": anthropic(),
  gemini: gemini(),
};

/** The format of a call by its path. */
export function formatOfPath(path: string): Format {
  if (path.includes("/responses")) return "openai-responses";
  if (path.includes("/messages")) return "anthropic-messages";
  return path.includes("generateContent") || path.includes("GenerateContent") ? "gemini" : "openai-chat";
}
