import type { Citation } from "../../exchange/parts.ts";
import { type JsonObject, stringOf } from "../../exchange/read.ts";
import { SEAL_MARK } from "../../exchange/seals.ts";
import { FORMAT } from "./wire.ts";

/**
 * The index of a citation that Anthropic did not make. It carries the seals' mark, so that a body with it is not handed
 * on to Anthropic as it is, which would refuse it.
 */
const FOREIGN_INDEX = `${SEAL_MARK}citation`;

/** Reads a citation of a text block; all its members are kept, but of one that another API made. */
export function readCitation(wire: JsonObject): Citation {
  const url =
    stringOf(wire.url) ?? (wire.type === "search_result_location" ? stringOf(wire.source) : undefined);
  const title = stringOf(wire.title) ?? stringOf(wire.document_title);
  const quote = stringOf(wire.cited_text);
  return {
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(quote === undefined || quote === "" ? {} : { quote }),
    ...(wire.encrypted_index === FOREIGN_INDEX ? {} : { extensions: { [FORMAT]: wire } }),
  };
}

/** Writes a citation for a client; one of another API as a search result's. */
export function writeCitation({ url, title, quote, extensions }: Citation): object {
  return (
    extensions?.[FORMAT] ?? {
      type: "web_search_result_location",
      url: url ?? "",
      title: title ?? null,
      cited_text: quote ?? "",
      encrypted_index: FOREIGN_INDEX,
    }
  );
}
