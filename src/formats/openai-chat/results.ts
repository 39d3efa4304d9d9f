import type { ToolResultPart } from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";

interface Result {
  readonly part: ToolResultPart;
  /** The message that it stands in. */
  readonly message: number;
}

/**
 * Finds the results of a conversation's calls. OpenAI refuses a call whose results do not follow at once, while other
 * formats allow words in between.
 */
export class Results {
  readonly #byCall = new Map<string, Result[]>();
  readonly #byMessage = new Map<number, Result[]>();
  readonly #taken = new Set<Result>();
  readonly #messages: readonly Message[];

  constructor(messages: readonly Message[]) {
    this.#messages = messages;
    messages.forEach((message, index) => {
      if (message.role === "tool") this.#add(message, index);
    });
  }

  /** The results of the calls in message `index`, in the order in which they stand. Calls may share an id: the first comes first. */
  after(index: number): Result[] {
    const found: Result[] = [];
    for (const part of this.#messages[index]?.parts ?? []) {
      if (part.kind !== "tool-call") continue;
      const result = this.#byCall
        .get(part.id)
        ?.find((candidate) => candidate.message > index && !this.#taken.has(candidate));
      if (result === undefined) continue;
      this.#taken.add(result);
      found.push(result);
    }
    return found.sort((a, b) => a.message - b.message || this.#order(a) - this.#order(b));
  }

  /** The results in message `index` that belong to no call before it. They are sent on for the provider to judge. */
  left(index: number): Result[] {
    return (this.#byMessage.get(index) ?? []).filter((result) => !this.#taken.has(result));
  }

  #add(message: Message, index: number): void {
    const results: Result[] = [];
    for (const part of message.parts) {
      if (part.kind !== "tool-result") continue;
      const result = { part, message: index };
      results.push(result);
      const same = this.#byCall.get(part.callId);
      if (same === undefined) this.#byCall.set(part.callId, [result]);
      else same.push(result);
    }
    this.#byMessage.set(index, results);
  }

  #order(result: Result): number {
    return this.#byMessage.get(result.message)?.indexOf(result) ?? 0;
  }
}
