import type { Format } from "../../src/exchange/formats.ts";
import { parseEvent, type SseEvent } from "../../src/lib/sse.ts";
import { validateMessage } from "./anthropic-message.ts";
import { validateStream as validateAnthropic } from "./anthropic-stream.ts";
import { validateStream as validateChat } from "./chat-stream.ts";
import { validateResponse as validateContent, validateStream as validateGemini } from "./gemini-stream.ts";
import { validateResponse, validateStream as validateResponses } from "./open-responses.ts";

export interface Answered {
  /** The body, whole. */
  readonly text: string;
  readonly stream: boolean;
  /** Whether a stream is to end in an error. */
  readonly error?: boolean;
  /** Whether a Chat stream was asked for its usage. */
  readonly includeUsage?: boolean;
}

/** Every breach of its format's protocol in an answer of status 200; none for one that keeps to it. */
export function breaches(format: Format, answer: Answered): string[] {
  if (!answer.stream) return wholeBreaches(format, JSON.parse(answer.text));
  const events = eventsOf(answer.text);
  switch (format) {
    case "openai-chat":
      return validateChat(events, answer);
    case "openai-responses":
      return validateResponses(events);
    case "anthropic-messages":
      return validateAnthropic(events);
    case "gemini":
      return validateGemini(events, answer);
  }
}

function wholeBreaches(format: Format, body: unknown): string[] {
  switch (format) {
    case "openai-chat":
      return chatBreaches(body as Record<string, unknown>);
    case "openai-responses":
      return validateResponse(body);
    case "anthropic-messages":
      return validateMessage(body);
    case "gemini":
      return validateContent(body);
  }
}

/** A whole Chat answer, by the members that its SDK's type requires. */
function chatBreaches(body: Record<string, unknown>): string[] {
  const found: string[] = [];
  const want = (what: string, holds: boolean) => {
    if (!holds) found.push(what);
  };
  want("id is no text", typeof body.id === "string" && body.id !== "");
  want("object is not chat.completion", body.object === "chat.completion");
  want("created is no whole number", Number.isInteger(body.created));
  want("model is no text", typeof body.model === "string");
  const choices = Array.isArray(body.choices) ? (body.choices as Record<string, unknown>[]) : [];
  want("there are no choices", choices.length > 0);
  for (const [place, choice] of choices.entries()) {
    const message = choice.message as Record<string, unknown> | undefined;
    want(`choices[${place}].index is not ${place}`, choice.index === place);
    want(`choices[${place}] has no finish_reason`, typeof choice.finish_reason === "string");
    want(`choices[${place}].message is not the assistant's`, message?.role === "assistant");
    want(`choices[${place}].message has no content`, message?.content !== undefined);
  }
  return found;
}

/** Whether a stream tells of an error. */
export function tellsError(text: string): boolean {
  return eventsOf(text).some(({ data }) => {
    if (!data.startsWith("{")) return false;
    const { type, error } = JSON.parse(data) as { type?: unknown; error?: unknown };
    return (error !== undefined && error !== null) || type === "error" || type === "response.failed";
  });
}

/** What is not the gateway's to mend, by the words in which the validators tell of it. */
const NOT_OURS = [
  // Arguments are passed on as the model wrote them. One that was cut off leaves them broken, and so does a provider
  // that loses a piece; every client has to reckon with that.
  "the input is no JSON object",
  "its arguments are no JSON object",
  // Counts that the provider did not tell.
  "the last chunk has no usageMetadata",
];

/** The breaches without those that are the model's or the provider's own. */
export function ofProtocol(found: readonly string[]): string[] {
  return found.filter((breach) => !NOT_OURS.some((words) => breach.endsWith(words)));
}

/** The events of a stream, comments left out. */
export function eventsOf(text: string): SseEvent[] {
  return text
    .split(/\r?\n\r?\n/)
    .map(parseEvent)
    .filter(({ event, data }) => event !== null || data !== "");
}
