import { isRecord, type JsonObject, numberOf, recordOf, stringOf } from "../../exchange/read.ts";
import { madeCallId, readAnswerCall } from "./calls.ts";
import type { Lane, Lanes } from "./lanes.ts";
import { readSignature } from "./signatures.ts";
import { ownSeal } from "./thoughts.ts";

interface StreamedCall {
  readonly lane: Lane;
  readonly id: string;
}

/** Reads the tool calls of one choice's stream. */
export class StreamCalls {
  readonly #lanes: Lanes;
  readonly #calls = new Map<number, StreamedCall>();
  #count = 0;
  #last = 0;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Whether there were any. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** An entry of `tool_calls`: the beginning of a call, or a piece of it. */
  take(entry: unknown): void {
    if (!isRecord(entry)) return;
    const inner = recordOf(entry.function) ?? recordOf(entry.custom) ?? {};
    const call = this.#callOf(entry, stringOf(entry.id) ?? "", stringOf(inner.name) ?? "");
    if (call === undefined) return;
    const text = inner.arguments ?? inner.input;
    this.#lanes.text(call.lane, isRecord(text) ? JSON.stringify(text) : (stringOf(text) ?? ""));
    const seal = readSignature(entry, ownSeal);
    if (seal !== undefined) this.#lanes.seal(call.lane, seal);
  }

  /**
   * Entries say their call's place, and the first of them its id and name. Some leave the place out, or give every call
   * the same one; some repeat id and name.
   */
  #callOf(entry: JsonObject, id: string, name: string): StreamedCall | undefined {
    const place = numberOf(entry.index) ?? (id === "" ? this.#last : this.#placeOf(id));
    this.#last = place;
    const known = this.#calls.get(place);
    if (known !== undefined && (id === "" || id === known.id || name === "")) return known;
    if (name === "") return undefined;
    const part = readAnswerCall({ ...entry, id: id === "" ? madeCallId() : id }, ownSeal);
    if (part === null) return undefined;
    const { arguments: _arguments, seal: _seal, cache: _cache, ...start } = part;
    const begun = { lane: this.#lanes.begin(`call ${this.#count++}`, start), id: part.id };
    this.#calls.set(place, begun);
    return begun;
  }

  #placeOf(id: string): number {
    for (const [place, call] of this.#calls) if (call.id === id) return place;
    return this.#calls.size;
  }
}
