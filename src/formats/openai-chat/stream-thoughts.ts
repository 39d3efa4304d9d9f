import { arrayOf, type JsonObject, stringOf } from "../../exchange/read.ts";
import type { PartStart } from "../../exchange/stream.ts";
import type { Lane, Lanes } from "./lanes.ts";
import { BETWEEN, type Entry, isSealOf, ownSeal, partOfEntry, readEntry } from "./thoughts.ts";

/** The thought that is being told. */
interface OpenThought {
  readonly lane: Lane;
  /** The last entry that it came in, or that announced it; null where it came as plain text. */
  entry: Entry | null;
  /** What was told of it as plain text. */
  told: string;
}

/**
 * Reads the thoughts of one choice's stream. `reasoning_details` come in pieces with the plain text beside them
 * (OpenRouter), or whole after it, with an empty entry before it where it is a summary (this gateway).
 */
export class StreamThoughts {
  readonly #lanes: Lanes;
  #open: OpenThought | null = null;
  #announced: Entry | null = null;
  #count = 0;
  /** Whether the last thought ended with its entry, so that the next begins with a separator. */
  #separated = false;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  take(delta: JsonObject): void {
    const told = stringOf(delta.reasoning_content) || stringOf(delta.reasoning) || "";
    if (delta.reasoning_details === undefined || delta.reasoning_details === null) {
      this.text(told);
      return;
    }
    const entries = arrayOf(delta.reasoning_details)
      .map((wire) => readEntry(wire, ownSeal))
      .filter((entry) => entry !== null);
    if (entries.every((entry) => entry.text === "")) this.text(told);
    for (const entry of entries) this.#takeEntry(entry);
  }

  /** A piece of a thought as plain text. */
  text(text: string): void {
    if (text === "") return;
    let piece = text;
    let open = this.#current();
    if (open !== null && this.#separated) {
      this.#end(open);
      open = null;
    }
    if (open === null) {
      if (this.#separated && piece.startsWith(BETWEEN)) piece = piece.slice(BETWEEN.length);
      this.#separated = false;
      open = this.#begin(this.#announced);
    }
    open.told += piece;
    this.#lanes.text(open.lane, piece);
  }

  #current(): OpenThought | null {
    return this.#open === null || this.#open.lane.closed ? null : this.#open;
  }

  #begin(entry: Entry | null): OpenThought {
    const key = `thought ${this.#count}`;
    const lane = this.#lanes.begin(key, entry === null ? { kind: "reasoning" } : startOf(entry, this.#count));
    this.#count++;
    this.#announced = null;
    this.#open = { lane, entry, told: "" };
    return this.#open;
  }

  #takeEntry(entry: Entry): void {
    const open = this.#current();
    if (entry.kind === "encrypted") {
      this.#takeEncrypted(entry, open);
    } else if (open !== null && continues(entry, open)) {
      const isWhole = entry.text !== "" && entry.text === open.told;
      if (!isWhole) this.#lanes.text(open.lane, entry.text);
      if (entry.seal !== undefined) this.#lanes.seal(open.lane, entry.seal);
      open.entry = entry;
      this.#separated = isWhole;
      // A summary's encrypted form may still follow.
      if (isWhole && entry.kind === "text") this.#end(open);
    } else if (entry.text !== "" || entry.seal !== undefined) {
      const begun = this.#begin(entry);
      this.#lanes.text(begun.lane, entry.text);
      if (entry.seal !== undefined) this.#lanes.seal(begun.lane, entry.seal);
    } else {
      if (open !== null) this.#end(open);
      this.#announced = entry;
    }
  }

  #takeEncrypted(entry: Entry, open: OpenThought | null): void {
    const { seal } = entry;
    if (seal === undefined) return;
    const isSeal = open !== null && open.entry !== null && isSealOf(entry, open.entry);
    const sealed = isSeal ? open : this.#begin(entry);
    this.#lanes.seal(sealed.lane, seal);
    this.#end(sealed);
  }

  #end(open: OpenThought): void {
    this.#lanes.end(open.lane);
    this.#open = null;
  }
}

/** Whether an entry goes on with what is being told, and does not begin another thought. */
function continues(entry: Entry, { entry: begun }: OpenThought): boolean {
  return begun === null || (begun.kind === entry.kind && begun.index === entry.index);
}

function startOf(entry: Entry, position: number): PartStart {
  const { text: _text, seal: _seal, ...start } = partOfEntry(entry, position);
  return start;
}
