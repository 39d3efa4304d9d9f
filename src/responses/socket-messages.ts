import { isObject, type JsonObject, textOf } from "./json.ts";

/** An error as the API tells it on a socket. */
export interface SocketError {
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
  readonly type?: string;
  readonly param?: string | null;
}

/** A message that is no request; `error` is what the client is told, `reply` an event that tells it another way. */
export type Misread =
  | { readonly error: SocketError; readonly lane: string | null }
  | { readonly reply: JsonObject };

/** A request to make a response. */
export interface Create {
  readonly body: JsonObject;
  /** Whether the model is to say anything. */
  readonly generate: boolean;
  /** The client's name for the order that it stands in; null for the one without a name. */
  readonly lane: string | null;
  readonly characters: number;
}

const LANE = /^[A-Za-z0-9_.-]{1,256}$/;

/** Reads a client's message. */
export function readMessage(text: string): Create | Misread {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { error: invalid("invalid_json", "The message is not valid JSON.", null), lane: null };
  }
  if (!isObject(message))
    return { error: invalid("invalid_json", "The message is no JSON object.", null), lane: null };
  const { type, stream_id: lane = null, generate, ...rest } = message;
  if (lane !== null && (typeof lane !== "string" || !LANE.test(lane))) {
    const words =
      "The 'stream_id' field must be a non-empty string with at most 256 characters and may only contain letters, numbers, underscores, hyphens, and periods.";
    return { error: invalid("invalid_stream_id", words, "stream_id"), lane: null };
  }
  if (type === "response.steer") return { reply: steeringRefused(message, lane) };
  if (type !== "response.create") {
    const words = "The type of a message is response.create.";
    return { error: invalid("invalid_value", words, "type"), lane };
  }
  if (rest.background === true) {
    const words = "`background` is not for responses over a WebSocket.";
    return { error: invalid("unsupported_parameter", words, "background"), lane };
  }
  if (textOf(rest.model) === null) {
    const words = "The request names no model: `model` is needed.";
    return { error: invalid("missing_required_parameter", words, "model"), lane };
  }
  const { stream: _stream, stream_options: _options, background: _background, ...body } = rest;
  return { body, generate: generate !== false, lane, characters: text.length };
}

/** The text of an error event. */
export function errorText(error: SocketError, lane: string | null): string {
  const { status, code, message, type = "invalid_request_error", param = null } = error;
  const named = lane === null ? {} : { stream_id: lane };
  return JSON.stringify({ type: "error", status, ...named, error: { type, code, message, param } });
}

/** What an answer of status 400 or above tells. */
export function errorOfAnswer(status: number, text: string): SocketError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  return {
    status,
    code: textOf(error.code),
    message: textOf(error.message) ?? `The request was answered with status ${status}.`,
    type: textOf(error.type) ?? (status >= 500 ? "server_error" : "invalid_request_error"),
    param: textOf(error.param),
  };
}

/** An event's text with the name of its lane in it. `text` is a JSON object's. */
export function named(text: string, lane: string | null): string {
  if (lane === null) return text;
  // A lane's name has no character that JSON would escape.
  return `{"stream_id":"${lane}",${text.slice(text.indexOf("{") + 1)}`;
}

function invalid(code: string, message: string, param: string | null): SocketError {
  return { status: 400, code, message, param };
}

/** Input for a response that is being made is for models which take it; none does through a gateway. */
function steeringRefused(message: JsonObject, lane: string | null): JsonObject {
  return {
    type: "response.steer.failed",
    sequence_number: 0,
    ...(lane === null ? {} : { stream_id: lane }),
    steer: { input: message.input ?? [], previous_response_id: message.previous_response_id ?? "" },
    error: {
      type: "invalid_request_error",
      code: "steering_not_supported",
      message: "Responses cannot be steered here. Send the input with the next response.create.",
    },
  };
}
