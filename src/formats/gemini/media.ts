import type { Losses } from "../../exchange/losses.ts";
import type { MediaPart } from "../../exchange/parts.ts";
import { type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { parseDataUrl } from "../../lib/data-url.ts";
import { camelCasedOf } from "./names.ts";

type Media = Pick<MediaPart, "media" | "mimeType" | "source" | "name">;

/** What a file's name ends with, for a link that does not say its type. */
const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heif",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  html: "text/html",
  csv: "text/csv",
  xml: "text/xml",
  json: "application/json",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  ogg: "audio/ogg",
  flac: "audio/flac",
  aac: "audio/aac",
  m4a: "audio/mp4",
  mp4: "video/mp4",
  mov: "video/quicktime",
  webm: "video/webm",
  mpeg: "video/mpeg",
};

/** How the base64 text of a file begins. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBERi", "application/pdf"],
];

/** Sent where a type has to be and nothing tells it. */
const DEFAULT_TYPES: Readonly<Record<MediaPart["media"], string>> = {
  image: "image/png",
  document: "application/pdf",
  audio: "audio/wav",
  video: "video/mp4",
};

/** Reads `inlineData`; null where it has no data. */
export function readInlineData(value: unknown): { media: Media; rest: JsonObject | undefined } | null {
  const blob = camelCasedOf(value);
  const data = stringOf(blob?.data);
  if (blob === undefined || data === undefined) return null;
  const mimeType = stringOf(blob.mimeType)?.toLowerCase();
  const name = stringOf(blob.displayName);
  const media: Media = {
    media: mediaOf(mimeType),
    source: { kind: "base64", data },
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(name === undefined ? {} : { name }),
  };
  return { media, rest: restOf(blob, INLINE_DATA) };
}

/** `displayName` is no member of these: only Vertex takes it, so it goes back to where it came from. */
const INLINE_DATA: ReadonlySet<string> = new Set(["data", "mimeType"]);

/** Reads `fileData`; null where it names no file. Files that were uploaded to Google are known by their addresses. */
export function readFileData(value: unknown): { media: Media; rest: JsonObject | undefined } | null {
  const file = camelCasedOf(value);
  const uri = stringOf(file?.fileUri);
  if (file === undefined || uri === undefined) return null;
  const mimeType = stringOf(file.mimeType)?.toLowerCase();
  const name = stringOf(file.displayName);
  const media: Media = {
    media: mimeType === undefined && isYouTube(uri) ? "video" : mediaOf(mimeType ?? typeOfPath(uri)),
    source: isUploaded(uri) ? { kind: "file", id: uri } : { kind: "url", url: uri },
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(name === undefined ? {} : { name }),
  };
  return { media, rest: restOf(file, FILE_DATA) };
}

const FILE_DATA: ReadonlySet<string> = new Set(["fileUri", "mimeType"]);

/** The member of a part that holds the media. `where` names it in what is lost or refused. */
export function writeMedia(part: MediaPart, where: string, losses: Losses): Record<string, unknown> {
  if (part.name !== undefined && part.extensions?.gemini === undefined) losses.add(`${where}.name`);
  if (part.detail !== undefined && part.detail !== "auto") losses.add(`${where}.detail: ${part.detail}`);
  const { source } = part;
  switch (source.kind) {
    case "base64":
      return inlineData(
        part.mimeType ?? typeOfData(source.data) ?? guessed(part, where, losses),
        source.data,
      );
    case "text":
      return inlineData("text/plain", Buffer.from(source.text).toString("base64"));
    case "file":
      if (!isUploaded(source.id)) {
        losses.refuse(`${where}: file ${source.id}`, "it was uploaded to another provider.");
      }
      return fileData(part.mimeType, source.id);
    case "url":
      return writeLink(part, source.url, where, losses);
  }
}

function writeLink(part: MediaPart, url: string, where: string, losses: Losses): Record<string, unknown> {
  const inline = parseDataUrl(url);
  if (inline !== null) {
    const mimeType = inline.mimeType || part.mimeType;
    return inlineData(mimeType ?? typeOfData(inline.data) ?? guessed(part, where, losses), inline.data);
  }
  if (part.mimeType !== undefined || isYouTube(url)) return fileData(part.mimeType, url);
  return fileData(typeOfPath(url) ?? guessed(part, where, losses), url);
}

function guessed(part: MediaPart, where: string, losses: Losses): string {
  const mimeType = DEFAULT_TYPES[part.media];
  losses.add(`${where}.mimeType: guessed to be ${mimeType}`);
  return mimeType;
}

function inlineData(mimeType: string, data: string) {
  return { inlineData: { mimeType, data } };
}

function fileData(mimeType: string | undefined, fileUri: string) {
  return { fileData: mimeType === undefined ? { fileUri } : { mimeType, fileUri } };
}

function mediaOf(mimeType: string | undefined): MediaPart["media"] {
  const kind = mimeType?.slice(0, mimeType.indexOf("/"));
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "document";
}

function typeOfData(data: string): string | undefined {
  return BEGINNINGS.find(([beginning]) => data.startsWith(beginning))?.[1];
}

function typeOfPath(url: string): string | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  return Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined;
}

/** Whether the address is of Google's Files API or of Cloud Storage. */
function isUploaded(uri: string): boolean {
  return uri.startsWith("gs://") || uri.startsWith("https://generativelanguage.googleapis.com/");
}

function isYouTube(url: string): boolean {
  return url.startsWith("https://www.youtube.com/") || url.startsWith("https://youtu.be/");
}
