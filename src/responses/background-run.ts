import { EventLog } from "./event-log.ts";
import { eventTexts, isFinal } from "./events.ts";
import { isObject, type JsonObject, textOf } from "./json.ts";
import { failedResponse, isUnfinished } from "./response-object.ts";

/** Makes the response: an answer of the Responses API, streamed, or its error. Aborted when nobody wants it any more. */
export type BackgroundWork = (signal: AbortSignal) => Promise<Response>;

/** Characters of events after which a response is given up; no model says so much. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

export interface RunOptions {
  readonly queued: JsonObject;
  /** Told of each change of the response's status, and of what serves it. */
  onChange(response: JsonObject, served: { provider: string | null; model: string | null }): void;
  /** Told of an error that should not have been; the client is told none of it. */
  onDefect(error: unknown): void;
}

/** One response that is made while no client waits. */
export class BackgroundRun {
  readonly log = new EventLog();
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  #response: JsonObject;
  #output: JsonObject[] = [];
  #served: { provider: string | null; model: string | null } = { provider: null, model: null };
  /** What an `error` event said, in case nothing follows it. */
  #told: string | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#response = options.queued;
    this.log.add({ type: "response.created", response: this.#response });
    this.log.add({ type: "response.queued", response: this.#response });
  }

  get response(): JsonObject {
    return this.#response;
  }

  get ended(): boolean {
    return !isUnfinished(this.#response.status);
  }

  /** Resolves when it has ended, however. */
  async run(work: BackgroundWork): Promise<void> {
    try {
      const answer = await work(this.#abort.signal);
      this.#served = {
        provider: answer.headers.get("x-amsterdam-provider"),
        model: answer.headers.get("x-amsterdam-model"),
      };
      if (answer.ok && answer.body !== null) await this.#read(answer.body);
      else this.fail(codeOf(answer.status), await messageOf(answer));
    } catch (error) {
      this.#options.onDefect(error);
      this.fail("server_error", "The gateway failed to make this response.");
    }
    if (!this.ended) this.fail("server_error", this.#told ?? "The answer ended before it was complete.");
  }

  /** Ends it as cancelled; what has been said by then stays in it. */
  cancel(): void {
    this.#finish({ ...this.#response, status: "cancelled", output: this.#output }, "response.failed");
    this.#abort.abort();
  }

  fail(code: string, message: string): void {
    const response = failedResponse({ ...this.#response, output: this.#output }, code, message);
    this.#finish(response, "response.failed");
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of eventTexts(body, this.#abort.signal)) {
      const event: unknown = JSON.parse(text);
      if (this.ended) return;
      if (isObject(event)) this.#take(event);
      if (this.log.characters > MAX_CHARACTERS)
        return this.fail("server_error", "The answer is too long to be kept.");
    }
  }

  #take(event: JsonObject): void {
    const { type } = event;
    // Its place is taken by the one that was sent when the response was queued.
    if (type === "response.created") return;
    if (type === "response.in_progress") this.#start(event);
    else if (isFinal(type)) this.#finish(this.#own(event.response), type);
    else {
      if (type === "error") this.#told = toldBy(event);
      if (type === "response.output_item.done" && isObject(event.item)) this.#output.push(event.item);
      this.log.add(event);
    }
  }

  #start(event: JsonObject): void {
    this.#response = this.#own(event.response);
    this.#options.onChange(this.#response, this.#served);
    this.log.add({ ...event, response: this.#response });
  }

  #finish(response: JsonObject, type: string): void {
    if (this.ended) return;
    this.#response = response;
    this.#options.onChange(response, this.#served);
    this.log.add({ type, response });
    this.log.end();
  }

  /** A response object under the id that the client knows. */
  #own(response: unknown): JsonObject {
    const { id, created_at, previous_response_id, background, store } = this.#options.queued;
    const made = isObject(response) ? response : {};
    return { ...this.#response, ...made, id, created_at, previous_response_id, background, store };
  }
}

/** The codes that the API has for a response that failed. */
function codeOf(status: number): string {
  return status === 429 ? "rate_limit_exceeded" : "server_error";
}

async function messageOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    return toldBy(JSON.parse(text)) ?? `The answer had status ${answer.status}.`;
  } catch {
    return `The answer had status ${answer.status}.`;
  }
}

function toldBy(data: unknown): string | null {
  if (!isObject(data)) return null;
  return textOf(isObject(data.error) ? data.error.message : data.message);
}
