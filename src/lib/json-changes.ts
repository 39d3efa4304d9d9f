import type { Edit } from "./edited-bytes.ts";
import {
  isArray,
  JsonSyntaxError,
  type Member,
  readElements,
  readMembers,
  removeMembers,
  skipValue,
} from "./json-scan.ts";

/** Bytes [start, end) of a body. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object as it stands in a body: where it begins, and its members in order. */
export interface ScannedObject {
  readonly start: number;
  readonly members: readonly Member[];
}

/** The object at `at`; null where none can be read. */
export function scanObject(json: Buffer, at: number): ScannedObject | null {
  return unlessMalformed(() => ({ start: at, members: readMembers(json, at) }));
}

/** The elements of the array at `at`; null where none can be read. */
export function scanArray(json: Buffer, at: number): readonly Span[] | null {
  if (!isArray(json, at)) return null;
  return unlessMalformed(() =>
    readElements(json, at).map((start) => ({ start, end: skipValue(json, start) })),
  );
}

/** The last member of one of these names, which is the one that counts; undefined where there is none. */
export function lastMember({ members }: ScannedObject, ...names: readonly string[]): Member | undefined {
  return members.findLast(({ key }) => names.includes(key));
}

/**
 * Gathers what is to become of a JSON text, and gives it as edits: every byte that nobody asked to change stays. New
 * text is given as JSON. A change of the whole of something overrides changes inside it.
 */
export class JsonChanges {
  readonly #json: Buffer;
  readonly #objects = new Map<number, ObjectChange>();
  readonly #lists = new Map<number, ListChange>();
  readonly #others: Edit[] = [];

  constructor(json: Buffer) {
    this.#json = json;
  }

  object(object: ScannedObject): ObjectChange {
    let change = this.#objects.get(object.start);
    if (change === undefined) {
      change = new ObjectChange(object);
      this.#objects.set(object.start, change);
    }
    return change;
  }

  /** The array at `start`; any other value there is taken for the one element of a list, and becomes an array if need be. */
  list(start: number): ListChange {
    let change = this.#lists.get(start);
    if (change === undefined) {
      change = new ListChange(this.#json, start);
      this.#lists.set(start, change);
    }
    return change;
  }

  /** Puts `text` in the place of these bytes. */
  replace(span: Span, text: string): void {
    this.#others.push(edit(span.start, span.end, text));
  }

  insert(at: number, text: string): void {
    this.#others.push(edit(at, at, text));
  }

  edits(): Edit[] {
    const all = [...this.#others];
    for (const change of this.#objects.values()) all.push(...change.edits());
    for (const change of this.#lists.values()) all.push(...change.edits());
    return outermost(all);
  }
}

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

  take(member: Member): void {
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
      edits.push(edit(open + 1, open + 1, isAlone ? added : `${added},`));
    }
    if (this.#taken.size > 0)
      edits.push(...removeMembers(members, (member) => this.#taken.has(member.keyStart)));
    for (const { keyStart, start, end } of this.#values.size > 0 ? members : []) {
      const text = this.#values.get(keyStart);
      if (text !== undefined && !this.#taken.has(keyStart)) edits.push(edit(start, end, text));
    }
    return edits;
  }
}

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
    if (front !== "") edits.push(edit(this.#start + 1, this.#start + 1, front));
    for (const [index, { start, end }] of this.elements.entries()) {
      const texts = this.#put.get(index);
      if (texts !== undefined && texts.length > 0) edits.push(edit(start, end, texts.join(",")));
      const after = [...(this.#after.get(index) ?? []), ...(index === lastKept ? this.#last : [])];
      if (after.length > 0) edits.push(edit(end, end, after.map(preceded).join("")));
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
    if (put !== undefined) return [edit(start, end, `[${[...this.#first, ...put, ...after].join(",")}]`)];
    if (!this.#isWrapped && this.#first.length + after.length === 0) return [];
    return [
      edit(start, start, `[${this.#first.map(followed).join("")}`),
      edit(end, end, `${after.map(preceded).join("")}]`),
    ];
  }
}

const followed = (text: string) => `${text},`;
const preceded = (text: string) => `,${text}`;

function edit(start: number, end: number, text: string): Edit {
  return { start, end, bytes: Buffer.from(text) };
}

/** In order, without those inside bytes that are replaced anyway. What is put in stands before what begins there. */
function outermost(edits: readonly Edit[]): Edit[] {
  const sorted = edits.toSorted(
    (a, b) => a.start - b.start || (isInsertion(b) ? 1 : 0) - (isInsertion(a) ? 1 : 0) || b.end - a.end,
  );
  const kept: Edit[] = [];
  let replacedTo = 0;
  for (const one of sorted) {
    if (one.start < replacedTo) continue;
    kept.push(one);
    replacedTo = one.end;
  }
  return kept;
}

function isInsertion({ start, end }: Edit): boolean {
  return start === end;
}

/** What is malformed below the places that are always read is left for the upstream to refuse. */
function unlessMalformed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return null;
    throw error;
  }
}
