import type { StreamEvent } from "../../exchange/stream.ts";
import { mergeUsage, type Usage } from "../../exchange/usage.ts";
import type { AnswerContext, StreamWriter } from "../codec.ts";
import { writeStreamError } from "./errors.ts";
import { ownMembers } from "./own.ts";
import { tierOf } from "./tiers.ts";
import { ChoiceWriter } from "./write-choice.ts";
import { answerId, mergedUsage } from "./write-response.ts";

const DONE = "data: [DONE]\n\n";

export function createStreamWriter(context: AnswerContext): StreamWriter {
  return new ChatStreamWriter(context);
}

/** Writes chunks as OpenAI does: the role first, usage alone in the last one, and only where it was asked for. */
class ChatStreamWriter implements StreamWriter {
  readonly #context: AnswerContext;
  readonly #choices = new Map<number, ChoiceWriter>();
  /** What every chunk begins and ends with. */
  #before = "";
  #after = "";
  #usage: Usage | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        this.#start(event);
        return "";
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return "";
      case "end":
        return this.#end(event);
      case "error":
        return writeStreamError(event.error) + DONE;
      default:
        return this.#choice(event.choice).write(event);
    }
  }

  #start(event: Extract<StreamEvent, { type: "start" }>): void {
    const { usage: _usage, ...own } = ownMembers(event) ?? {};
    const tier = tierOf(event.serviceTier);
    const head = {
      id: answerId(event.id, this.#context),
      object: "chat.completion.chunk",
      created: event.createdAt ?? this.#context.now(),
      model: this.#context.model,
      ...(tier === undefined ? {} : { service_tier: tier }),
      ...own,
    };
    this.#before = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`;
    this.#after = this.#context.request.streamUsage ? `],"usage":null}\n\n` : "]}\n\n";
  }

  #choice(index: number): ChoiceWriter {
    let writer = this.#choices.get(index);
    if (writer === undefined) {
      writer = new ChoiceWriter(index, this.#context, this.#before, this.#after);
      this.#choices.set(index, writer);
    }
    return writer;
  }

  #end(event: Extract<StreamEvent, { type: "end" }>): string {
    if (!this.#context.request.streamUsage || this.#usage === undefined) return DONE;
    const usage = mergedUsage(this.#usage, ownMembers(event)?.usage);
    // The tier may be known at the end only; of a member that is told twice the last counts.
    const tier = tierOf(event.serviceTier);
    const told = tier === undefined ? "" : `,"service_tier":${JSON.stringify(tier)}`;
    return `${this.#before}],"usage":${JSON.stringify(usage)}${told}}\n\n${DONE}`;
  }
}
