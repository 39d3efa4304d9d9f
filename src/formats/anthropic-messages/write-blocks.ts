import type { Losses } from "../../exchange/losses.ts";
import type { CacheMark, MediaPart, NativePart, TextPart, ToolResultPart } from "../../exchange/parts.ts";
import { invalid, isRecord } from "../../exchange/read.ts";
import { parseDataUrl } from "../../lib/data-url.ts";
import { BLOCKS, isMarked, ownMembers } from "./extensions.ts";
import {
  type Block,
  type CacheControl,
  type DocumentBlock,
  FORMAT,
  type ImageBlock,
  type NativeBlock,
  type ResultBlock,
  type Source,
  type TextBlock,
  type ToolResultBlock,
} from "./wire.ts";

export function cacheControl(cache: CacheMark | undefined): { cache_control?: CacheControl } {
  return cache === undefined ? {} : { cache_control: { type: "ephemeral", ...cache } };
}

/** A text for a request; null where it has no words, which the API refuses. White space is taken from a model only. */
export function writeText(part: TextPart, at: string, losses: Losses, ofModel = false): TextBlock | null {
  if (part.text === "" || (!ofModel && part.text.trim() === "")) return null;
  const citations = (part.citations ?? []).flatMap(({ extensions }) => {
    const own = extensions?.[FORMAT];
    return own === undefined ? [] : [own];
  });
  if (citations.length < (part.citations?.length ?? 0)) losses.add(`${at}.citations`);
  return {
    type: "text",
    text: part.text,
    ...(citations.length === 0 ? {} : { citations }),
    ...cacheControl(part.cache),
    ...ownMembers(part.extensions),
  };
}

/** Whether a text says nothing that a string would not. */
export function isPlain(block: Block): block is TextBlock {
  return block.type === "text" && Object.keys(block).length === 2;
}

/** The input of a tool call, which the API wants as an object. Throws a GatewayError invalid_request where it is none. */
export function inputOf(call: { id: string; arguments: string }, at: string): object {
  try {
    const input: unknown = JSON.parse(call.arguments);
    if (isRecord(input)) return input;
  } catch {
    // Told below, as what is JSON but no object is.
  }
  throw invalid(at, `is the tool call ${call.id.slice(0, 80)}, whose arguments are not a JSON object`);
}

export function writeMedia(
  part: MediaPart,
  at: string,
  losses: Losses,
): ImageBlock | DocumentBlock | NativeBlock {
  const own = ownMembers(part.extensions);
  if (own.type === "search_result") return own as NativeBlock;
  if (part.media === "audio" || part.media === "video")
    losses.refuse(`${at}: ${part.media}`, "it takes images and documents only");
  if (part.detail !== undefined && part.detail !== "auto") losses.add(`${at}.detail`);
  const rest = { ...cacheControl(part.cache), ...own };
  const { source, mimeType } = inlined(part);
  if (part.media === "image" || mimeType?.startsWith("image/") === true)
    return { type: "image", source: imageSource(source, mimeType, at, losses), ...rest } satisfies ImageBlock;
  return {
    type: "document",
    source: documentSource(source, mimeType, part.name, at, losses),
    ...(part.name === undefined ? {} : { title: part.name }),
    ...rest,
  } satisfies DocumentBlock;
}

/** A `data:` URL, as OpenAI's formats write inline media, told as what it holds. */
function inlined({ source, mimeType }: MediaPart): Pick<MediaPart, "source" | "mimeType"> {
  const inline = source.kind === "url" ? parseDataUrl(source.url) : null;
  if (inline !== null) return { source: { kind: "base64", data: inline.data }, mimeType: inline.mimeType };
  return { source, ...(mimeType === undefined ? {} : { mimeType }) };
}

/** How the base64 of each kind of image begins. */
const IMAGES = [
  ["/9j/", "image/jpeg"],
  ["iVBOR", "image/png"],
  ["R0lG", "image/gif"],
  ["UklGR", "image/webp"],
] as const;

function imageSource(
  source: MediaPart["source"],
  mimeType: string | undefined,
  at: string,
  losses: Losses,
): Source {
  switch (source.kind) {
    case "base64": {
      const told = mimeType === undefined || mimeType === "image/*" ? undefined : mimeType;
      const seen = IMAGES.find(([start]) => source.data.startsWith(start))?.[1];
      // A camera's common name for JPEG, which the API does not know.
      const type = told === "image/jpg" ? "image/jpeg" : (told ?? seen ?? "image/png");
      return { type: "base64", media_type: type, data: source.data };
    }
    case "url":
      return { type: "url", url: source.url };
    case "file":
      return fileSource(source.id, at, losses);
    case "text":
      return losses.refuse(at, "an image cannot be given as text");
  }
}

function documentSource(
  source: MediaPart["source"],
  mimeType: string | undefined,
  name: string | undefined,
  at: string,
  losses: Losses,
): Source {
  switch (source.kind) {
    case "base64": {
      if (isPdf(source.data, mimeType, name))
        return { type: "base64", media_type: "application/pdf", data: source.data };
      if (isText(mimeType))
        return {
          type: "text",
          media_type: "text/plain",
          data: Buffer.from(source.data, "base64").toString(),
        };
      return losses.refuse(
        `${at}: ${mimeType ?? "a document of unknown type"}`,
        "it takes PDF and plain text",
      );
    }
    case "url":
      return { type: "url", url: source.url };
    case "file":
      return fileSource(source.id, at, losses);
    case "text":
      return { type: "text", media_type: "text/plain", data: source.text };
  }
}

function isPdf(data: string, mimeType: string | undefined, name: string | undefined): boolean {
  if (mimeType !== undefined && mimeType !== "application/octet-stream")
    return mimeType === "application/pdf";
  // "%PDF-" in base64.
  return data.startsWith("JVBERi") || name?.toLowerCase().endsWith(".pdf") === true;
}

const TEXTS: ReadonlySet<string> = new Set([
  "application/json",
  "application/xml",
  "application/yaml",
  "application/javascript",
]);

function isText(mimeType: string | undefined): boolean {
  return mimeType !== undefined && (mimeType.startsWith("text/") || TEXTS.has(mimeType.split(";")[0]!));
}

function fileSource(id: string, at: string, losses: Losses): Source {
  // OpenAI's ids begin with `file-`, Google's are addresses.
  if (id.startsWith("file-") || id.includes("/"))
    losses.refuse(`${at}: file ${id.slice(0, 60)}`, "it was uploaded to another provider");
  return { type: "file", file_id: id };
}

/** A tool's result under the call's id on the wire. */
export function writeResult(
  part: ToolResultPart,
  toolUseId: string,
  at: string,
  losses: Losses,
): ToolResultBlock {
  const blocks = resultBlocks(part, at, losses);
  const [only] = blocks;
  const asString = blocks.length === 1 && isPlain(only!) && !isMarked(part.extensions, BLOCKS);
  return {
    type: "tool_result",
    tool_use_id: toolUseId,
    ...(blocks.length === 0 ? {} : { content: asString ? (only as TextBlock).text : blocks }),
    ...(part.isError === undefined ? {} : { is_error: part.isError }),
    ...cacheControl(part.cache),
    ...ownMembers(part.extensions),
  };
}

/** A block that this API alone has, as it came; nothing of another's. */
export function writeNative(part: NativePart, at: string, losses: Losses): NativeBlock[] {
  if (part.format === FORMAT) return [part.value as NativeBlock];
  losses.add(`${at}: ${part.type}`);
  return [];
}

export function listed<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

/** The blocks of a result's content. */
export function resultBlocks(part: ToolResultPart, at: string, losses: Losses): ResultBlock[] {
  return part.parts.flatMap((inner, index): ResultBlock[] => {
    const place = `${at}.parts[${index}]`;
    switch (inner.kind) {
      case "text":
        // A string may be without words where a block may not.
        if (part.parts.length === 1 && inner.text.trim() === "") return [{ type: "text", text: inner.text }];
        return listed(writeText(inner, place, losses));
      case "media":
        return [writeMedia(inner, place, losses)];
      default:
        return writeNative(inner, place, losses);
    }
  });
}
