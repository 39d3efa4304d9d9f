import { madeId } from "./own.ts";

/** Ids that an answer's items have: a provider that begins anew in the middle repeats its own, and an id is of one item. */
export class ItemIds {
  readonly #taken = new Set<string>();

  /** `item`, with an id of its own where an earlier one has its. */
  unique<T extends { readonly id: string }>(item: T, newId: () => string): T {
    const own = this.#taken.has(item.id) ? { ...item, id: madeId("item", newId) } : item;
    this.#taken.add(own.id);
    return own;
  }
}
