import type { ErrorShape, Format } from "../exchange/formats.ts";
import { identify } from "../formats/identify.ts";
import { readTracking } from "../records/tracking.ts";
import type { FormatCall } from "./converted.ts";
import type { RequestFacts } from "./request-facts.ts";

/** A request that is not sent, of which somebody wants to know where it would go. */
export interface ForeseenRequest {
  /** A body in the format. */
  readonly body: Buffer;
  readonly format: Format;
  /** What its header fields say, by their names in lower case, such as `x-amsterdam-agent-id`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The gateway key that asks, by its name or id; "" for none that conditions name. */
  readonly key: string;
}

const SHAPES: Readonly<Record<Format, ErrorShape>> = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gemini",
};

/** What routes are asked with for such a request. */
export function foreseenFacts({ body, format, headers, key }: ForeseenRequest): {
  readonly call: FormatCall;
  readonly facts: RequestFacts;
} {
  const method = format === "gemini" ? "generateContent" : null;
  const call: FormatCall = {
    operation: "generate",
    format,
    errorShape: SHAPES[format],
    pathModel: null,
    method,
  };
  const fields = identify(body, call, false);
  const facts: RequestFacts = {
    method: "POST",
    search: "",
    headers,
    keyHeaders: new Set(),
    body,
    fields,
    model: fields?.model ?? null,
    isModelChosen: false,
    owner: key,
    ownerName: key,
    tracking: readTracking(fields?.tracking ?? null, headers),
    kind: "",
    strict: false,
    contentLength: null,
    traceparent: "",
    tracestate: null,
  };
  return { call, facts };
}

/** The format of a request by its members; Chat and Messages, which have the same, are read alike. */
export function formatOfRequest(request: object): Format | null {
  if (Object.hasOwn(request, "contents")) return "gemini";
  if (Object.hasOwn(request, "input")) return "openai-responses";
  return Object.hasOwn(request, "messages") || Object.hasOwn(request, "prompt") ? "openai-chat" : null;
}
