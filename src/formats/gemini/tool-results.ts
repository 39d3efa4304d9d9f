import type { Losses } from "../../exchange/losses.ts";
import type { MediaPart, TextPart, ToolResultPart } from "../../exchange/parts.ts";
import { arrayOf, isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { extended, marksOf, restored } from "./extensions.ts";
import { readFileData, readInlineData, writeMedia } from "./media.ts";
import { camelCased, camelCasedOf } from "./names.ts";
import type { FunctionResponse, WirePart } from "./wire.ts";

/**
 * A function's result is an object on the wire, of which `output` is what the function gave and `error` what went wrong
 * (ai.google.dev/api/caching#FunctionResponse). Any other object is the output as a whole.
 */
const RESPONSE: ReadonlySet<string> = new Set(["id", "name", "response", "parts"]);

/** Reads `functionResponse`; words on what is wrong where it cannot be. `outer` are the part's other members. */
export function readFunctionResponse(
  value: unknown,
  outer: JsonObject | undefined,
  newId: () => string,
): ToolResultPart | string {
  const result = camelCasedOf(value);
  if (result === undefined) return "has a functionResponse that is no object";
  // Amp's subagents leave the name out where the call had an id: the call has it.
  const name = stringOf(result.name);
  if (result.response !== undefined && !isRecord(result.response))
    return "has a functionResponse whose response is no object";
  const response: JsonObject = result.response ?? {};
  const media = arrayOf(result.parts).map(readMediaOfResult);
  if (media.includes(null)) return "has a functionResponse with parts that are no media";
  const plain = media.every((read) => read?.exact);
  const id = stringOf(result.id);
  const { text, isError, exact } = readResponse(response);
  const inner: JsonObject = {
    ...restOf(result, RESPONSE),
    ...(exact ? {} : { response }),
    ...(plain ? {} : { parts: result.parts }),
  };
  return {
    kind: "tool-result",
    callId: id || newId(),
    ...(name ? { name } : {}),
    parts: [
      ...(text === null ? [] : [{ kind: "text" as const, text }]),
      ...media.flatMap((read) => (read === null ? [] : [read.part])),
    ],
    ...(isError ? { isError } : {}),
    ...extended(
      Object.keys(inner).length === 0 ? outer : { ...outer, functionResponse: inner },
      id ? undefined : { noId: true },
    ),
  };
}

/** `exact` where writing the text again gives the same object. */
function readResponse(response: JsonObject): { text: string | null; isError: boolean; exact: boolean } {
  const keys = Object.keys(response);
  if (keys.length === 1 && (keys[0] === "output" || keys[0] === "error")) {
    const value = response[keys[0]];
    const exact = typeof value === "string";
    return { text: exact ? value : JSON.stringify(value), isError: keys[0] === "error", exact };
  }
  return { text: keys.length === 0 ? null : JSON.stringify(response), isError: false, exact: false };
}

function readMediaOfResult(value: unknown): { part: MediaPart; exact: boolean } | null {
  const part = isRecord(value) ? camelCased(value) : {};
  const read = part.inlineData === undefined ? readFileData(part.fileData) : readInlineData(part.inlineData);
  if (read === null) return null;
  return { part: { kind: "media", ...read.media }, exact: read.rest === undefined };
}

/** A function's response as a part, and what cannot stand inside of it and goes beside. */
export interface WrittenResult {
  readonly part: WirePart;
  readonly beside: readonly WirePart[];
}

/**
 * Writes the result of a call of the function `name`. Media stand in the response where the model takes them there
 * (`mediaInside`), otherwise beside it.
 */
export function writeResult(
  result: ToolResultPart,
  { name, where, mediaInside, losses }: { name: string; where: string; mediaInside: boolean; losses: Losses },
): WrittenResult {
  const { functionResponse: inner, ...outer } = restored(result.extensions) ?? {};
  const texts: TextPart[] = [];
  const inside: Required<FunctionResponse>["parts"][number][] = [];
  const beside: WirePart[] = [];
  result.parts.forEach((part, index) => {
    const place = `${where}.parts[${index}]`;
    if (part.kind === "text") texts.push(part);
    else if (part.kind === "native") losses.add(`${place}: ${part.type}`);
    else {
      const media = writeMedia(part, place, losses);
      if (mediaInside && "inlineData" in media) inside.push(media as (typeof inside)[number]);
      else beside.push(media);
    }
  });
  const text = texts.map((part) => part.text).join("\n");
  const functionResponse: FunctionResponse = {
    ...(marksOf(result.extensions).noId ? {} : { id: result.callId }),
    name,
    response: responseOf(
      text,
      texts.length > 0 || !result.parts.length,
      result.isError === true,
      beside.length > 0,
    ),
    ...(inside.length === 0 ? {} : { parts: inside }),
    ...(isRecord(inner) ? inner : {}),
  };
  return { part: { functionResponse, ...outer }, beside };
}

function responseOf(text: string, said: boolean, isError: boolean, filesFollow: boolean): object {
  if (isError) return { error: text };
  if (said) return { output: text };
  return { output: filesFollow ? "The result is the file that follows." : "" };
}
