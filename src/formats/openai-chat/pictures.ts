import type { MediaPart } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, stringOf } from "../../exchange/read.ts";
import { dataUrl } from "../../lib/data-url.ts";
import type { AnswerContext } from "../codec.ts";
import { sourceOf } from "./content.ts";
import { extended, ownMembers } from "./own.ts";

/** Pictures in an answer, as OpenRouter has them: `images: [{type: "image_url", image_url: {url}}]`. */
export function readImages(value: unknown): MediaPart[] {
  return arrayOf(value).flatMap((image) => {
    const inner = isRecord(image) ? image.image_url : undefined;
    const url = isRecord(inner) ? stringOf(inner.url) : stringOf(inner);
    return url === undefined ? [] : [{ kind: "media" as const, media: "image" as const, ...sourceOf(url) }];
  });
}

/** The spoken answer: `audio` {id, data, transcript, expires_at}. Its MIME type is what the client asked for. */
export function readSpeech(value: unknown): MediaPart[] {
  if (!isRecord(value) || typeof value.data !== "string") return [];
  const { data, ...rest } = value;
  return [{ kind: "media", media: "audio", source: { kind: "base64", data }, ...extended(rest) }];
}

/** The members of a message, or of a delta, that hold a picture or sound; null for what this format has no place for. */
export function writeMedia(part: MediaPart, index: number, context: AnswerContext): JsonObject | null {
  const { media, source, mimeType } = part;
  if (media === "image" && (source.kind === "base64" || source.kind === "url")) {
    const url = source.kind === "url" ? source.url : dataUrl(mimeType ?? "image/png", source.data);
    return { images: [{ type: "image_url", image_url: { url }, index }] };
  }
  if (media !== "audio" || source.kind !== "base64") return null;
  const { id, transcript, expires_at: expires } = ownMembers(part) ?? {};
  const audio = {
    id: stringOf(id) ?? `audio_${context.newId()}`,
    data: source.data,
    transcript: stringOf(transcript) ?? "",
    expires_at: expires ?? context.now(),
  };
  return { audio };
}
