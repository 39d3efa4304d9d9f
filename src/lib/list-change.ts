import { type Edit, textEdit } from "./edited-bytes.ts";
import { removeMembers, skipValue } from "./json-scan.ts";
import { type Span, scanArray } from "./scanned-json.ts";

/** What becomes of an array's elements. */
export class ListChange {
  readonly elements: readonly Span[];
  readonly #start: number;
  readonly #isArray: boolean;
  readonly #put = new Map<number, readonly string[]>();
  readonly #first: string[] = [];
  readonly #after = new Map<number, string[]>();
  readonly #last: string[] = [];
  #isWrapped = false;

  constructor(json: Buffer, start: number) {
    const elements = scanArray(json, start);
    this.#start = start;
    this.#isArray = elements !== null;
    this.elements = elements ?? [{ start, end: skipValue(json, start) }];
  }

  /** Puts these in the place of an element; none take it out. */
  put(index: number, texts: readonly string[]): void {
    this.#put.set(index, texts);
  }

  addFirst(...texts: readonly string[]): void {
    this.#first.push(...texts);
  }

  /** `index` is of an element that stays. */
  addAfter(index: number, text: string): void {
    const after = this.#after.get(index);
    if (after === undefined) this.#after.set(index, [text]);
    else after.push(text);
  }

  addLast(...texts: readonly string[]): void {
    this.#last.push(...texts);
  }

  /** Makes a single value an array, though nothing else becomes of it. */
  wrap(): void {
    this.#isWrapped = true;
  }

  edits(): Edit[] {
    return this.#isArray ? this.#arrayEdits() : this.#singleEdits();
  }

  #arrayEdits(): Edit[] {
    const lastKept = this.elements.findLastIndex((_, index) => this.#put.get(index)?.length !== 0);
    const edits: Edit[] = [];
    const front =
      lastKept < 0 ? [...this.#first, ...this.#last].join(",") : this.#first.map(followed).join("");
    if (front !== "") edits.push(textEdit(this.#start + 1, this.#start + 1, front));
    for (const [index, { start, end }] of this.elements.entries()) {
      const texts = this.#put.get(index);
      if (texts !== undefined && texts.length > 0) edits.push(textEdit(start, end, texts.join(",")));
      const after = [...(this.#after.get(index) ?? []), ...(index === lastKept ? this.#last : [])];
      if (after.length > 0) edits.push(textEdit(end, end, after.map(preceded).join("")));
    }
    if (lastKept < this.elements.length - 1 || this.#put.size > 0) {
      const members = this.elements.map(({ start, end }, index) => ({ index, keyStart: start, end }));
      edits.push(...removeMembers(members, ({ index }) => this.#put.get(index)?.length === 0));
    }
    return edits;
  }

  #singleEdits(): Edit[] {
    const { start, end } = this.elements[0]!;
    const put = this.#put.get(0);
    const after = [...(this.#after.get(0) ?? []), ...this.#last];
    if (put !== undefined) return [textEdit(start, end, `[${[...this.#first, ...put, ...after].join(",")}]`)];
    if (!this.#isWrapped && this.#first.length + after.length === 0) return [];
    return [
      textEdit(start, start, `[${this.#first.map(followed).join("")}`),
      textEdit(end, end, `${after.map(preceded).join("")}]`),
    ];
  }
}

const followed = (text: string) => `${text},`;
const preceded = (text: string) => `,${text}`;
