import { inputItems, portableItems } from "./items.ts";
import { type JsonObject, objectsOf, textOf } from "./json.ts";

/** What a response of this connection can be continued from. */
interface Remembered {
  /** A response that the items follow on, kept elsewhere; null when they are all there is. */
  readonly base: string | null;
  readonly items: readonly JsonObject[];
  readonly characters: number;
}

/** What a turn refers to, put in its place. */
export interface Turn {
  readonly body: JsonObject;
  /** The response of this connection that it continues; null when there is none. */
  readonly continued: string | null;
}

/** Characters of conversations that a connection keeps. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/**
 * The responses of one connection that are kept nowhere else (`store: false`, and such as only prepare a turn). It ends
 * with the connection. Items are shared by the turns of a conversation; the newest are kept.
 */
export class SocketMemory {
  readonly #kept = new Map<string, Remembered>();
  #characters = 0;

  resolve(body: JsonObject): Turn {
    const id = textOf(body.previous_response_id);
    const known = id === null ? undefined : this.#kept.get(id);
    if (id === null || known === undefined) return { body, continued: null };
    const { previous_response_id: _previous, ...rest } = body;
    const input = [...known.items, ...inputItems(body.input)];
    return {
      body: { ...rest, input, ...(known.base === null ? {} : { previous_response_id: known.base }) },
      continued: id,
    };
  }

  /** Remembers a response to a turn, given with what it refers to in its place. */
  remember(id: string, turn: Turn, output: unknown): void {
    const said = portableItems(objectsOf(output));
    const items = [...inputItems(turn.body.input), ...said];
    // What a turn adds is what it costs: the items before it are those of the response that it continues.
    const before = turn.continued === null ? 0 : (this.#kept.get(turn.continued)?.items.length ?? 0);
    const characters = JSON.stringify(items.slice(before)).length;
    this.forget(id);
    this.#kept.set(id, { base: textOf(turn.body.previous_response_id), items, characters });
    this.#characters += characters;
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= MAX_CHARACTERS) break;
      this.forget(oldest);
    }
  }

  forget(id: string): void {
    const known = this.#kept.get(id);
    if (known === undefined) return;
    this.#kept.delete(id);
    this.#characters -= known.characters;
  }
}
