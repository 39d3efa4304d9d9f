import type { Losses } from "../../exchange/losses.ts";
import type { Citation, MediaPart, NativePart, TextPart } from "../../exchange/parts.ts";
import type { JsonObject } from "../../exchange/read.ts";
import { dataUrl } from "../../lib/data-url.ts";
import { ownMembers } from "./own.ts";

/** A part of a message that is not the assistant's, or of a tool's output; `at` names it in the request. */
export function writeInputPart(part: TextPart | MediaPart, at: string, losses: Losses): JsonObject {
  const own = ownMembers(part);
  if (part.kind === "text") return { type: "input_text", text: part.text, ...own };
  switch (part.media) {
    case "image":
      return { type: "input_image", ...writeImage(part, at, losses), ...own };
    case "document":
      return { ...writeDocument(part), ...own };
    case "audio":
      return { type: "input_audio", ...writeAudio(part, at, losses), ...own };
    case "video":
      return { type: "input_video", video_url: urlOf(part, "video/mp4", at, losses), ...own };
  }
}

/** Content as parts, or as text where there is nothing but one plain text. */
export function writeContent(
  parts: readonly (TextPart | MediaPart | NativePart)[],
  at: string,
  losses: Losses,
): string | JsonObject[] {
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "text" && Object.keys(ownMembers(first)).length === 0)
    return first.text;
  const written: JsonObject[] = [];
  for (const [i, part] of parts.entries()) {
    const place = `${at}.parts[${i}]`;
    if (part.kind === "native") losses.add(`${place}: ${part.type}`);
    else written.push(writeInputPart(part, place, losses));
  }
  return written;
}

function writeImage(part: MediaPart, at: string, losses: Losses): JsonObject {
  const { source } = part;
  const detail = part.detail === undefined ? {} : { detail: part.detail };
  if (source.kind === "file") return { file_id: source.id, ...detail };
  return { image_url: urlOf(part, "image/png", at, losses), ...detail };
}

function writeDocument(part: MediaPart): JsonObject {
  const { source, name, mimeType = "application/pdf" } = part;
  // A text is what the model is to read of it, and files of plain text are not taken everywhere.
  if (source.kind === "text") return { type: "input_text", text: source.text };
  const detail = part.detail === undefined ? {} : { detail: part.detail };
  const named = name === undefined ? {} : { filename: name };
  if (source.kind === "file") return { type: "input_file", file_id: source.id, ...named, ...detail };
  if (source.kind === "url") return { type: "input_file", file_url: source.url, ...named, ...detail };
  const data =
    part.mimeType === undefined && name !== undefined ? source.data : dataUrl(mimeType, source.data);
  // Data without a name is refused.
  return { type: "input_file", file_data: data, filename: name ?? "document.pdf", ...detail };
}

function writeAudio(part: MediaPart, at: string, losses: Losses): JsonObject {
  const { source, mimeType = "" } = part;
  if (source.kind !== "base64") losses.refuse(at, "audio is taken as data only");
  const format = AUDIO_FORMATS.get(mimeType) ?? mimeType.slice(mimeType.indexOf("/") + 1);
  return { input_audio: { data: source.data, format } };
}

const AUDIO_FORMATS = new Map([
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
]);

function urlOf(part: MediaPart, fallbackType: string, at: string, losses: Losses): string {
  const { source, mimeType = fallbackType } = part;
  if (source.kind === "url") return source.url;
  if (source.kind === "base64") return dataUrl(mimeType, source.data);
  losses.refuse(at, `${part.media === "image" ? "an image" : "a film"} is taken by URL or as data only`);
}

/** A citation as an annotation; null where it leads neither to a page nor to a file of this API. */
export function writeAnnotation(citation: Citation, text: string): JsonObject | null {
  const own = ownMembers(citation);
  if (citation.url === undefined) return typeof own.type === "string" ? own : null;
  return {
    type: "url_citation",
    url: citation.url,
    title: citation.title ?? citation.url,
    start_index: citation.start ?? 0,
    end_index: citation.end ?? text.length,
    ...own,
  };
}
