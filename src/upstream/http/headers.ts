/** Header fields as they came: names in lower case, values as Latin-1 text, in order, repeated names kept. */
export class HeaderList {
  readonly names: string[] = [];
  readonly values: string[] = [];

  add(name: string, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  /** The value of `name` (lower case); several are joined with ", "; null when it is absent. */
  get(name: string): string | null {
    const { names, values } = this;
    let found: string | null = null;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === name) found = found === null ? values[i]! : `${found}, ${values[i]}`;
    }
    return found;
  }

  /** A copy without the fields of that name (lower case). */
  without(name: string): HeaderList {
    const copy = new HeaderList();
    for (let i = 0; i < this.names.length; i++)
      if (this.names[i] !== name) copy.add(this.names[i]!, this.values[i]!);
    return copy;
  }
}
