import type { Ask } from "./reading.ts";

type Json = Record<string, unknown>;
type Send = (url: string, init: RequestInit) => Promise<Response>;

/**
 * What the AI SDK's readers cannot see, shown to them in a place where they look. It is done alike to an answer that
 * comes from a recording and to one that comes through the gateway, and nowhere else.
 *
 * - Chat and Gemini may give several answers; the readers look at the first (and in a stream mix all of them). The one
 *   that is asked for is put first, and the others are left out.
 * - Chat's reader does not know `refusal`, which the others read as text that a content filter ended, nor
 *   `function_call`, the older form of a tool call; nor does it take a choice without a message, as Azure's are that its
 *   content filter has emptied.
 */
export function aided(ask: Pick<Ask, "format" | "choices" | "choice">, send: Send): Send {
  if (ask.format !== "openai-chat" && ask.format !== "gemini") return send;
  return async (url, init) => {
    const response = await send(url, askedFor(ask, init));
    return isStream(response) ? ofStream(ask, response) : ofBody(ask, response);
  };
}

function askedFor({ format, choices }: Pick<Ask, "format" | "choices">, init: RequestInit): RequestInit {
  if (choices === 1) return init;
  const body = JSON.parse(init.body as string) as Json;
  const asked =
    format === "gemini"
      ? { ...body, generationConfig: { ...(body.generationConfig as Json), candidateCount: choices } }
      : { ...body, n: choices };
  return { ...init, body: JSON.stringify(asked) };
}

function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") === true;
}

async function ofBody(ask: Pick<Ask, "format" | "choice">, response: Response): Promise<Response> {
  const text = await response.text();
  const seen = new ChatSight(false);
  return new Response(
    shown(text, (body) => pick(ask, body, seen)),
    {
      status: response.status,
      headers: response.headers,
    },
  );
}

function ofStream(ask: Pick<Ask, "format" | "choice">, response: Response): Response {
  if (response.body === null) return response;
  const seen = new ChatSight(true);
  let rest = "";
  const line = (text: string) => {
    if (!text.startsWith("data:")) return text;
    return `data:${shown(text.slice("data:".length), (body) => pick(ask, body, seen))}`;
  };
  const lines = new TransformStream<string, string>({
    transform(text, controller) {
      const found = (rest + text).split("\n");
      rest = found.pop()!;
      if (found.length > 0) controller.enqueue(`${found.map(line).join("\n")}\n`);
    },
    flush(controller) {
      if (rest !== "") controller.enqueue(line(rest));
    },
  });
  const body = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(lines)
    .pipeThrough(new TextEncoderStream());
  return new Response(body, { status: response.status, headers: response.headers });
}

/** `change` of the JSON in `text`; text that is no JSON object stays as it is. */
function shown(text: string, change: (body: Json) => Json): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return text;
  }
  return typeof body === "object" && body !== null && !Array.isArray(body)
    ? JSON.stringify(change(body as Json))
    : text;
}

function pick({ format, choice }: Pick<Ask, "format" | "choice">, body: Json, seen: ChatSight): Json {
  const name = format === "gemini" ? "candidates" : "choices";
  const all = body[name];
  if (!Array.isArray(all)) return body;
  const chosen = (all as Json[]).filter((one) => (one.index ?? 0) === choice);
  return { ...body, [name]: format === "gemini" ? chosen : chosen.map((one) => seen.show(one)) };
}

/** Shows a choice of a Chat answer, or of its chunks in order. */
class ChatSight {
  readonly #streamed: boolean;
  #refused = false;

  constructor(streamed: boolean) {
    this.#streamed = streamed;
  }

  show(choice: Json): Json {
    const place = this.#streamed ? "delta" : "message";
    const message = (choice[place] ?? {}) as Json;
    const shownChoice = { ...choice, [place]: this.#message(message) };
    const isEnd = typeof choice.finish_reason === "string" && choice.finish_reason === "stop";
    return isEnd && this.#refused ? { ...shownChoice, finish_reason: "content_filter" } : shownChoice;
  }

  #message(message: Json): Json {
    const { refusal, function_call: call } = message;
    if (typeof refusal === "string" && refusal !== "") {
      this.#refused = true;
      return {
        ...message,
        content: `${typeof message.content === "string" ? message.content : ""}${refusal}`,
      };
    }
    if (typeof call !== "object" || call === null) return message;
    return { ...message, tool_calls: [{ index: 0, id: "function_call", type: "function", function: call }] };
  }
}
