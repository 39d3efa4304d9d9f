import { StreamFacts } from "../exchange/answer-facts.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import { isRecord, type JsonObject, recordOf } from "../exchange/read.ts";
import type { FinishReason } from "../exchange/response.ts";
import { CODECS } from "../formats/codecs.ts";
import { type SseEvent, SseSplitter } from "../lib/sse.ts";
import { factsOfJson } from "../records/answer-json.ts";

/** An answer without words is short; a longer one is not parsed to find that out. */
const MAX_BARE_ANSWER = 64 * 1024;

/**
 * Whether a whole answer's JSON says that the provider's filter kept it back: nothing of the model's stands in it. Beside
 * a filter's finish, words of refusal are the filter's own (OpenRouter); beside a refusal they are the model's answer.
 */
export function isFilteredJson(format: Format, body: Uint8Array): boolean {
  if (body.length > MAX_BARE_ANSWER) return false;
  return withoutErrors(() => {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body));
    if (!isRecord(answer)) return false;
    const { finish } = factsOfJson(format, answer);
    if (!keepsBack(finish)) return false;
    const { choices } = CODECS[format].generate.readResponse(answer);
    return choices
      .flatMap(({ parts }) => parts)
      .every((part) => {
        if (part.kind === "text" || part.kind === "reasoning") return part.text === "";
        return part.kind === "refusal" && finish === "content-filter";
      });
  });
}

/** The same of the text of a stream that came where a whole answer was asked for. */
export function isFilteredStream(format: Format, body: Uint8Array): boolean {
  const watch = new FilterWatch(format);
  const splitter = new SseSplitter();
  const take = (event: SseEvent) => void watch.take(event);
  splitter.push(body, take);
  splitter.end(take);
  return watch.filtered;
}

/** Follows a stream until it is clear whether the filter kept it back: until the model has said something, or the stream that it is over. */
export class FilterWatch {
  readonly #format: Format;
  readonly #reader;
  readonly #facts = new StreamFacts();
  #filtered = false;
  #over = false;

  constructor(format: Format) {
    this.#format = format;
    this.#reader = CODECS[format].generate.createStreamReader();
  }

  get filtered(): boolean {
    return this.#filtered;
  }

  /** Whether the stream has told enough with this event. */
  take(event: SseEvent): boolean {
    if (!this.#over)
      this.#over = !withoutErrors(() => {
        for (const each of this.#reader.push(event)) this.#facts.take(each);
        this.#filtered = !this.#facts.begun && keepsBack(finishIn(this.#format, event.data));
        return !this.#facts.begun && !this.#filtered;
      });
    return this.#over;
  }
}

/**
 * How an answer ended, where an event says so. The codecs' readers keep that until the stream's end, since more may follow;
 * it would come too late here.
 */
function finishIn(format: Format, data: string): FinishReason | null {
  if (!data.startsWith("{")) return null;
  const event: unknown = JSON.parse(data);
  const answer = isRecord(event) ? answerIn(format, event) : undefined;
  return answer === undefined ? null : factsOfJson(format, answer).finish;
}

/** The event, or what stands in it, as a whole answer that ended so. */
function answerIn(format: Format, event: JsonObject): JsonObject | undefined {
  switch (format) {
    case "openai-chat":
    case "gemini":
      return event;
    case "anthropic-messages":
      return event.type === "message_delta" ? { ...recordOf(event.delta), content: [] } : undefined;
    case "openai-responses":
      return event.type === "response.incomplete" ? recordOf(event.response) : undefined;
  }
}

function keepsBack(finish: FinishReason | null): boolean {
  return finish === "content-filter" || finish === "refusal";
}

/** What is not of its format is kept back by nobody: it passes as it came. */
function withoutErrors(read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof GatewayError) return false;
    throw error;
  }
}
