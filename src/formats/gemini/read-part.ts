import type { MediaPart, NativePart, Part } from "../../exchange/parts.ts";
import { isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { extended, type Marks } from "./extensions.ts";
import { readFileData, readInlineData } from "./media.ts";
import { camelCased, camelCasedOf } from "./names.ts";
import { NO_SIGNATURE, readSignature } from "./signature.ts";
import { readFunctionResponse } from "./tool-results.ts";

/** Parts that Gemini alone has: what its hosted tools ran and found. */
const NATIVE = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] as const;

const KNOWN: ReadonlySet<string> = new Set([
  "text",
  "thought",
  "thoughtSignature",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
]);
const FUNCTION_CALL: ReadonlySet<string> = new Set(["id", "name", "args", "partialArgs", "willContinue"]);

/** What is wrong with a part without members. */
export const EMPTY_PART = "is empty";

/**
 * Reads a part of a request or of an answer; a text of words that say what is wrong with it where it cannot be read.
 * A call or result without an id is given `newId()`.
 */
export function readPart(value: unknown, newId: () => string): Part | string {
  if (!isRecord(value)) return "must be an object";
  const part = camelCased(value);
  // What says that there is none is no seal.
  const signature = part.thoughtSignature === NO_SIGNATURE ? undefined : part.thoughtSignature;
  if (signature !== undefined && typeof signature !== "string")
    return "has a thoughtSignature that is no string";
  if (part.text !== undefined) return readText(part, signature);
  if (part.functionCall !== undefined) return readFunctionCall(part, signature, newId);
  if (part.inlineData !== undefined || part.fileData !== undefined) return readMediaPart(part, signature);
  if (part.functionResponse !== undefined)
    return readFunctionResponse(part.functionResponse, rest(part), newId);
  const native = NATIVE.find((type) => part[type] !== undefined);
  if (native !== undefined) return nativePart(native, value);
  if (signature !== undefined) return readText({ ...part, text: "" }, signature);
  const names = Object.keys(part);
  return names.length === 0 ? EMPTY_PART : `is of a kind that is not known: ${names.join(", ")}`;
}

/** What an answer holds that cannot be read, or that Gemini alone has. */
export function nativePart(type: string, value: unknown): NativePart {
  return { kind: "native", format: "gemini", type, value };
}

function readText(part: JsonObject, signature: string | undefined): Part | string {
  const { text, thought } = part;
  if (typeof text !== "string") return "has a text that is no string";
  const signed = signature === undefined ? undefined : readSignature(signature);
  const seal = signed === undefined ? {} : { seal: signed.seal };
  const extensions = extended(rest(part));
  if (thought !== true) return { kind: "text", text, ...seal, ...extensions };
  return { kind: "reasoning", text, ...(signed?.redacted ? { redacted: true } : {}), ...seal, ...extensions };
}

function readFunctionCall(
  part: JsonObject,
  signature: string | undefined,
  newId: () => string,
): Part | string {
  const call = camelCasedOf(part.functionCall);
  if (call === undefined) return "has a functionCall that is no object";
  const name = stringOf(call.name);
  if (name === undefined || name === "") return "has a functionCall without a name";
  if (call.args !== undefined && !isRecord(call.args)) return "has a functionCall whose args are no object";
  const id = stringOf(call.id);
  const marks: Marks | undefined = id ? undefined : { noId: true };
  const inner = restOf(call, FUNCTION_CALL);
  const outer = rest(part);
  return {
    kind: "tool-call",
    id: id || newId(),
    name,
    arguments: call.args === undefined ? "{}" : JSON.stringify(call.args),
    ...(signature === undefined ? {} : { seal: readSignature(signature).seal }),
    ...extended(inner === undefined ? outer : { ...outer, functionCall: inner }, marks),
  };
}

function readMediaPart(part: JsonObject, signature: string | undefined): MediaPart | string {
  const member = part.inlineData === undefined ? "fileData" : "inlineData";
  const read = member === "inlineData" ? readInlineData(part.inlineData) : readFileData(part.fileData);
  if (read === null) return `has ${member} without ${member === "inlineData" ? "data" : "a fileUri"}`;
  const outer = part.thought === true ? { ...rest(part), thought: true } : rest(part);
  return {
    kind: "media",
    ...read.media,
    ...(signature === undefined ? {} : { seal: readSignature(signature).seal }),
    ...extended(read.rest === undefined ? outer : { ...outer, [member]: read.rest }),
  };
}

function rest(part: JsonObject): JsonObject | undefined {
  return restOf(part, KNOWN);
}
