import type { Citation, MediaPart, Seal } from "../../exchange/parts.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { JsonEnd } from "./json-end.ts";

/** A part of a choice whose pieces are coming. */
export interface Lane {
  /** What its pieces are known by, as `text` or a call's place in the list. */
  readonly key: string;
  readonly start: PartStart;
  /** Whether a call's arguments are whole; null for what is no call of a function. */
  readonly end: JsonEnd | null;
  /** What came before it could be told. */
  readonly waiting: StreamEvent[];
  open: boolean;
  closed: boolean;
}

/**
 * The parts of one choice, told one after the other although Chat lets them come interleaved. Words and thoughts end
 * where something else begins. A call ends where something else begins if its arguments are whole, as they are in the
 * streams of nearly every provider; until they are, what else comes waits.
 */
export class Lanes {
  readonly #choice: number;
  readonly #queue: Lane[] = [];
  #events: StreamEvent[] = [];
  #logprobs: TokenLogprob[] = [];

  constructor(choice: number) {
    this.#choice = choice;
  }

  /** The part that is being told. */
  get current(): Lane | null {
    return this.#queue[0] ?? null;
  }

  /** The part known by `key` if it has not ended. */
  find(key: string): Lane | undefined {
    return this.#queue.find((lane) => lane.key === key);
  }

  begin(key: string, start: PartStart): Lane {
    const end = start.kind === "tool-call" && start.custom !== true ? new JsonEnd() : null;
    const lane: Lane = { key, start, end, waiting: [], open: false, closed: false };
    this.#queue.push(lane);
    this.#advance();
    return lane;
  }

  /** Log probabilities are of words; they go with the next ones. */
  logprobs(tokens: readonly TokenLogprob[] | undefined): void {
    if (tokens !== undefined) this.#logprobs = [...this.#logprobs, ...tokens];
  }

  text(lane: Lane, text: string): void {
    if (text === "") return;
    const isSpoken = lane.start.kind === "text" || lane.start.kind === "refusal";
    const logprobs = isSpoken && this.#logprobs.length > 0 ? this.#logprobs : undefined;
    if (logprobs !== undefined) this.#logprobs = [];
    this.#tell(lane, {
      type: "delta",
      choice: this.#choice,
      text,
      ...(logprobs === undefined ? {} : { logprobs }),
    });
    if (lane.end === null) return;
    lane.end.push(text);
    if (lane.end.ended && this.#queue.length > 1) this.#advance();
  }

  seal(lane: Lane, seal: Seal): void {
    this.#tell(lane, { type: "seal", choice: this.#choice, seal });
  }

  citation(lane: Lane, citation: Citation): void {
    this.#tell(lane, { type: "citation", choice: this.#choice, citation });
  }

  /** A picture or sound, which ends whatever is being told. */
  media(part: MediaPart): void {
    this.finish();
    this.#events.push({ type: "part", choice: this.#choice, part });
  }

  /** Ends the part that is being told, if it is this one. */
  end(lane: Lane): void {
    if (lane === this.current) this.#close();
    this.#advance();
  }

  /** Ends all parts. */
  finish(): void {
    while (this.#queue.length > 0) {
      this.#open();
      this.#close();
    }
  }

  /** The events since this was last asked. */
  take(): StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #tell(lane: Lane, event: StreamEvent): void {
    if (lane.open) this.#events.push(event);
    else if (!lane.closed) lane.waiting.push(event);
  }

  /** Ends what may end because something else follows it, and begins that. */
  #advance(): void {
    this.#open();
    while (this.#queue.length > 1 && this.current?.end?.ended !== false) {
      this.#close();
      this.#open();
    }
  }

  #open(): void {
    const lane = this.current;
    if (lane === null || lane.open) return;
    lane.open = true;
    this.#events.push({ type: "part-start", choice: this.#choice, part: lane.start });
    for (const event of lane.waiting) this.#events.push(event);
    lane.waiting.length = 0;
  }

  #close(): void {
    const lane = this.#queue.shift();
    if (lane === undefined) return;
    lane.open = false;
    lane.closed = true;
    this.#events.push({ type: "part-end", choice: this.#choice });
  }
}
