/** How many items may go together, and how many bytes of memory they may take, the first one apart. */
export interface BatchLimit {
  readonly items: number;
  readonly bytes: number;
}

/** What the gateway keeps for the storage until that has it: records of requests, or feedback. */
export interface Storable<Item> {
  /** What messages call them, and how the names of their files end. */
  readonly name: "records" | "feedback";
  readonly batch: BatchLimit;
  idOf(item: Item): string;
  /** Bytes of memory, roughly. */
  sizeOf(item: Item): number;
  /** The item with what matters most alone, for when memory is short; the item itself where there is nothing to leave out. */
  lighten(item: Item): Item;
  /** The item as it stands in a file, in pieces. */
  encode(item: Item): readonly Uint8Array[];
  /** The item of these bytes, which `encode` gave. It may refer to them. */
  decode(bytes: Buffer): Item;
}
