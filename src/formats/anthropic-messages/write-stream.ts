import type { NativePart } from "../../exchange/parts.ts";
import { isRecord } from "../../exchange/read.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { mergeUsage, type Usage } from "../../exchange/usage.ts";
import type { AnswerContext, StreamWriter } from "../codec.ts";
import { writeCitation } from "./citations.ts";
import { writeError } from "./errors.ts";
import { ownMembers } from "./extensions.ts";
import { signatureOf } from "./reasoning-blocks.ts";
import { stopReasonOf } from "./stop-reason.ts";
import { usageOfMessage, writeUsage } from "./usage.ts";
import { FORMAT } from "./wire.ts";
import { messageId } from "./write-response.ts";

export const keepAlive = 'event: ping\ndata: {"type": "ping"}\n\n';

export function createStreamWriter(context: AnswerContext): StreamWriter {
  return new AnthropicStreamWriter(context);
}

type Finish = Extract<StreamEvent, { type: "finish" }>;

class AnthropicStreamWriter implements StreamWriter {
  readonly #context: AnswerContext;
  /** The open part, and whether its block has begun on the wire. */
  #part: PartStart | null = null;
  #begun = false;
  #sealed = false;
  /** Whether a signed text has ended whose block is kept open for words that go on, as `joinedTexts` says. */
  #lingers = false;
  /** Of the block that is open, or comes next. */
  #index = 0;
  readonly #held = { calls: false, refusal: false };
  #usage: Usage | undefined;
  #finish: Finish | null = null;
  #ended = false;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: StreamEvent): string {
    if (this.#ended) return "";
    if ("choice" in event && event.choice !== 0) {
      this.#context.losses.add("choices: all but the first");
      return "";
    }
    return this.#release(event) + this.#write(event);
  }

  #write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        return this.#start(event);
      case "part-start":
        return this.#partStart(event.part);
      case "delta":
        return this.#begin() + this.#delta(event.text);
      case "citation":
        return (
          this.#begin() +
          this.#deltaEvent({ type: "citations_delta", citation: writeCitation(event.citation) })
        );
      case "seal":
        return this.#seal(signatureOf(event.seal));
      case "part-end":
        return this.#partEnd();
      case "part":
        return this.#whole(event.part);
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return "";
      case "finish":
        this.#finish = event;
        return "";
      case "end":
        this.#ended = true;
        return this.#end(event);
      case "error":
        this.#ended = true;
        return sse("error", writeError(event.error));
    }
  }

  #start(event: Extract<StreamEvent, { type: "start" }>): string {
    return sse("message_start", {
      type: "message_start",
      message: {
        id: messageId(event.id, this.#context),
        type: "message",
        role: "assistant",
        model: this.#context.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        ...ownMembers(event.extensions),
        usage: usageOfMessage(this.#usage, event.serviceTier, undefined),
      },
    });
  }

  /** A text's block begins with its first words: the API has no empty ones. Redacted thoughts come with their seal. */
  #partStart(part: PartStart): string {
    this.#part = part;
    this.#begun = this.#lingers;
    this.#lingers = false;
    this.#sealed = false;
    if (part.kind === "tool-call") this.#held.calls = true;
    if (part.kind === "refusal") this.#held.refusal = true;
    const later =
      part.kind === "text" || part.kind === "refusal" || (part.kind === "reasoning" && part.redacted);
    return later === true ? "" : this.#begin();
  }

  /** Ends the block that was kept open, unless the event goes on in it. */
  #release(event: StreamEvent): string {
    if (!this.#lingers || event.type === "usage") return "";
    if (event.type === "part-start" && event.part.kind === "text") return "";
    this.#lingers = false;
    return this.#blockStop();
  }

  #begin(): string {
    if (this.#begun || this.#part === null) return "";
    this.#begun = true;
    return this.#blockStart(blockOf(this.#part));
  }

  #delta(text: string): string {
    switch (this.#part?.kind) {
      case "tool-call":
        return this.#deltaText("input_json_delta", "partial_json", text);
      case "reasoning":
        return this.#part.redacted === true ? "" : this.#deltaText("thinking_delta", "thinking", text);
      case undefined:
        return "";
      default:
        return this.#deltaText("text_delta", "text", text);
    }
  }

  #seal(signature: string): string {
    if (this.#sealed) return "";
    this.#sealed = true;
    if (this.#part?.kind !== "reasoning") return "";
    if (this.#part.redacted !== true) return this.#deltaText("signature_delta", "signature", signature);
    this.#begun = true;
    return this.#blockStart({
      type: "redacted_thinking",
      data: signature,
      ...ownMembers(this.#part.extensions),
    });
  }

  #partEnd(): string {
    if (this.#part === null) return "";
    const seal = this.#part.kind === "reasoning" ? this.#seal(signatureOf(undefined)) : "";
    this.#lingers = this.#part.kind === "text" && this.#begun && this.#sealed;
    this.#part = null;
    if (this.#lingers) return "";
    return this.#begun ? seal + this.#blockStop() : "";
  }

  #whole(part: Extract<StreamEvent, { type: "part" }>["part"]): string {
    if (part.kind === "native" && part.format === FORMAT) return this.#native(part);
    this.#context.losses.add(part.kind === "native" ? part.type : part.media);
    return "";
  }

  /** A hosted tool's use has its input in deltas, as the API tells it; all else stands in the block's start. */
  #native({ type, value }: NativePart): string {
    if (!type.endsWith("_tool_use") || !isRecord(value) || !isRecord(value.input))
      return this.#blockStart(value) + this.#blockStop();
    return (
      this.#blockStart({ ...value, input: {} }) +
      this.#deltaText("input_json_delta", "partial_json", JSON.stringify(value.input)) +
      this.#blockStop()
    );
  }

  #end(event: Extract<StreamEvent, { type: "end" }>): string {
    const { usage: usageRest } = ownMembers(event.extensions);
    const delta = {
      stop_reason: stopReasonOf(this.#finish?.reason ?? "other", this.#held),
      stop_sequence: this.#finish?.stopSequence ?? null,
      stop_details: null,
      container: null,
      ...ownMembers(this.#finish?.extensions),
    };
    const usage = writeUsage(this.#usage, usageRest);
    return (
      sse("message_delta", { type: "message_delta", delta, usage }) +
      sse("message_stop", { type: "message_stop" })
    );
  }

  #blockStart(block: unknown): string {
    return sse("content_block_start", {
      type: "content_block_start",
      index: this.#index,
      content_block: block,
    });
  }

  #blockStop(): string {
    return sse("content_block_stop", { type: "content_block_stop", index: this.#index++ });
  }

  #deltaEvent(delta: object): string {
    return sse("content_block_delta", { type: "content_block_delta", index: this.#index, delta });
  }

  /** Nearly all that is ever written; put together by hand, for an object a word would cost more. */
  #deltaText(type: string, key: string, text: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"${type}","${key}":${JSON.stringify(text)}}}\n\n`;
  }
}

/** The block that a part begins, still empty. */
function blockOf(part: PartStart): object {
  const own = ownMembers(part.extensions);
  switch (part.kind) {
    case "tool-call":
      return {
        type: "tool_use",
        id: part.id,
        name: part.name,
        input: {},
        caller: { type: "direct" },
        ...own,
      };
    case "reasoning":
      return { type: "thinking", thinking: "", signature: "", ...own };
    case "text":
      return { type: "text", text: "", citations: null, ...own };
    case "refusal":
      return { type: "text", text: "", citations: null };
  }
}

function sse(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
