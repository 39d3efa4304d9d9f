/** Bytes [start, end) are to be replaced; `bytes` null takes them out. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array | null;
}

export function textEdit(start: number, end: number, text: string): Edit {
  return { start, end, bytes: Buffer.from(text) };
}

/** They mostly are: looking is cheaper than sorting. */
function inOrder(edits: readonly Edit[]): readonly Edit[] {
  for (let i = 1; i < edits.length; i++)
    if (edits[i - 1]!.start > edits[i]!.start) return edits.toSorted((a, b) => a.start - b.start);
  return edits;
}

/**
 * Bytes with some of them replaced. They are put together only where they are sent from: a copy in between is memory
 * that is cold again by the next request, and dearer than all else that is done with it.
 */
export class EditedBytes {
  readonly length: number;
  readonly #source: Buffer;
  readonly #edits: readonly Edit[];

  /** The edits may come in any order and must not overlap. */
  constructor(source: Buffer, edits: readonly Edit[]) {
    this.#source = source;
    this.#edits = inOrder(edits);
    let length = source.length;
    for (const edit of edits) length += (edit.bytes?.length ?? 0) - (edit.end - edit.start);
    this.length = length;
  }

  copyInto(target: Buffer, at: number): void {
    let from = 0;
    let to = at;
    for (const edit of this.#edits) {
      to += this.#source.copy(target, to, from, edit.start);
      if (edit.bytes !== null) {
        target.set(edit.bytes, to);
        to += edit.bytes.length;
      }
      from = edit.end;
    }
    this.#source.copy(target, to, from);
  }

  /** All of it; the source itself where nothing was edited. */
  toBytes(): Buffer {
    if (this.#edits.length === 0) return this.#source;
    const bytes = Buffer.allocUnsafe(this.length);
    this.copyInto(bytes, 0);
    return bytes;
  }
}
