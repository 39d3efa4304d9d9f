import type { Feedback } from "../storage/feedback-store.ts";
import type { Storable } from "./storable.ts";

/** What an item takes beside its texts, roughly. */
const ITEM_BYTES = 100;

/** In a file: its JSON. */
export const STORABLE_FEEDBACK: Storable<Feedback> = {
  name: "feedback",
  // What SQLite writes in some 5 ms, during which nothing else runs.
  batch: { items: 2_000, bytes: 1_000_000 },
  idOf: ({ id }) => id,
  sizeOf({ id, targetId, name, value, comment, source }) {
    const text = typeof value === "object" ? value.correction : String(value);
    const parts = [id, targetId, name, text, comment ?? "", source ?? ""];
    return parts.reduce((bytes, part) => bytes + part.length, ITEM_BYTES);
  },
  lighten: (item) => item,
  encode: (item) => [Buffer.from(JSON.stringify(item))],
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as Feedback,
};
