import type { Citation, Extensions, Part, Seal } from "../../exchange/parts.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";

/** Tells the parts of one item, one after the other, and knows how much of the open one was told. */
export abstract class PartTeller {
  done = false;
  readonly kinds: Pick<Part, "kind">[] = [];
  #events: StreamEvent[] = [];
  #told = "";
  #cited = 0;

  given(): readonly StreamEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  protected startPart(part: PartStart): void {
    this.#told = "";
    this.#cited = 0;
    this.kinds.push(part);
    this.#events.push({ type: "part-start", choice: 0, part });
  }

  protected deltaOf(text: string, logprobs: readonly TokenLogprob[] = []): void {
    if (text === "") return;
    this.#told += text;
    this.#events.push({ type: "delta", choice: 0, text, ...(logprobs.length === 0 ? {} : { logprobs }) });
  }

  /** Tells what the deltas left out of the whole. Where they told something else, that stands. */
  protected restOf(whole: string): void {
    if (whole.length > this.#told.length && whole.startsWith(this.#told))
      this.deltaOf(whole.slice(this.#told.length));
  }

  protected cite(citation: Citation): void {
    this.#cited++;
    this.#events.push({ type: "citation", choice: 0, citation });
  }

  /** Tells those citations of the whole that had no event of their own. */
  protected restOfCitations(citations: readonly Citation[]): void {
    for (const citation of citations.slice(this.#cited)) this.cite(citation);
  }

  protected sealWith(seal: Seal): void {
    this.#events.push({ type: "seal", choice: 0, seal });
  }

  protected endPart(extensions: Extensions | undefined): void {
    this.#events.push({ type: "part-end", choice: 0, ...(extensions === undefined ? {} : { extensions }) });
  }

  protected wholePart(part: Extract<StreamEvent, { type: "part" }>["part"]): void {
    this.kinds.push(part);
    this.#events.push({ type: "part", choice: 0, part });
  }
}
