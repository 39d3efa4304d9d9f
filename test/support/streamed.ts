import type { Format } from "../../src/exchange/formats.ts";
import { eventsOf } from "./protocol.ts";

/** What a stream said, read without the gateway's own code. */
export interface Streamed {
  readonly text: string;
  /** Names of the functions that it calls. */
  readonly calls: readonly string[];
}

type Json = Record<string, unknown>;

/** Reads a client's stream as far as its text and the names of its calls. */
export function readStreamed(format: Format, body: string): Streamed {
  const events = eventsOf(body).flatMap(({ data }) =>
    data.startsWith("{") ? [JSON.parse(data) as Json] : [],
  );
  const pieces = events.map((event) => READERS[format](event));
  return {
    text: pieces.map(({ text }) => text ?? "").join(""),
    calls: pieces.flatMap(({ calls }) => calls ?? []),
  };
}

interface Piece {
  readonly text?: string;
  readonly calls?: string[];
}

const READERS: Readonly<Record<Format, (event: Json) => Piece>> = {
  "openai-chat"(event) {
    const delta = (event.choices as { delta?: Json }[] | undefined)?.[0]?.delta;
    const calls = (delta?.tool_calls as { function?: { name?: string } }[] | undefined) ?? [];
    return {
      text: typeof delta?.content === "string" ? delta.content : "",
      calls: calls.flatMap(({ function: called }) => (called?.name ? [called.name] : [])),
    };
  },
  "openai-responses"(event) {
    if (event.type === "response.output_text.delta") return { text: event.delta as string };
    const item = event.item as { type?: string; name?: string } | undefined;
    return event.type === "response.output_item.done" && item?.type === "function_call"
      ? { calls: [item.name!] }
      : {};
  },
  "anthropic-messages"(event) {
    const delta = event.delta as { type?: string; text?: string } | undefined;
    if (delta?.type === "text_delta") return { text: delta.text! };
    const block = event.content_block as { type?: string; name?: string } | undefined;
    return block?.type === "tool_use" ? { calls: [block.name!] } : {};
  },
  gemini(event) {
    const candidates = event.candidates as { content?: { parts?: Json[] } }[] | undefined;
    const parts = candidates?.[0]?.content?.parts ?? [];
    return {
      text: parts
        .map((part) => (part.thought === true ? "" : ((part.text as string | undefined) ?? "")))
        .join(""),
      calls: parts.flatMap(({ functionCall }) =>
        functionCall === undefined ? [] : [(functionCall as { name: string }).name],
      ),
    };
  },
};
