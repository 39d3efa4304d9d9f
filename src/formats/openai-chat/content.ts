import type { CacheMark, MediaPart, TextPart } from "../../exchange/parts.ts";
import {
  invalid,
  isRecord,
  type JsonObject,
  optionalString,
  requiredRecord,
  requiredString,
  stringOf,
} from "../../exchange/read.ts";
import { parseDataUrl } from "../../lib/data-url.ts";
import { extended, restOfTagged } from "./own.ts";

const TEXT = new Set(["type", "text"]);
const IMAGE = new Set(["type", "image_url"]);
const AUDIO = new Set(["type", "input_audio"]);
const FILE = new Set(["type", "file"]);
const VIDEO = new Set(["type", "video_url"]);
const IMAGE_INSIDE = new Set(["url", "detail"]);
const AUDIO_INSIDE = new Set(["data", "format"]);
const FILE_INSIDE = new Set(["file_data", "file_id", "filename"]);
const VIDEO_INSIDE = new Set(["url"]);

/** Reads the content of a user's, system, developer or tool message: text or parts. Throws invalid_request. */
export function readContent(content: unknown, param: string): (TextPart | MediaPart)[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(param, "must be a string or an array of parts");
  const alone = content.length === 1;
  return content.map((part, index) => {
    const read = readPart(part, `${param}[${index}]`);
    // A lone text part is written as a plain string unless it says that it was none.
    return alone && read.kind === "text" && read.extensions === undefined
      ? { ...read, ...extended({}) }
      : read;
  });
}

function readPart(value: unknown, param: string): TextPart | MediaPart {
  const part = requiredRecord(value, param);
  const cache = readCache(part);
  switch (part.type) {
    case "text":
      return readText(part, param);
    case "image_url":
      return { ...readImage(part, `${param}.image_url`), ...cache };
    case "input_audio":
      return { ...readAudio(part, `${param}.input_audio`), ...cache };
    case "file":
      return { ...readFile(part, `${param}.file`), ...cache };
    case "video_url":
      return { ...readVideo(part, `${param}.video_url`), ...cache };
    default:
      throw invalid(
        `${param}.type`,
        `is ${JSON.stringify(part.type)}; known are text, image_url, input_audio, file and video_url`,
      );
  }
}

export function readText(part: JsonObject, param: string): TextPart {
  const text = requiredString(part.text, `${param}.text`);
  return { kind: "text", text, ...readCache(part), ...extended(restOfTagged(part, "text", TEXT, TEXT)) };
}

/** OpenRouter takes Anthropic's mark on any part, OpenAI has its own. Both stay in the part's own members besides. */
export function readCache(part: JsonObject): { readonly cache?: CacheMark } {
  const mark = part.cache_control ?? part.prompt_cache_breakpoint;
  if (!isRecord(mark)) return {};
  const ttl = part.cache_control === undefined ? undefined : stringOf(mark.ttl);
  return { cache: ttl === undefined ? {} : { ttl } };
}

function readImage(part: JsonObject, param: string): MediaPart {
  // Mistral takes the URL itself in the object's place.
  const image = typeof part.image_url === "string" ? { url: part.image_url } : part.image_url;
  const { url, detail } = requiredRecord(image, param);
  const told = optionalString(detail, `${param}.detail`);
  return {
    kind: "media",
    media: "image",
    ...sourceOf(requiredString(url, `${param}.url`)),
    ...(told === undefined ? {} : { detail: told }),
    ...extended(restOfTagged(part, "image_url", IMAGE, IMAGE_INSIDE)),
  };
}

function readAudio(part: JsonObject, param: string): MediaPart {
  const audio = requiredRecord(part.input_audio, param);
  const format = requiredString(audio.format, `${param}.format`).toLowerCase();
  return {
    kind: "media",
    media: "audio",
    mimeType: format === "mp3" ? "audio/mpeg" : `audio/${format}`,
    source: { kind: "base64", data: requiredString(audio.data, `${param}.data`) },
    ...extended(restOfTagged(part, "input_audio", AUDIO, AUDIO_INSIDE)),
  };
}

function readFile(part: JsonObject, param: string): MediaPart {
  const file = requiredRecord(part.file, param);
  const data = optionalString(file.file_data, `${param}.file_data`);
  const id = optionalString(file.file_id, `${param}.file_id`);
  const name = optionalString(file.filename, `${param}.filename`);
  if (data === undefined && id === undefined) throw invalid(param, "must have file_data or file_id");
  return {
    kind: "media",
    media: "document",
    ...(data === undefined ? { source: { kind: "file", id: id ?? "" } as const } : fileSource(data, name)),
    ...(name === undefined ? {} : { name }),
    ...extended(restOfTagged(part, "file", FILE, FILE_INSIDE)),
  };
}

function readVideo(part: JsonObject, param: string): MediaPart {
  const { url } = requiredRecord(part.video_url, param);
  return {
    kind: "media",
    media: "video",
    ...sourceOf(requiredString(url, `${param}.url`)),
    ...extended(restOfTagged(part, "video_url", VIDEO, VIDEO_INSIDE)),
  };
}

type Sourced = Pick<MediaPart, "source" | "mimeType">;

/** What a URL leads to: what it holds itself, or a place. */
export function sourceOf(url: string): Sourced {
  const inline = parseDataUrl(url);
  if (inline === null) return { source: { kind: "url", url } };
  return {
    source: { kind: "base64", data: inline.data },
    ...(inline.mimeType === "" ? {} : { mimeType: inline.mimeType }),
  };
}

/** A file's data is a data URL by the reference, base64 alone by its words, and a place at OpenRouter. */
function fileSource(data: string, name: string | undefined): Sourced {
  if (data.startsWith("data:") || data.startsWith("https://") || data.startsWith("http://"))
    return sourceOf(data);
  const isPdf = name?.toLowerCase().endsWith(".pdf");
  return { source: { kind: "base64", data }, ...(isPdf ? { mimeType: "application/pdf" } : {}) };
}
