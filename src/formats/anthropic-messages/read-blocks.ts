import type { MediaPart, NativePart, Part, TextPart, ToolResultPart } from "../../exchange/parts.ts";
import {
  arrayOf,
  invalid,
  isRecord,
  type JsonObject,
  optionalBoolean,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import { readCitation } from "./citations.ts";
import { BLOCKS, extended, isExactly } from "./extensions.ts";
import { readCommon } from "./read-common.ts";
import { readMedia, readSearchResult } from "./read-media.ts";
import { sealOf } from "./reasoning-blocks.ts";
import { FORMAT } from "./wire.ts";

const members = (...names: string[]): ReadonlySet<string> => new Set(["type", "cache_control", ...names]);
const TEXT = members("text", "citations");
const THINKING = members("thinking", "signature");
const REDACTED = members("data");
const TOOL_USE = members("id", "name", "input");
const TOOL_RESULT = members("tool_use_id", "content", "is_error");
const IMAGE = members("source");
const DOCUMENT = members("source", "title");

/** Types of block that only this API has, beside those whose names end in `_tool_use` and `_tool_result`. */
const NATIVE: ReadonlySet<string> = new Set([
  "server_tool_use",
  "container_upload",
  "compaction",
  "fallback",
  "mcp_tool_listing",
  "tool_addition",
  "tool_removal",
  "tool_reference",
  "browser_state",
]);

/**
 * Reads a message's or a result's content. `at` is its place. Throws a GatewayError invalid_request for a block of an
 * unknown type.
 */
export function readContent(content: unknown, at: string): Part[] {
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(at, "must be a string or an array of content blocks");
  return content.map((block, index) =>
    readBlock(requiredRecord(block, `${at}[${index}]`), `${at}[${index}]`),
  );
}

/** Whether content came as an array where a string would have said the same. */
export function isLoneText(content: unknown): boolean {
  return Array.isArray(content) && content.length === 1 && isExactly(content[0], "type", "text");
}

function readBlock(block: JsonObject, at: string): Part {
  const type = requiredString(block.type, `${at}.type`);
  switch (type) {
    case "text":
      return readText(block, at);
    case "thinking":
    case "redacted_thinking":
      return readThinking(type, block, at);
    case "tool_use":
      return {
        kind: "tool-call",
        id: requiredString(block.id, `${at}.id`),
        name: requiredString(block.name, `${at}.name`),
        arguments: JSON.stringify(requiredRecord(block.input ?? {}, `${at}.input`)),
        ...readCommon(block, TOOL_USE),
      };
    case "tool_result":
      return readResult(block, at);
    case "image":
      return readMedia("image", block, IMAGE, at);
    case "document":
      return readMedia("document", block, DOCUMENT, at);
    case "search_result":
      return readSearchResult(block, at);
    default:
      return readNative(type, block, at);
  }
}

function readText(block: JsonObject, at: string): TextPart {
  const cited = arrayOf(block.citations).filter(isRecord);
  const { cache, extensions } = readCommon(block, TEXT);
  // An empty list, or null, comes back as it was.
  const rest =
    cited.length > 0 || !("citations" in block)
      ? extensions
      : extended({ ...extensions?.[FORMAT], citations: block.citations }).extensions;
  return {
    kind: "text",
    text: requiredString(block.text, `${at}.text`),
    ...(cited.length === 0 ? {} : { citations: cited.map(readCitation) }),
    ...(cache === undefined ? {} : { cache }),
    ...(rest === undefined ? {} : { extensions: rest }),
  };
}

function readThinking(type: "thinking" | "redacted_thinking", block: JsonObject, at: string): Part {
  if (type === "redacted_thinking") {
    const seal = sealOf(requiredString(block.data, `${at}.data`));
    return {
      kind: "reasoning",
      text: "",
      redacted: true,
      ...(seal === undefined ? {} : { seal }),
      ...extended(restOf(block, REDACTED)),
    };
  }
  const seal = sealOf(stringOf(block.signature));
  return {
    kind: "reasoning",
    text: requiredString(block.thinking, `${at}.thinking`),
    ...(seal === undefined ? {} : { seal }),
    ...extended(restOf(block, THINKING)),
  };
}

function readResult(block: JsonObject, at: string): ToolResultPart {
  const content = block.content ?? [];
  const parts = readContent(content, `${at}.content`);
  for (const [index, part] of parts.entries()) {
    if (part.kind !== "text" && part.kind !== "media" && part.kind !== "native")
      throw invalid(
        `${at}.content[${index}].type`,
        "must be text, image, document, search_result or tool_reference",
      );
  }
  const isError = optionalBoolean(block.is_error, `${at}.is_error`);
  const { cache, extensions } = readCommon(block, TOOL_RESULT);
  return {
    kind: "tool-result",
    callId: requiredString(block.tool_use_id, `${at}.tool_use_id`),
    parts: parts as (TextPart | MediaPart | NativePart)[],
    ...(isError === undefined ? {} : { isError }),
    ...(cache === undefined ? {} : { cache }),
    ...(isLoneText(content)
      ? extended(extensions?.[FORMAT], BLOCKS)
      : extensions === undefined
        ? {}
        : { extensions }),
  };
}

function readNative(type: string, block: JsonObject, at: string): NativePart {
  if (!NATIVE.has(type) && !type.endsWith("_tool_use") && !type.endsWith("_tool_result"))
    throw invalid(`${at}.type`, `is no type of content block: ${type.slice(0, 40)}`);
  return { kind: "native", format: FORMAT, type, value: block };
}
