import { arrayOf, isRecord, type JsonObject, numberOf, recordOf, stringOf } from "../../exchange/read.ts";
import { readSeal } from "../../exchange/seals.ts";
import { startOfThought } from "./items.ts";
import { PartTeller } from "./part-teller.ts";
import { withoutStatus } from "./read-response.ts";
import { FORMAT } from "./wire.ts";

/** Where a text stands: in the summary, or in the content, which are the thoughts themselves. */
type Place = "summary" | "content";

/**
 * Reads a reasoning item's events. The last part stays open until the item is done, for then comes its seal; where it
 * has no text at all, one part without any stands for it.
 */
export class ReasoningReader extends PartTeller {
  readonly #item: JsonObject;
  readonly #seen = new Set<string>();
  #open: string | null = null;

  constructor(item: JsonObject) {
    super();
    this.#item = item;
  }

  get id(): string | undefined {
    return stringOf(this.#item.id);
  }

  take(type: string, event: JsonObject): void {
    switch (type) {
      case "response.reasoning_summary_text.delta":
        this.#say("summary", event.summary_index, stringOf(event.delta));
        return;
      case "response.reasoning_text.delta":
      case "response.reasoning.delta":
        this.#say("content", event.content_index, stringOf(event.delta));
        return;
      case "response.reasoning_summary_text.done":
        this.#complete("summary", event.summary_index, event.text);
        return;
      case "response.reasoning_text.done":
      case "response.reasoning.done":
        this.#complete("content", event.content_index, event.text);
        return;
      case "response.reasoning_summary_part.done":
        this.#complete("summary", event.summary_index, recordOf(event.part)?.text);
        return;
      case "response.content_part.done":
        this.#complete("content", event.content_index, recordOf(event.part)?.text);
        return;
      case "response.output_item.done":
        this.#finish(recordOf(event.item) ?? {});
    }
  }

  close(): void {
    if (this.#open !== null) this.endPart(undefined);
    this.#open = null;
    this.done = true;
  }

  #say(place: Place, index: unknown, text: string | undefined): void {
    if (text === undefined || text === "" || !this.#opens(place, index)) return;
    this.deltaOf(text);
  }

  #complete(place: Place, index: unknown, text: unknown): void {
    if (typeof text !== "string" || text === "" || !this.#opens(place, index)) return;
    this.restOf(text);
  }

  /** Makes the text the open one; false for one that has ended already. */
  #opens(place: Place, index: unknown): boolean {
    const key = `${place}${numberOf(index) ?? 0}`;
    if (key === this.#open) return true;
    if (this.#seen.has(key)) return false;
    if (this.#open !== null) this.endPart(undefined);
    this.#seen.add(key);
    this.#open = key;
    this.startPart(startOfThought(this.#item, place === "content"));
    return true;
  }

  #finish(told: JsonObject): void {
    const item = withoutStatus(told);
    for (const place of ["summary", "content"] as const)
      for (const [i, part] of arrayOf(item[place]).entries())
        if (isRecord(part)) this.#complete(place, i, part.text);
    const sealed = stringOf(item.encrypted_content);
    if (this.#open === null && this.#seen.size === 0) {
      const { summary: _none, ...start } = startOfThought({ ...item, id: this.#item.id ?? item.id }, false);
      this.startPart(sealed === undefined ? start : { ...start, redacted: true });
      this.#open = "";
    }
    if (sealed !== undefined) this.sealWith(readSeal(sealed, FORMAT));
    const { extensions } = startOfThought(item, this.#open?.startsWith("content") === true);
    if (this.#open !== null) this.endPart(extensions);
    this.#open = null;
    this.done = true;
  }
}
