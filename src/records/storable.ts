/** How many items may go together, and how many bytes of memory they may take, the first one apart. */
export interface BatchLimit {
  readonly items: number;
  readonly bytes: number;
}

export type Piece = Uint8Array | string;

/** What the gateway keeps until the storage has it: finished requests, their records, or feedback. */
export interface Storable<Item> {
  /** What messages call them, and how the names of their files end. */
  readonly name: "requests" | "records" | "feedback";
  readonly batch: BatchLimit;
  idOf(item: Item): string;
  /** Bytes of memory, roughly. */
  sizeOf(item: Item): number;
  /** The item with what matters most alone, for when memory is short; the item itself where there is nothing to leave out. */
  lighten(item: Item): Item;
  /** The item as it stands in a file, in pieces; texts are UTF-8. */
  encode(item: Item): readonly Piece[];
  /** The item of these bytes, which `encode` gave. It may refer to them. */
  decode(bytes: Buffer): Item;
}
