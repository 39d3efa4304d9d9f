import type { ErrorShape, Format, Operation } from "../exchange/formats.ts";
import { isVersion } from "../lib/api-version.ts";
import { decodePart } from "../lib/request-url.ts";

/** What a path of a provider's API asks for. */
export interface Call {
  readonly operation: Operation;
  readonly format: Format | null;
  readonly errorShape: ErrorShape;
  /** The model, where the path and not the body names it (Gemini). Decoded. */
  readonly pathModel: string | null;
  /** Gemini's method after the colon, e.g. `generateContent`. */
  readonly method: string | null;
}

const call = (operation: Operation, format: Format | null, errorShape: ErrorShape): Call => ({
  operation,
  format,
  errorShape,
  pathModel: null,
  method: null,
});

/** Known paths after the version segment. */
const CALLS: ReadonlyMap<string, Call> = new Map([
  ["chat/completions", call("generate", "openai-chat", "openai")],
  ["responses", call("generate", "openai-responses", "openai")],
  ["messages", call("generate", "anthropic-messages", "anthropic")],
  ["messages/count_tokens", call("count-tokens", "anthropic-messages", "anthropic")],
  ["responses/input_tokens", call("count-tokens", "openai-responses", "openai")],
  ["embeddings", call("embeddings", "openai-chat", "openai")],
  ["completions", call("completions", "openai-chat", "openai")],
  ["models", call("models", null, "openai")],
]);

const UNKNOWN = call("other", null, "plain");

const GEMINI_OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["generateContent", "generate"],
  ["streamGenerateContent", "generate"],
  ["countTokens", "count-tokens"],
  ["embedContent", "embeddings"],
  ["batchEmbedContents", "embeddings"],
]);

/**
 * Reads a path such as `chat/completions`, `v1/messages` or `v1beta/models/gemini-2.5-flash:generateContent`, given
 * without its leading slash; what precedes the version segment is passed over. The model in a Gemini path may hold
 * slashes, written as they are or as %2F.
 */
export function callOfPath(path: string): Call {
  const known = CALLS.get(path);
  if (known !== undefined) return known;
  const colon = path.lastIndexOf(":");
  if (colon > 0) {
    const gemini = geminiCall(path, colon);
    if (gemini !== null) return gemini;
  }
  const tail = tailAfterVersion(path);
  if (tail === null) return UNKNOWN;
  const found = CALLS.get(tail.path);
  if (found !== undefined)
    return tail.beta && found.operation === "models" ? call("models", null, "gemini") : found;
  return call("other", null, shapeOfTail(tail.path, tail.beta));
}

function geminiCall(path: string, colon: number): Call | null {
  const method = path.slice(colon + 1);
  const operation = GEMINI_OPERATIONS.get(method);
  const marker = path.startsWith("models/") ? 0 : path.indexOf("/models/") + 1;
  if (operation === undefined || (marker === 0 && !path.startsWith("models/"))) return null;
  const model = decodePart(path.slice(marker + "models/".length, colon));
  if (model === null || model === "") return null;
  return { operation, format: "gemini", errorShape: "gemini", pathModel: model, method };
}

/** The part of a path after its first segment that is a version, and whether that version is one of Gemini's betas. */
function tailAfterVersion(path: string): { path: string; beta: boolean } | null {
  const segments = path.split("/");
  const at = segments.findIndex(isVersion);
  if (at < 0) return null;
  return { path: segments.slice(at + 1).join("/"), beta: segments[at]!.includes("beta") };
}

function shapeOfTail(path: string, beta: boolean): ErrorShape {
  if (beta) return "gemini";
  if (path.startsWith("messages")) return "anthropic";
  return "openai";
}
