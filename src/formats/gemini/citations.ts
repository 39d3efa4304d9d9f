import type { Losses } from "../../exchange/losses.ts";
import type { Citation } from "../../exchange/parts.ts";
import { arrayOf, countOf, isRecord, type JsonObject, recordOf, stringOf } from "../../exchange/read.ts";

/**
 * Google counts where a cited passage stands in bytes of UTF-8, from the beginning of the answer's visible text (so
 * measured, although the description says of its part); everyone else in UTF-16 units.
 */

/** What an answer's grounding and its recitations cite, with places in `text`, the whole visible text. */
export function readCitations(grounding: unknown, recitation: unknown, text: string): Citation[] {
  const places = new Places(text);
  return [...readGrounding(recordOf(grounding), places), ...readRecitation(recordOf(recitation), places)];
}

/**
 * `citations` have places in `text`; undefined where there are none. A web page's words have no place beside its
 * address, as those of a document have.
 */
export function writeGrounding(
  citations: readonly Citation[],
  text: string,
  losses: Losses,
): object | undefined {
  if (citations.length === 0) return undefined;
  const places = new Places(text);
  const chunks = new Map<string, { index: number; chunk: object }>();
  const supports: object[] = [];
  for (const { url, title, quote, start, end } of citations) {
    const named = title === undefined ? {} : { title };
    if (url !== undefined && quote !== undefined) losses.add("citations.quote");
    const chunk =
      url === undefined
        ? { retrievedContext: { ...named, ...(quote === undefined ? {} : { text: quote }) } }
        : { web: { uri: url, ...named } };
    const key = JSON.stringify(chunk);
    const known = chunks.get(key) ?? { index: chunks.size, chunk };
    chunks.set(key, known);
    if (start === undefined || end === undefined) continue;
    const from = Math.max(0, start);
    const segment = {
      ...(from === 0 ? {} : { startIndex: places.byteOf(from) }),
      endIndex: places.byteOf(end),
      text: text.slice(from, end),
    };
    supports.push({ segment, groundingChunkIndices: [known.index] });
  }
  return {
    groundingChunks: [...chunks.values()].map(({ chunk }) => chunk),
    ...(supports.length === 0 ? {} : { groundingSupports: supports }),
  };
}

function readGrounding(grounding: JsonObject | undefined, places: Places): Citation[] {
  if (grounding === undefined) return [];
  const sources = arrayOf(grounding.groundingChunks).map(readSource);
  const cited = new Set<number>();
  const citations = arrayOf(grounding.groundingSupports).flatMap((support) => {
    if (!isRecord(support)) return [];
    const place = places.ofSegment(recordOf(support.segment));
    return arrayOf(support.groundingChunkIndices).flatMap((index): Citation[] => {
      const source = typeof index === "number" ? sources[index] : undefined;
      if (!source) return [];
      cited.add(index as number);
      return [{ ...source, ...place }];
    });
  });
  // Sources that stand for no passage were read for the answer all the same.
  return [...citations, ...sources.flatMap((source, index) => (source && !cited.has(index) ? [source] : []))];
}

function readSource(chunk: unknown): Citation | null {
  if (!isRecord(chunk)) return null;
  const source = recordOf(chunk.web ?? chunk.retrievedContext ?? chunk.maps ?? chunk.image);
  const url = stringOf(source?.uri ?? source?.sourceUri);
  const title = stringOf(source?.title);
  const quote = chunk.retrievedContext === undefined ? undefined : stringOf(source?.text);
  if (url === undefined && title === undefined) return null;
  return {
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(quote === undefined ? {} : { quote }),
  };
}

function readRecitation(recitation: JsonObject | undefined, places: Places): Citation[] {
  return arrayOf(recitation?.citations ?? recitation?.citationSources).flatMap((citation): Citation[] => {
    if (!isRecord(citation)) return [];
    const url = stringOf(citation.uri);
    const title = stringOf(citation.title);
    if (url === undefined && title === undefined) return [];
    return [
      {
        ...(url === undefined ? {} : { url }),
        ...(title === undefined ? {} : { title }),
        ...places.ofSegment(citation),
      },
    ];
  });
}

/** Bytes and UTF-16 units of a text, each found from the other. */
class Places {
  readonly #text: string;
  /** The byte at which each unit begins, and at last the text's length; null where all is ASCII. */
  readonly #bytes: Uint32Array | null;

  constructor(text: string) {
    this.#text = text;
    this.#bytes = Buffer.byteLength(text) === text.length ? null : bytesOf(text);
  }

  byteOf(unit: number): number {
    const bounded = Math.min(unit, this.#text.length);
    return this.#bytes === null ? bounded : this.#bytes[bounded]!;
  }

  /** The range of a segment; none where its own text stands elsewhere or nowhere. */
  ofSegment(segment: JsonObject | undefined): { start?: number; end?: number } {
    const endByte = countOf(segment?.endIndex);
    if (endByte === undefined) return {};
    const start = this.#unitOf(countOf(segment?.startIndex) ?? 0);
    const end = this.#unitOf(endByte);
    const words = stringOf(segment?.text);
    if (words === undefined || this.#text.startsWith(words, start)) return { start, end };
    const found = this.#text.indexOf(words);
    return found < 0 ? {} : { start: found, end: found + words.length };
  }

  #unitOf(byte: number): number {
    const bytes = this.#bytes;
    if (bytes === null) return Math.min(Math.max(0, byte), this.#text.length);
    let low = 0;
    let high = bytes.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bytes[middle]! < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function bytesOf(text: string): Uint32Array {
  const bytes = new Uint32Array(text.length + 1);
  let byte = 0;
  for (let unit = 0; unit < text.length; unit++) {
    bytes[unit] = byte;
    const code = text.charCodeAt(unit);
    const paired = code >= 0xd800 && code <= 0xdbff && isLow(text.charCodeAt(unit + 1));
    if (paired) {
      // The second half begins where the first does, so that a place within the character is its beginning.
      bytes[++unit] = byte;
      byte += 4;
    } else byte += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  bytes[text.length] = byte;
  return bytes;
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
