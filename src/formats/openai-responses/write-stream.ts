import type { Losses } from "../../exchange/losses.ts";
import type { Seal } from "../../exchange/parts.ts";
import { recordOf } from "../../exchange/read.ts";
import { writeSeal } from "../../exchange/seals.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import { mergeUsage, type Usage } from "../../exchange/usage.ts";
import type { AnswerContext, StreamWriter } from "../codec.ts";
import { errorEvent, errorFields } from "./errors.ts";
import { ItemIds } from "./item-ids.ts";
import { type OpenPart, partWriter } from "./open-part.ts";
import { ownMembers } from "./own.ts";
import { beginResponse, tierOf, toldOver } from "./response-object.ts";
import { knownCall } from "./tool-search.ts";
import { writeUsage } from "./usage.ts";
import { FORMAT, type ItemStatus, type OutputItem, type ReasoningItem, type ResponseObject } from "./wire.ts";
import { beginItem, continues, ended, wholeItem } from "./write-output.ts";
import { endOf } from "./write-response.ts";

interface OpenItem {
  readonly item: OutputItem;
  /** The part that it was begun or gone on with last. */
  part: PartStart;
}

/**
 * Writes an answer's events in the order that Open Responses wants: an item stays open until it is known whether it
 * goes on and how it ends, so it is told as done when the next begins or the answer is finished.
 */
export class ResponsesStreamWriter implements StreamWriter {
  readonly #context: AnswerContext;
  readonly #losses: Losses;
  readonly #output: OutputItem[] = [];
  #response: ResponseObject | null = null;
  #sequence = 0;
  #item: OpenItem | null = null;
  #part: OpenPart | null = null;
  /** Kinds of the parts so far: whether there was a refusal decides what a refusing end means. */
  readonly #kinds: { readonly kind: string }[] = [];
  #end: Pick<ResponseObject, "status" | "incomplete_details"> = {
    status: "completed",
    incomplete_details: null,
  };
  readonly #ids = new ItemIds();
  #usage: Usage | undefined;
  #ended = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#losses = context.losses;
  }

  write(event: StreamEvent): string {
    if (this.#ended) return "";
    if (event.type === "start") return this.#start(event);
    if (event.type === "usage") {
      this.#usage = mergeUsage(this.#usage, event.usage);
      return "";
    }
    if (event.type === "error") return this.#fail(event.error);
    if (event.type === "end") return this.#finish(event);
    if (event.choice !== 0) {
      this.#losses.add("answer: choices but the first");
      return "";
    }
    return this.#ofChoice(event);
  }

  #ofChoice(event: Extract<StreamEvent, { choice: number }>): string {
    switch (event.type) {
      case "part-start":
        return this.#startPart(knownCall(event.part, this.#context.request));
      case "delta":
        return this.#part?.delta(event.text, event.logprobs) ?? "";
      case "citation":
        this.#part?.cite(event.citation);
        return "";
      case "seal":
        this.#seal(event.seal);
        return "";
      case "part-end":
        return this.#endPart();
      case "part":
        return this.#wholePart(event.part);
      case "finish":
        this.#end = endOf({ finish: event.reason, ...extensionsOf(event) }, this.#kinds);
        return this.#closeItem(this.#end.status === "completed" ? "completed" : "incomplete");
    }
  }

  #start(start: Parameters<typeof beginResponse>[0]): string {
    if (this.#response !== null) return "";
    this.#response = beginResponse(start, this.#context);
    const response = this.#response;
    return this.#tell("response.created", { response }) + this.#tell("response.in_progress", { response });
  }

  #startPart(part: PartStart): string {
    let text = this.#endPart();
    this.#kinds.push(part);
    if (this.#item !== null && continues(this.#item.part, part)) this.#item.part = part;
    else {
      text += this.#closeItem("completed");
      const newId = () => this.#context.newId();
      const item = this.#ids.unique(beginItem(part, newId), newId);
      this.#item = { item, part };
      text += this.#tell("response.output_item.added", { output_index: this.#output.length, item });
    }
    const { item } = this.#item as OpenItem;
    const place = { outputIndex: this.#output.length, item, part, losses: this.#losses };
    this.#part = partWriter(place, () => this.#sequence++);
    return text + this.#part.begin();
  }

  #endPart(): string {
    const text = this.#part?.end() ?? "";
    this.#part = null;
    return text;
  }

  #seal(seal: Seal): void {
    // Other items have no place for one; a tool call's is kept by its id elsewhere.
    if (this.#item?.item.type !== "reasoning") return;
    (this.#item.item as ReasoningItem).encrypted_content = writeSeal(seal, FORMAT);
  }

  #wholePart(part: Extract<StreamEvent, { type: "part" }>["part"]): string {
    const text = this.#endPart() + this.#closeItem("completed");
    const newId = () => this.#context.newId();
    const whole = wholeItem(part, newId, this.#losses);
    if (whole === null) return text;
    const item = this.#ids.unique(whole, newId);
    const output_index = this.#output.length;
    this.#output.push(item);
    const begun =
      item.type === "image_generation_call" ? { ...item, status: "in_progress", result: null } : begin(item);
    return (
      text +
      this.#tell("response.output_item.added", { output_index, item: begun }) +
      this.#tell("response.output_item.done", { output_index, item })
    );
  }

  #closeItem(status: ItemStatus): string {
    const text = this.#endPart();
    if (this.#item === null) return text;
    const item = ended(this.#item.item, status);
    this.#item = null;
    const output_index = this.#output.length;
    this.#output.push(item);
    return text + this.#tell("response.output_item.done", { output_index, item });
  }

  #finish(event: Extract<StreamEvent, { type: "end" }>): string {
    const text = this.#begun() + this.#closeItem("completed");
    const { usage, completed_at, ...own } = ownMembers(event);
    const isComplete = this.#end.status === "completed";
    const tier = event.serviceTier === undefined ? {} : { service_tier: tierOf(event.serviceTier) };
    const response = {
      ...toldOver(this.#response ?? {}, own),
      ...tier,
      ...this.#end,
      completed_at: isComplete ? (completed_at ?? this.#context.now()) : null,
      output: this.#output,
      usage: this.#usage === undefined ? null : writeUsage(this.#usage, recordOf(usage) ?? {}),
    };
    return text + this.#tell(`response.${this.#end.status}`, { response }) + this.#done();
  }

  /** A whole protocol all the same: what was open is incomplete, the error is told, and the response has failed. */
  #fail(error: ToldError): string {
    const fields = errorFields(error);
    const text = this.#begun() + this.#closeItem("incomplete");
    const response = {
      ...this.#response,
      status: "failed",
      error: { code: fields.code, message: fields.message },
      output: this.#output,
      usage: this.#usage === undefined ? null : writeUsage(this.#usage, {}),
    };
    const { type, ...members } = errorEvent(fields);
    return text + this.#tell(type, members) + this.#tell("response.failed", { response }) + this.#done();
  }

  /** Where an end comes before any beginning, the beginning is told first. */
  #begun(): string {
    return this.#response === null ? this.#start({ id: "" }) : "";
  }

  #done(): string {
    this.#ended = true;
    return "data: [DONE]\n\n";
  }

  #tell(type: string, members: object): string {
    const data = JSON.stringify({ type, ...members, sequence_number: this.#sequence++ });
    return `event: ${type}\ndata: ${data}\n\n`;
  }
}

const extensionsOf = ({ extensions }: Pick<Extract<StreamEvent, { type: "finish" }>, "extensions">) =>
  extensions === undefined ? {} : { extensions };

/** A hosted tool's item as it begins; all but its status is told at once. */
function begin(item: OutputItem): object {
  return "status" in item ? { ...item, status: "in_progress" } : item;
}
