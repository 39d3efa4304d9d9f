import type { Losses } from "../../exchange/losses.ts";
import type { Citation } from "../../exchange/parts.ts";
import { arrayOf, countOf, isRecord, type JsonObject, stringOf } from "../../exchange/read.ts";
import { extended, ownMembers, restOfTagged, tagged } from "./own.ts";

const OUTSIDE = new Set(["type", "url_citation"]);
const INSIDE = new Set(["url", "title", "content", "start_index", "end_index"]);

/** Reads `annotations`; OpenRouter tells the cited words as `content`. */
export function readAnnotations(value: unknown): Citation[] {
  return arrayOf(value).flatMap((annotation) => {
    const cited = isRecord(annotation) ? annotation.url_citation : undefined;
    return isRecord(annotation) && isRecord(cited) ? [readCitation(annotation, cited)] : [];
  });
}

function readCitation(annotation: JsonObject, cited: JsonObject): Citation {
  const { url, title, content, start_index: start, end_index: end } = cited;
  return {
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof title === "string" ? { title } : {}),
    ...(stringOf(content) ? { quote: stringOf(content)! } : {}),
    ...(countOf(start) === undefined ? {} : { start: countOf(start)! }),
    ...(countOf(end) === undefined ? {} : { end: countOf(end)! }),
    ...extended(restOfTagged(annotation, "url_citation", OUTSIDE, INSIDE)),
  };
}

/**
 * An entry of `annotations`, whose range is in a message's text from `offset` on, `length` long where the citation does
 * not say; null for a source that is no web page, which this format has no place for.
 */
export function writeAnnotation(
  citation: Citation,
  offset: number,
  length: number,
  losses: Losses,
): object | null {
  const { url, title, quote, start, end } = citation;
  if (url === undefined) {
    losses.add("citation: a source without a URL");
    return null;
  }
  return tagged(
    ownMembers(citation),
    "url_citation",
    { type: "url_citation" },
    {
      url,
      title: title ?? url,
      start_index: offset + (start ?? 0),
      end_index: offset + (end ?? length),
      ...(quote === undefined ? {} : { content: quote }),
    },
  );
}
