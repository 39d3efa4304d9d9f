import { type Edit, textEdit } from "./edited-bytes.ts";
import { removeMembers } from "./json-scan.ts";
import { lastMember, type ScannedObject } from "./scanned-json.ts";

/** What becomes of an object's members. */
export class ObjectChange {
  readonly #object: ScannedObject;
  /** By where their keys begin: an object may have been scanned more than once. */
  readonly #taken = new Set<number>();
  readonly #values = new Map<number, string>();
  readonly #added = new Map<string, string>();

  constructor(object: ScannedObject) {
    this.#object = object;
  }

  take(member: { readonly keyStart: number }): void {
    this.#taken.add(member.keyStart);
  }

  /** Gives the last member of one of these names this value, and takes the others out; without one, adds the first. */
  set(names: readonly string[], text: string): void {
    const last = lastMember(this.#object, ...names);
    if (last === undefined) {
      this.#added.set(names[0]!, text);
      return;
    }
    this.keepLast(names);
    this.#values.set(last.keyStart, text);
  }

  /** Takes members out that another of these names follows: readers differ in which of them counts. */
  keepLast(names: readonly string[]): void {
    const last = lastMember(this.#object, ...names);
    for (const member of this.#object.members)
      if (member !== last && names.includes(member.key)) this.#taken.add(member.keyStart);
  }

  /** Whether nothing will be between its braces. */
  get isEmpty(): boolean {
    return this.#added.size === 0 && this.#taken.size === this.#object.members.length;
  }

  edits(): Edit[] {
    const { start: open, members } = this.#object;
    const edits: Edit[] = [];
    if (this.#added.size > 0) {
      const added = [...this.#added].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",");
      const isAlone = this.#taken.size === members.length;
      edits.push(textEdit(open + 1, open + 1, isAlone ? added : `${added},`));
    }
    if (this.#taken.size > 0)
      edits.push(...removeMembers(members, (member) => this.#taken.has(member.keyStart)));
    for (const { keyStart, start, end } of this.#values.size > 0 ? members : []) {
      const text = this.#values.get(keyStart);
      if (text !== undefined && !this.#taken.has(keyStart)) edits.push(textEdit(start, end, text));
    }
    return edits;
  }
}
