import type { MediaPart, NativePart, Part, TextPart } from "../../exchange/parts.ts";
import { dataUrl } from "../../lib/data-url.ts";
import type { RequestContext } from "../codec.ts";
import { FORMAT, ownMembers, tagged } from "./own.ts";
import type { Dialect } from "./providers.ts";

/** For whom content is written, and where it stands, as `messages[2]`. */
export interface ContentPlace {
  readonly context: RequestContext;
  readonly dialect: Dialect;
  readonly path: string;
}

/** Content of a message: plain text where it is one text without marks, else parts. */
export function writeContent(parts: readonly Part[], place: ContentPlace): string | object[] {
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1 && first.kind === "text" && isPlain(first, place.dialect)) return first.text;
  return parts.flatMap((part, index) => writePart(part, { ...place, path: `${place.path}.parts[${index}]` }));
}

/** Whether a text needs no part around it. */
export function isPlain(part: TextPart, dialect: Dialect): boolean {
  return ownMembers(part) === undefined && (part.cache === undefined || !dialect.cacheMarks);
}

function writePart(part: Part, place: ContentPlace): object[] {
  switch (part.kind) {
    case "text":
    case "refusal":
      return [writeText(part, place.dialect)];
    case "media":
      return [writeMedia(part, place)];
    case "native":
      return writeNative(part, place);
    default:
      place.context.losses.add(`${place.path}: ${part.kind}`);
      return [];
  }
}

/** A part that this format alone has goes as it came; of another it is left out. */
export function writeNative(part: NativePart, { context, path }: ContentPlace): object[] {
  if (part.format === FORMAT && typeof part.value === "object" && part.value !== null) return [part.value];
  context.losses.add(`${path}: ${part.type}`);
  return [];
}

export function writeText(part: Extract<Part, { kind: "text" | "refusal" }>, dialect: Dialect): object {
  if (part.kind === "refusal") return { type: "refusal", refusal: part.text, ...ownMembers(part) };
  return { type: "text", text: part.text, ...markOf(part, dialect), ...ownMembers(part) };
}

function markOf({ cache }: TextPart | MediaPart, dialect: Dialect): object {
  if (cache === undefined || !dialect.cacheMarks) return {};
  return {
    cache_control: { type: "ephemeral", ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) },
  };
}

function writeMedia(part: MediaPart, place: ContentPlace): object {
  const outside = (type: string) => ({ type, ...markOf(part, place.dialect) });
  const own = ownMembers(part);
  switch (part.media) {
    case "image":
      return tagged(own, "image_url", outside("image_url"), {
        url: urlOf(part, "image/png", place),
        ...(part.detail === undefined ? {} : { detail: part.detail }),
      });
    case "audio":
      return tagged(own, "input_audio", outside("input_audio"), audioOf(part, place));
    case "video":
      if (!place.dialect.links && own === undefined)
        place.context.losses.refuse(place.path, "it takes no films.");
      return tagged(own, "video_url", outside("video_url"), { url: urlOf(part, "video/mp4", place) });
    case "document":
      return writeDocument(part, own, place);
  }
}

function writeDocument(part: MediaPart, own: ReturnType<typeof ownMembers>, place: ContentPlace): object {
  const { source, name, mimeType = "application/pdf" } = part;
  // Plain text says the same to the model as a file that holds it, and every provider takes it.
  if (source.kind === "text") return { type: "text", text: source.text, ...markOf(part, place.dialect) };
  const filename = name === undefined ? {} : { filename: name };
  const outside = { type: "file", ...markOf(part, place.dialect) };
  switch (source.kind) {
    case "file":
      return tagged(own, "file", outside, { file_id: source.id, ...filename });
    case "base64":
      // OpenAI refuses data without a name.
      return tagged(own, "file", outside, {
        filename: "document.pdf",
        ...filename,
        file_data: dataUrl(mimeType, source.data),
      });
    case "url":
      if (!place.dialect.links)
        place.context.losses.refuse(place.path, "it takes files inline or by id, not by URL.");
      return tagged(own, "file", outside, { ...filename, file_data: source.url });
  }
}

/** The URL of an image or film, with what it holds where it is inline. */
function urlOf(part: MediaPart, defaultType: string, { context, path }: ContentPlace): string {
  const { source } = part;
  switch (source.kind) {
    case "url":
      return source.url;
    case "base64":
      return dataUrl(part.mimeType ?? defaultType, source.data);
    default:
      return context.losses.refuse(
        path,
        `it takes no ${part.media} by ${source.kind}, only inline or by URL.`,
      );
  }
}

function audioOf(part: MediaPart, { context, path }: ContentPlace): object {
  const { source, mimeType = "audio/wav" } = part;
  if (source.kind !== "base64") return context.losses.refuse(path, "it takes sound inline only.");
  return { data: source.data, format: AUDIO_FORMATS.get(mimeType) ?? mimeType.slice("audio/".length) };
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ["audio/mpeg", "mp3"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
]);
