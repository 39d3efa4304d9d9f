import type { MediaPart, MediaSource } from "../../exchange/parts.ts";
import {
  invalid,
  isRecord,
  type JsonObject,
  requiredArray,
  requiredRecord,
  requiredString,
  stringOf,
} from "../../exchange/read.ts";
import { extended, isExactly } from "./extensions.ts";
import { readCommon } from "./read-common.ts";
import { FORMAT } from "./wire.ts";

export function readMedia(
  media: "image" | "document",
  block: JsonObject,
  known: ReadonlySet<string>,
  at: string,
): MediaPart {
  const source = requiredRecord(block.source, `${at}.source`);
  const read = readSource(source, `${at}.source`);
  const name = stringOf(block.title);
  const { cache, extensions } = readCommon(block, known);
  const kept = {
    ...extensions?.[FORMAT],
    ...(read.exact ? {} : { source }),
    ...("title" in block && name === undefined ? { title: block.title } : {}),
  };
  return {
    kind: "media",
    media,
    ...(read.mimeType === undefined ? {} : { mimeType: read.mimeType }),
    source: read.source,
    ...(name === undefined ? {} : { name }),
    ...(cache === undefined ? {} : { cache }),
    ...(Object.keys(kept).length === 0 ? {} : extended(kept)),
  };
}

/** `exact`: whether the source can be written anew from what was read of it. */
function readSource(
  source: JsonObject,
  at: string,
): { source: MediaSource; mimeType?: string | undefined; exact: boolean } {
  switch (source.type) {
    case "base64": {
      const mimeType = requiredString(source.media_type, `${at}.media_type`).toLowerCase();
      return {
        source: { kind: "base64", data: requiredString(source.data, `${at}.data`) },
        mimeType,
        exact: isExactly(source, "type", "media_type", "data") && mimeType === source.media_type,
      };
    }
    case "url":
      return {
        source: { kind: "url", url: requiredString(source.url, `${at}.url`) },
        exact: isExactly(source, "type", "url"),
      };
    case "file":
      return {
        source: { kind: "file", id: requiredString(source.file_id, `${at}.file_id`) },
        exact: isExactly(source, "type", "file_id"),
      };
    case "text":
      return {
        source: { kind: "text", text: requiredString(source.data, `${at}.data`) },
        mimeType: "text/plain",
        exact: isExactly(source, "type", "media_type", "data") && source.media_type === "text/plain",
      };
    case "content":
      return {
        source: { kind: "text", text: wordsOf(source.content, `${at}.content`) },
        mimeType: "text/plain",
        exact: false,
      };
    default:
      throw invalid(`${at}.type`, "must be base64, url, file, text or content");
  }
}

/** A search result is a document to every other API; here it comes back as it was. */
export function readSearchResult(block: JsonObject, at: string): MediaPart {
  const name = requiredString(block.title, `${at}.title`);
  const text = wordsOf(block.content, `${at}.content`);
  return {
    kind: "media",
    media: "document",
    mimeType: "text/plain",
    source: { kind: "text", text: `${requiredString(block.source, `${at}.source`)}\n\n${text}` },
    name,
    extensions: { [FORMAT]: block },
  };
}

/** The words of a content that is a string or an array of blocks. */
function wordsOf(content: unknown, at: string): string {
  if (typeof content === "string") return content;
  return requiredArray(content, at)
    .flatMap((block) => (isRecord(block) && typeof block.text === "string" ? [block.text] : []))
    .join("\n");
}
