import type { Part, ToolResultPart } from "../../exchange/parts.ts";
import { invalid } from "../../exchange/read.ts";
import { marksOf } from "./extensions.ts";

interface OpenCall {
  readonly id: string;
  answered: boolean;
}

/**
 * Gives results that do not say which call they are of the id of the first open call of their function, and of the first
 * one at all where they do not name it either. `turns` are the parts of the conversation's turns, in which results are
 * replaced. Throws invalid_request for a result of nothing.
 */
export function nameCalls(turns: readonly { readonly parts: Part[] }[]): void {
  const open = new OpenCalls();
  for (const { parts } of turns) {
    for (const [index, part] of parts.entries()) {
      if (part.kind === "tool-call") open.add(part);
      if (part.kind !== "tool-result") continue;
      const callId = open.answeredBy(part);
      if (callId === undefined && part.name === undefined)
        throw invalid(
          "contents",
          "have a functionResponse that names no function, and no call that waits for one",
        );
      if (callId !== undefined && callId !== part.callId) parts[index] = { ...part, callId };
    }
  }
}

/** Calls that wait for their results, found in a time that does not grow with their number. */
class OpenCalls {
  readonly #byId = new Map<string, Waiting>();
  readonly #byName = new Map<string, Waiting>();
  readonly #all: Waiting = { calls: [], next: 0 };

  add({ id, name }: { readonly id: string; readonly name: string }): void {
    const call = { id, answered: false };
    waitingIn(this.#byId, id).calls.push(call);
    waitingIn(this.#byName, name).calls.push(call);
    this.#all.calls.push(call);
  }

  /** The id of the call that the result is of; undefined where there is none. */
  answeredBy({ callId, name, extensions }: ToolResultPart): string | undefined {
    const named = marksOf(extensions).noId ? undefined : first(this.#byId.get(callId));
    const call = named ?? first(name === undefined ? this.#all : this.#byName.get(name));
    if (call !== undefined) call.answered = true;
    return call?.id;
  }
}

interface Waiting {
  readonly calls: OpenCall[];
  /** Those before it are answered. */
  next: number;
}

function waitingIn(calls: Map<string, Waiting>, key: string): Waiting {
  const known = calls.get(key) ?? { calls: [], next: 0 };
  calls.set(key, known);
  return known;
}

function first(waiting: Waiting | undefined): OpenCall | undefined {
  if (waiting === undefined) return undefined;
  while (waiting.calls[waiting.next]?.answered) waiting.next++;
  return waiting.calls[waiting.next];
}
