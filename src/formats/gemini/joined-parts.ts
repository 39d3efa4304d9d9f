import type {
  Citation,
  Extensions,
  NativePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from "../../exchange/parts.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { extended } from "./extensions.ts";

/**
 * What is cited in the part that begins at `began` in `all`, the visible text so far, and ends where that does. It is
 * asked for once for every text part; `last` where no other follows.
 */
type CitationsOf = (all: string, began: number, last: boolean) => readonly Citation[];

/**
 * Joins the parts of one of a model's turns, which come cut anyhow: texts go on in the next part, and a signature may
 * follow on an empty part of its own. Tells them as events of choice `index`, one part open at a time.
 */
export class JoinedParts {
  readonly #index: number;
  readonly #citationsOf: CitationsOf;
  /** Of the open part; null where none is. */
  #open: "text" | "reasoning" | null = null;
  /** All visible text so far, and where in it the open part began. */
  #text = "";
  #began = 0;
  #calls = 0;

  constructor(index: number, citationsOf: CitationsOf = () => []) {
    this.#index = index;
    this.#citationsOf = citationsOf;
  }

  /** Whether any function was called. */
  get hasCalls(): boolean {
    return this.#calls > 0;
  }

  /** `logprobs` are of the part's words. */
  take(part: Part, events: StreamEvent[], logprobs?: readonly TokenLogprob[]): void {
    if (part.kind === "text" || part.kind === "reasoning") this.#words(part, events, logprobs);
    else if (part.kind === "tool-call") this.#call(part, events);
    // A model's turn has no other parts.
    else if (part.kind === "media" || part.kind === "native") this.#whole(part, events);
  }

  /** Ends the open part; `last` where no more follow. */
  close(events: StreamEvent[], last = false, extensions: { extensions?: Extensions } = {}): void {
    if (this.#open === null) return;
    const choice = this.#index;
    if (this.#open === "text") {
      for (const citation of this.#citationsOf(this.#text, this.#began, last))
        events.push({ type: "citation", choice, citation });
    }
    events.push({ type: "part-end", choice, ...extensions });
    this.#open = null;
  }

  #words(part: TextPart | ReasoningPart, events: StreamEvent[], logprobs?: readonly TokenLogprob[]): void {
    const choice = this.#index;
    const { kind, text, seal, extensions } = part;
    if (text === "" && extensions === undefined) {
      if (seal === undefined) return;
      if (this.#open !== null && (kind === "text" || kind === this.#open)) {
        events.push({ type: "seal", choice, seal });
        this.close(events, false, extended(undefined, { signedAfter: kind }));
        return;
      }
    }
    if (this.#open !== kind || extensions !== undefined) this.#begin(part, events);
    if (kind === "text") this.#text += text;
    if (text !== "") events.push({ type: "delta", choice, text, ...(logprobs ? { logprobs } : {}) });
    if (seal !== undefined) events.push({ type: "seal", choice, seal });
    // What follows a signature is another part, and so is what follows members of the part's own.
    if (seal !== undefined || extensions !== undefined) this.close(events);
  }

  #begin(part: TextPart | ReasoningPart, events: StreamEvent[]): void {
    this.close(events);
    const { kind, extensions } = part;
    const rest = extensions === undefined ? {} : { extensions };
    const start: PartStart =
      kind === "reasoning" && part.redacted ? { kind, redacted: true, ...rest } : { kind, ...rest };
    events.push({ type: "part-start", choice: this.#index, part: start });
    this.#open = kind;
    if (kind === "text") this.#began = this.#text.length;
  }

  #call({ arguments: text, seal, ...start }: ToolCallPart, events: StreamEvent[]): void {
    const choice = this.#index;
    this.close(events);
    this.#calls++;
    events.push({ type: "part-start", choice, part: start });
    events.push({ type: "delta", choice, text });
    if (seal !== undefined) events.push({ type: "seal", choice, seal });
    events.push({ type: "part-end", choice });
  }

  #whole(part: Extract<Part, { kind: "media" }> | NativePart, events: StreamEvent[]): void {
    this.close(events);
    events.push({ type: "part", choice: this.#index, part });
  }
}
