import type { Extensions } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, numberOf, recordOf, stringOf } from "../../exchange/read.ts";
import { answerPart, citationOf, identified, messageMembers } from "./items.ts";
import { readLogprobs } from "./logprobs.ts";
import { extended } from "./own.ts";
import { PartTeller } from "./part-teller.ts";
import { withoutStatus } from "./read-response.ts";

type Kind = "text" | "refusal";

/** Reads a message's events. A part begins with its first words, and an empty one when it is told to be done. */
export class MessageReader extends PartTeller {
  readonly #item: JsonObject;
  /** Index of the part that is open, or was last; -1 before the first. */
  #index = -1;
  #open: Kind | null = null;

  constructor(item: JsonObject) {
    super();
    this.#item = item;
  }

  get id(): string | undefined {
    return stringOf(this.#item.id);
  }

  take(type: string, event: JsonObject): void {
    const index = numberOf(event.content_index) ?? Math.max(this.#index, 0);
    switch (type) {
      case "response.output_text.delta":
        this.#say("text", index, stringOf(event.delta), event);
        return;
      case "response.refusal.delta":
        this.#say("refusal", index, stringOf(event.delta), event);
        return;
      case "response.output_text.done":
        this.#complete("text", index, event);
        return;
      case "response.refusal.done":
        this.#complete("refusal", index, event);
        return;
      case "response.output_text.annotation.added":
        if (this.#open === "text" && index === this.#index) this.cite(citationOf(event.annotation));
        return;
      case "response.content_part.done":
        this.#completePart(recordOf(event.part), index);
        return;
      case "response.output_item.done":
        this.#finish(recordOf(event.item) ?? {});
    }
  }

  close(): void {
    this.#end(undefined);
    this.done = true;
  }

  #say(kind: Kind, index: number, text: string | undefined, event: JsonObject): void {
    if (text === undefined || text === "" || !this.#opens(kind, index)) return;
    this.deltaOf(text, readLogprobs(event.logprobs));
  }

  #complete(kind: Kind, index: number, part: JsonObject): void {
    const whole = stringOf(kind === "text" ? part.text : part.refusal);
    if (whole !== undefined && this.#opens(kind, index)) this.restOf(whole);
  }

  #completePart(part: JsonObject | undefined, index: number): void {
    if (part === undefined) return;
    this.#complete(part.type === "refusal" ? "refusal" : "text", index, part);
    if (this.#open === "text" && index === this.#index)
      this.restOfCitations(arrayOf(part.annotations).map(citationOf));
  }

  /** Makes the part the open one; false for one that has ended already. */
  #opens(kind: Kind, index: number): boolean {
    if (index < this.#index || (index === this.#index && this.#open !== kind)) return false;
    if (index === this.#index) return true;
    this.#end(undefined);
    this.#index = index;
    this.#open = kind;
    const own = messageMembers(this.#item);
    const extensions = extended(own === undefined ? undefined : { item: own });
    this.startPart({ kind, ...identified(this.#item), ...extensions });
    return true;
  }

  #finish(item: JsonObject): void {
    const own = messageMembers(withoutStatus(item));
    let extensions: Extensions | undefined;
    for (const [index, value] of arrayOf(item.content).filter(isRecord).entries()) {
      const part = answerPart(value, item, own);
      if (part.kind === "native") {
        this.#end(undefined);
        this.#index = index;
        this.wholePart(part);
        continue;
      }
      this.#completePart(value, index);
      extensions = part.extensions;
    }
    this.#end(extensions);
    this.done = true;
  }

  #end(extensions: Extensions | undefined): void {
    if (this.#open !== null) this.endPart(extensions);
    this.#open = null;
  }
}
