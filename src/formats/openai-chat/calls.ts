import type { ToolCallPart } from "../../exchange/parts.ts";
import { invalid, isRecord, type JsonObject, optionalRecord, restOf, stringOf } from "../../exchange/read.ts";
import { extended, ownMembers, restOfTagged, tagged } from "./own.ts";
import { readSignature, withoutSignature, withSignature } from "./signatures.ts";
import type { SealReader } from "./thoughts.ts";

const OUTSIDE = new Set(["id", "type", "function", "custom"]);
const INDEX = new Set(["index"]);
const FUNCTION = new Set(["name", "arguments"]);
const CUSTOM = new Set(["name", "input"]);

/** A fresh id for a call that came without one. */
export function madeCallId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}

/** A call in a client's history. Throws invalid_request. */
export function readHistoryCall(value: unknown, param: string, sealOf: SealReader): ToolCallPart {
  const call = optionalRecord(value, param);
  if (call === undefined) throw invalid(param, "must be an object");
  const type = call.type ?? "function";
  if (type !== "function" && type !== "custom")
    throw invalid(`${param}.type`, `is ${JSON.stringify(type)}; known are function and custom`);
  const inner = call[type];
  if (!isRecord(inner)) throw invalid(`${param}.${type}`, "must be an object");
  if (typeof inner.name !== "string" || inner.name === "")
    throw invalid(`${param}.${type}.name`, "must be a string that is not empty");
  const text = inner[type === "custom" ? "input" : "arguments"];
  // Some clients send the arguments as the object that they are.
  if (text !== undefined && text !== null && typeof text !== "string" && !isRecord(text))
    throw invalid(`${param}.${type}.${type === "custom" ? "input" : "arguments"}`, "must be a string");
  return callOf(call, type, inner, sealOf);
}

/** A call in an answer; null where it names no tool. */
export function readAnswerCall(value: unknown, sealOf: SealReader): ToolCallPart | null {
  if (!isRecord(value)) return null;
  const type = isRecord(value.custom) ? "custom" : "function";
  const inner = value[type];
  if (!isRecord(inner) || typeof inner.name !== "string") return null;
  // Its place is told by the order of the calls.
  return callOf(restOf(value, INDEX) ?? {}, type, inner, sealOf);
}

function callOf(
  call: JsonObject,
  type: "function" | "custom",
  inner: JsonObject,
  sealOf: SealReader,
): ToolCallPart {
  const custom = type === "custom";
  const text = inner[custom ? "input" : "arguments"];
  const written = isRecord(text) ? JSON.stringify(text) : (stringOf(text) ?? "");
  const seal = readSignature(call, sealOf);
  return {
    kind: "tool-call",
    id: stringOf(call.id) || madeCallId(),
    name: stringOf(inner.name) ?? "",
    arguments: written === "" && !custom ? "{}" : written,
    ...(custom ? { custom } : {}),
    ...(seal === undefined ? {} : { seal }),
    ...extended(withoutSignature(restOfTagged(call, type, OUTSIDE, custom ? CUSTOM : FUNCTION))),
  };
}

/** An entry of `tool_calls`. */
export function writeCall(part: ToolCallPart): object {
  const own = withSignature(ownMembers(part), part.seal);
  const { id, name } = part;
  return part.custom === true
    ? tagged(own, "custom", { id, type: "custom" }, { name, input: part.arguments })
    : tagged(own, "function", { id, type: "function" }, { name, arguments: part.arguments });
}
