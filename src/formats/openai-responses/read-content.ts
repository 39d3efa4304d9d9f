import type { MediaPart, MediaSource, TextPart } from "../../exchange/parts.ts";
import {
  invalid,
  isRecord,
  type JsonObject,
  optionalString,
  requiredRecord,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import { parseDataUrl } from "../../lib/data-url.ts";
import { extended } from "./own.ts";

const TEXT_MEMBERS = new Set(["type", "text"]);
const IMAGE_MEMBERS = new Set(["type", "image_url", "file_id", "detail"]);
const FILE_MEMBERS = new Set(["type", "file_data", "file_id", "file_url", "filename", "detail"]);
const AUDIO_MEMBERS = new Set(["type", "input_audio"]);

/** Reads a part of a user's, system or developer message, or of a tool's output. Throws invalid_request. */
export function readInputPart(value: unknown, param: string): TextPart | MediaPart {
  const part = requiredRecord(value, param);
  switch (part.type) {
    case "input_text":
    case "output_text":
    case "text":
      return readText(part, param);
    case "input_image":
      return readImage(part, param);
    case "input_file":
      return readFile(part, param);
    case "input_audio":
      return readAudio(part, param);
    case "input_video":
      return {
        kind: "media",
        media: "video",
        ...linked(requiredString(part.video_url, `${param}.video_url`)),
      };
    default:
      throw invalid(`${param}.type`, `is ${JSON.stringify(part.type)}, which is no type of content`);
  }
}

function readText(part: JsonObject, param: string): TextPart {
  const rest = restOf(part, TEXT_MEMBERS);
  const cache = isRecord(part.prompt_cache_breakpoint) ? { cache: {} } : {};
  return { kind: "text", text: requiredString(part.text, `${param}.text`), ...cache, ...extended(rest) };
}

function readImage(part: JsonObject, param: string): MediaPart {
  const url = optionalString(part.image_url, `${param}.image_url`);
  const file = optionalString(part.file_id, `${param}.file_id`);
  const detail = optionalString(part.detail, `${param}.detail`);
  if (url === undefined && file === undefined) throw invalid(param, "needs image_url or file_id");
  return {
    kind: "media",
    media: "image",
    ...(url === undefined ? { source: { kind: "file", id: file ?? "" } } : linked(url)),
    ...(detail === undefined ? {} : { detail }),
    ...(isRecord(part.prompt_cache_breakpoint) ? { cache: {} } : {}),
    ...extended(restOf(part, IMAGE_MEMBERS)),
  };
}

function readFile(part: JsonObject, param: string): MediaPart {
  const data = optionalString(part.file_data, `${param}.file_data`);
  const url = optionalString(part.file_url, `${param}.file_url`);
  const file = optionalString(part.file_id, `${param}.file_id`);
  const name = optionalString(part.filename, `${param}.filename`);
  const detail = optionalString(part.detail, `${param}.detail`);
  if (data === undefined && url === undefined && file === undefined)
    throw invalid(param, "needs file_data, file_url or file_id");
  return {
    kind: "media",
    media: "document",
    ...documentSource(data, url, file ?? ""),
    ...(name === undefined ? {} : { name }),
    ...(detail === undefined ? {} : { detail }),
    ...(isRecord(part.prompt_cache_breakpoint) ? { cache: {} } : {}),
    ...extended(restOf(part, FILE_MEMBERS)),
  };
}

function documentSource(data: string | undefined, url: string | undefined, id: string): Sourced {
  if (url !== undefined) return linked(url);
  if (data === undefined) return { source: { kind: "file", id } };
  return data.startsWith("data:") ? linked(data) : { source: { kind: "base64", data } };
}

function readAudio(part: JsonObject, param: string): MediaPart {
  const audio = requiredRecord(part.input_audio, `${param}.input_audio`);
  const data = requiredString(audio.data, `${param}.input_audio.data`);
  const format = requiredString(audio.format, `${param}.input_audio.format`);
  return {
    kind: "media",
    media: "audio",
    mimeType: format === "mp3" ? "audio/mpeg" : `audio/${format}`,
    source: { kind: "base64", data },
    ...extended(restOf(part, AUDIO_MEMBERS)),
  };
}

interface Sourced {
  readonly source: MediaSource;
  readonly mimeType?: string;
}

/** What a URL leads to, which is what it holds where it is a data URL. */
function linked(url: string): Sourced {
  const inline = parseDataUrl(url);
  if (inline === null) return { source: { kind: "url", url } };
  return {
    source: { kind: "base64", data: inline.data },
    ...(inline.mimeType === "" ? {} : { mimeType: inline.mimeType }),
  };
}
