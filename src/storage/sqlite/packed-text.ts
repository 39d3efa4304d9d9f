/** Characters from which on text is compressed; below it there is little to win. */
const PACK_FROM = 4096;

/** Text as it is kept: itself, or compressed with zstd. The column's type tells which. */
export type PackedText = string | Uint8Array<ArrayBuffer>;

/** Compresses long text, beside the main thread. */
export async function pack(text: string): Promise<PackedText> {
  if (text.length < PACK_FROM) return text;
  return new Uint8Array(await Bun.zstdCompress(text, { level: 3 }));
}

export async function unpack(packed: PackedText): Promise<string> {
  return typeof packed === "string" ? packed : (await Bun.zstdDecompress(packed)).toString("utf8");
}
