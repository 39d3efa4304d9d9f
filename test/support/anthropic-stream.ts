import type { SseEvent } from "../../src/lib/sse.ts";
import { Findings, STOP_REASONS } from "./anthropic-message.ts";

/** The kinds of delta that a block of a type takes; other types are not checked. */
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ["text_delta", "citations_delta"],
  thinking: ["thinking_delta", "signature_delta"],
  redacted_thinking: [],
  tool_use: ["input_json_delta"],
  server_tool_use: ["input_json_delta"],
};

/** The member that a kind of delta carries, and its type. */
const CARRIES: Readonly<Record<string, readonly [key: string, type: string]>> = {
  text_delta: ["text", "string"],
  citations_delta: ["citation", "object"],
  thinking_delta: ["thinking", "string"],
  signature_delta: ["signature", "string"],
  input_json_delta: ["partial_json", "string"],
};

/**
 * What is wrong with a stream of the Messages API, as `events[3]: …`; empty where nothing is. The rules are those of
 * "Streaming messages" in Anthropic's documentation and of the SDK's types: `message_start` first; blocks one after the
 * other, numbered from 0 without gaps, each with its start, deltas of its own kind and stop; a thinking block's signature
 * last; then `message_delta` with the stop reason and `message_stop`. Pings may stand anywhere, an error event may end it
 * at any point. `strict` asks for every member of the SDK's types, also those that recordings are older than.
 */
export function validateStream(events: readonly SseEvent[], strict = true): string[] {
  const order = new Order(strict);
  for (const [index, event] of events.entries()) order.take(event, `events[${index}]`);
  order.end();
  return order.findings.list;
}

interface OpenBlock {
  readonly type: string;
  json: string;
  signed: boolean;
}

class Order {
  readonly findings: Findings;
  #state: "before" | "inside" | "stopping" | "ended" = "before";
  #blocks = 0;
  #open: OpenBlock | null = null;
  #calls = 0;
  #stopReason: unknown;

  constructor(strict: boolean) {
    this.findings = new Findings(strict);
  }

  take({ event: name, data }: SseEvent, where: string): void {
    if (name === null && data === "") return; // A comment.
    const event = this.#parse(data, where);
    if (event === null) return;
    const type = event.type;
    if (name !== type) this.findings.add(where, `is named ${name} and has type ${type}`);
    if (this.#state === "ended") this.findings.add(where, `${type} after the end`);
    switch (type) {
      case "ping":
        return;
      case "error":
        this.#error(event, where);
        return;
      case "message_start":
        this.#start(event, where);
        return;
      case "content_block_start":
        this.#blockStart(event, where);
        return;
      case "content_block_delta":
        this.#delta(event, where);
        return;
      case "content_block_stop":
        this.#blockStop(event, where);
        return;
      case "message_delta":
        this.#messageDelta(event, where);
        return;
      case "message_stop":
        if (this.#state !== "stopping") this.findings.add(where, "message_stop without message_delta");
        this.#state = "ended";
        return;
      default:
        this.findings.add(where, `has the unknown type ${type}`);
    }
  }

  end(): void {
    if (this.#state !== "ended") this.findings.add("end", "neither message_stop nor an error came");
  }

  #parse(data: string, where: string): Record<string, unknown> | null {
    try {
      const event: unknown = JSON.parse(data);
      if (typeof event === "object" && event !== null) return event as Record<string, unknown>;
    } catch (error) {
      this.findings.add(where, String(error));
      return null;
    }
    this.findings.add(where, "is no object");
    return null;
  }

  #start(event: Record<string, unknown>, where: string): void {
    if (this.#state !== "before") this.findings.add(where, "a second message_start");
    this.#state = "inside";
    this.findings.message(event.message, `${where}.message`);
    const message = event.message as Record<string, unknown> | undefined;
    if (message?.stop_reason !== null) this.findings.add(where, "stop_reason is not null");
    if ((message?.content as unknown[] | undefined)?.length !== 0)
      this.findings.add(where, "content is not empty");
  }

  #blockStart(event: Record<string, unknown>, where: string): void {
    if (this.#state !== "inside") this.findings.add(where, `content_block_start ${this.#state} the message`);
    if (this.#open !== null) this.findings.add(where, "a block begins inside another");
    if (event.index !== this.#blocks)
      this.findings.add(where, `index is ${event.index}, not ${this.#blocks}`);
    const type = this.findings.block(event.content_block, `${where}.content_block`) ?? "";
    if (type === "tool_use") this.#calls++;
    this.#open = { type, json: "", signed: false };
  }

  #delta(event: Record<string, unknown>, where: string): void {
    const open = this.#open;
    if (open === null) {
      this.findings.add(where, "a delta outside of a block");
      return;
    }
    if (event.index !== this.#blocks)
      this.findings.add(where, `index is ${event.index}, not ${this.#blocks}`);
    const delta = (event.delta ?? {}) as Record<string, unknown>;
    const type = String(delta.type);
    if (DELTAS[open.type]?.includes(type) === false)
      this.findings.add(where, `${type} in a block of type ${open.type}`);
    const carries = CARRIES[type];
    if (carries !== undefined && typeof delta[carries[0]] !== carries[1])
      this.findings.add(`${where}.delta.${carries[0]}`, `is no ${carries[1]}`);
    if (open.signed) this.findings.add(where, `${type} after the signature`);
    if (type === "signature_delta") open.signed = true;
    if (type === "input_json_delta") open.json += String(delta.partial_json);
  }

  #blockStop(event: Record<string, unknown>, where: string): void {
    const open = this.#open;
    if (open === null) {
      this.findings.add(where, "content_block_stop without a start");
      return;
    }
    if (event.index !== this.#blocks)
      this.findings.add(where, `index is ${event.index}, not ${this.#blocks}`);
    if (open.type === "thinking" && !open.signed && this.findings.strict)
      this.findings.add(where, "thinking without a signature");
    if (open.json !== "" && !isObjectText(open.json)) this.findings.add(where, "the input is no JSON object");
    this.#open = null;
    this.#blocks++;
  }

  #messageDelta(event: Record<string, unknown>, where: string): void {
    if (this.#state === "before") this.findings.add(where, "message_delta before message_start");
    if (this.#open !== null) this.findings.add(where, "message_delta inside a block");
    this.#state = "stopping";
    this.findings.deltaOfMessage(event, where);
    const delta = event.delta as Record<string, unknown> | undefined;
    this.#stopReason = delta?.stop_reason ?? this.#stopReason;
    if (!STOP_REASONS.has(this.#stopReason)) this.findings.add(where, `stop_reason is ${this.#stopReason}`);
    if (this.#stopReason === "tool_use" && this.#calls === 0)
      this.findings.add(where, "stop_reason is tool_use, and no tool was called");
  }

  #error(event: Record<string, unknown>, where: string): void {
    const error = event.error as Record<string, unknown> | undefined;
    if (typeof error?.type !== "string" || typeof error.message !== "string")
      this.findings.add(where, "error without type or message");
    this.#state = "ended";
  }
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
