import type { JsonObject } from "./json.ts";

/** An event with its place in its stream, as it was sent. */
export interface LoggedEvent {
  readonly sequence: number;
  /** JSON text. */
  readonly text: string;
  readonly type: string;
}

/** The events of one response, for whoever follows it: from any point on, while it grows and afterwards. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  #characters = 0;
  #ended = false;
  #waiting: (() => void)[] = [];

  get characters(): number {
    return this.#characters;
  }

  /** Adds an event with the next sequence number in place of its own. */
  add(event: JsonObject): void {
    const sequence = this.#events.length;
    const text = JSON.stringify({ ...event, sequence_number: sequence });
    this.#events.push({ sequence, text, type: String(event.type) });
    this.#characters += text.length;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The events after a sequence number (-1: all), each as soon as it is there, until the last. */
  async *after(sequence: number): AsyncGenerator<LoggedEvent> {
    for (let next = sequence + 1; ; next++) {
      while (next >= this.#events.length) {
        if (this.#ended) return;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      yield this.#events[next]!;
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
