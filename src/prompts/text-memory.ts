/**
 * Remembers values by name, so many and of so many characters together; what would be more empties it first. A value
 * that has more characters than all may have is not remembered.
 */
export class TextMemory<Value> {
  readonly #most: number;
  readonly #mostChars: number;
  readonly #values = new Map<string, { readonly value: Value; readonly chars: number }>();
  #chars = 0;

  constructor(most: number, mostChars: number) {
    this.#most = most;
    this.#mostChars = mostChars;
  }

  get(name: string): Value | undefined {
    return this.#values.get(name)?.value;
  }

  /** `chars` is the length of the texts that the value holds. */
  set(name: string, value: Value, chars: number): void {
    this.#chars -= this.#values.get(name)?.chars ?? 0;
    this.#values.delete(name);
    if (chars > this.#mostChars) return;
    if (this.#values.size >= this.#most || this.#chars + chars > this.#mostChars) this.clear();
    this.#values.set(name, { value, chars });
    this.#chars += chars;
  }

  clear(): void {
    this.#values.clear();
    this.#chars = 0;
  }
}
