/** Tells, piece by piece, whether a JSON object has come to its end. What is no JSON never does. */
export class JsonEnd {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  push(text: string): void {
    for (let i = 0; i < text.length && !this.#ended; i++) this.#take(text.charCodeAt(i));
  }

  #take(code: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === QUOTE) this.#inString = false;
      return;
    }
    if (code === QUOTE) this.#inString = true;
    else if (code === OPEN) this.#depth++;
    else if (code === CLOSE) this.#ended = --this.#depth === 0;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
