import { type Edit, textEdit } from "./edited-bytes.ts";
import { ListChange } from "./list-change.ts";
import { ObjectChange } from "./object-change.ts";
import type { ScannedObject, Span } from "./scanned-json.ts";

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
    this.#others.push(textEdit(span.start, span.end, text));
  }

  insert(at: number, text: string): void {
    this.#others.push(textEdit(at, at, text));
  }

  edits(): Edit[] {
    const all = [...this.#others];
    for (const change of this.#objects.values()) all.push(...change.edits());
    for (const change of this.#lists.values()) all.push(...change.edits());
    return outermost(all);
  }
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
