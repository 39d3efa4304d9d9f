import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { mergeUsage, type Usage } from "../../exchange/usage.ts";
import type { AnswerContext, ClientCodec, StreamWriter } from "../codec.ts";
import { writeUsage } from "../openai-usage.ts";
import { writeFinish, writeHead, writeLogprobs } from "./write-response.ts";

interface OpenChoice {
  kind: PartStart["kind"] | null;
  /** How much text was told. */
  length: number;
}

/** Writes the pieces of a completion. Errors are told as `chat` tells them. */
export class CompletionsStreamWriter implements StreamWriter {
  readonly #context: AnswerContext;
  readonly #chat: ClientCodec;
  readonly #choices = new Map<number, OpenChoice>();
  /** What every piece begins and ends with. */
  #before = "";
  #after = "";
  #usage: Usage | undefined;

  constructor(context: AnswerContext, chat: ClientCodec) {
    this.#context = context;
    this.#chat = chat;
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        this.#before = `data: ${JSON.stringify(writeHead(event, this.#context)).slice(0, -1)},"choices":[`;
        this.#after = this.#context.request.streamUsage ? `],"usage":null}\n\n` : "]}\n\n";
        return "";
      case "part-start":
        this.#begin(this.#choice(event.choice), event.part.kind);
        return "";
      case "delta":
        return this.#piece(this.#choice(event.choice), event);
      case "part":
        this.#context.losses.add(`answer: ${event.part.kind}`);
        return "";
      case "finish":
        return this.#chunk(event.choice, "", null, writeFinish(event.reason));
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return "";
      case "end":
        return this.#end();
      case "error":
        return this.#chat.createStreamWriter(this.#context).write(event);
      default:
        return "";
    }
  }

  #choice(index: number): OpenChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { kind: null, length: 0 };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #begin(choice: OpenChoice, kind: PartStart["kind"]): void {
    choice.kind = kind;
    if (kind !== "text" && kind !== "refusal") this.#context.losses.add(`answer: ${kind}`);
  }

  #piece(choice: OpenChoice, event: Extract<StreamEvent, { type: "delta" }>): string {
    if (choice.kind !== "text" && choice.kind !== "refusal") return "";
    const logprobs = writeLogprobs(event.logprobs, choice.length);
    choice.length += event.text.length;
    return this.#chunk(event.choice, event.text, logprobs, null);
  }

  #chunk(index: number, text: string, logprobs: object | null, finish: string | null): string {
    return `${this.#before}${JSON.stringify({ text, index, logprobs, finish_reason: finish })}${this.#after}`;
  }

  #end(): string {
    const done = "data: [DONE]\n\n";
    if (!this.#context.request.streamUsage || this.#usage === undefined) return done;
    return `${this.#before}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n${done}`;
  }
}
