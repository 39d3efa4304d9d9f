import { formatPath, type ValuePath } from "./paths.ts";

/** Where a value of the file stands, and where what it says came from. */
export interface Mark {
  /** Offset of the value's first character; of its key where no value is written. */
  readonly value: number;
  /** Offset of its key; null in a list and at the top. */
  readonly key: number | null;
  /** The value after the environment was filled in; for mappings and lists only their kind counts. */
  readonly content: unknown;
  /** The text as written, where it reads the environment. */
  readonly template?: string;
  /** Whether that text is one reference and nothing else. */
  readonly whole?: boolean;
}

/** The marks of all values, by path. */
export class Marks {
  readonly #byPath = new Map<string, Mark>();

  set(path: ValuePath, mark: Mark): void {
    this.#byPath.set(formatPath(path), mark);
  }

  get(path: ValuePath): Mark | undefined {
    return this.#byPath.get(formatPath(path));
  }

  /** The mark of the value there or, where the file has none, of the nearest mapping or list around it. */
  nearest(path: ValuePath): Mark | undefined {
    for (let length = path.length; length >= 0; length--) {
      const mark = this.get(path.slice(0, length));
      if (mark !== undefined) return mark;
    }
    return undefined;
  }
}
