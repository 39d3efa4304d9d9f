/** What stands for a label's value when there are too many of them. */
export const OTHER = "other";

/**
 * Names that clients choose, as values of a label. One gets to be a value once `isReal` was said of it, and while there
 * are fewer than the limit; all others are `other`. So names that somebody makes up take no place from those in use.
 */
export class BoundedNames {
  readonly #limit: number;
  readonly #names = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  label(name: string, isReal: boolean): string {
    if (this.#names.has(name)) return name;
    if (!isReal || name.length > MAX_LENGTH || this.#names.size >= this.#limit) return OTHER;
    this.#names.add(name);
    return name;
  }
}

const MAX_LENGTH = 200;
const SEPARATOR = "\n";

/** A value for each set of labels, up to a limit; beyond it, one for all further sets, whose labels are `other`. */
export class LabelSets<Name extends string, Value> {
  readonly #names: readonly Name[];
  readonly #limit: number;
  readonly #make: (labels: Readonly<Record<Name, string>>) => Value;
  readonly #values = new Map<string, Value>();

  constructor(
    names: readonly Name[],
    limit: number,
    make: (labels: Readonly<Record<Name, string>>) => Value,
  ) {
    this.#names = names;
    this.#limit = limit;
    this.#make = make;
  }

  /** `labels` are in the order of the names. */
  get(...labels: readonly string[]): Value {
    const key = labels.join(SEPARATOR);
    return this.#values.get(key) ?? this.#add(key, labels);
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  #add(key: string, labels: readonly string[]): Value {
    if (this.#values.size >= this.#limit && labels.some((label) => label !== OTHER))
      return this.get(...labels.map(() => OTHER));
    const pairs = this.#names.map((name, index) => [name, labels[index] ?? OTHER]);
    const value = this.#make(Object.fromEntries(pairs) as Record<Name, string>);
    this.#values.set(key, value);
    return value;
  }
}
