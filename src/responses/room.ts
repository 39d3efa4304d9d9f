import type { Logger } from "../lib/logger.ts";
import type { ResponseStore } from "../storage/response-store.ts";
import type { Success } from "../upstream/outcome.ts";
import { answerStored, type KeptElsewhere } from "./answer-stored.ts";
import { Archive } from "./archive.ts";
import { BackgroundRunner } from "./background.ts";
import type { BackgroundWork } from "./background-run.ts";
import { responseIn } from "./events.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { isObject, type JsonObject, textOf } from "./json.ts";
import { type Maker, toPointer, toStored } from "./kept.ts";
import { keptAnswer, notedAnswer } from "./pass.ts";
import { type Prepared, plainRequest, prepare } from "./request.ts";
import { eventStream } from "./sse-out.ts";
import type { StoredCall } from "./stored-call.ts";

export interface ResponsesOptions {
  readonly store: ResponseStore;
  readonly logger: Logger;
  /** Ends what is done again and again. */
  readonly signal: AbortSignal;
  /** The configuration's `responses`, asked for each time. */
  settings(): {
    readonly retention_days: number;
    readonly memory_mb: number;
    readonly max_background: number;
  };
  /** Milliseconds of silence after which a stream says that it lives; 0 for never. */
  keepAlive(): number;
}

const DAY_MS = 86_400_000;

/** The state of the Responses API: what was said before, kept for later turns, questions and background work. */
export class Responses {
  readonly #options: ResponsesOptions;
  readonly #archive: Archive;
  readonly #runner: BackgroundRunner;

  constructor(options: ResponsesOptions) {
    this.#options = options;
    const maxCharacters = () => options.settings().memory_mb * 1024 * 1024;
    this.#archive = new Archive(options.store, { logger: options.logger, maxCharacters });
    this.#runner = new BackgroundRunner({
      archive: this.#archive,
      store: options.store,
      logger: options.logger,
      maxRuns: () => options.settings().max_background,
      retention: () => this.#retention(),
    });
    void startHousekeeping(options.store, {
      logger: options.logger,
      signal: options.signal,
      isRunning: (key) => this.#runner.isRunning(key),
    });
  }

  /** Responses that are being made in the background. */
  get backgroundRuns(): number {
    return this.#runner.size;
  }

  /** Puts what a request refers to in its place. Throws as `prepare` in request.ts. */
  prepare(body: JsonObject, keyId: string): Promise<Prepared> {
    return prepare(this.#archive, body, keyId);
  }

  /**
   * Keeps a whole answer that was converted, unless the request forbade it: completed, incomplete, failed or cancelled.
   * Nobody waits for the storage.
   */
  keep(response: unknown, prepared: Prepared, maker: Maker): void {
    if (!prepared.store || !isObject(response)) return;
    const stored = toStored(response, prepared, maker, this.#times());
    if (stored !== null) this.#archive.put(stored);
  }

  /**
   * Sees to it that an answer in the Responses format can be continued, and returns it to be delivered. What was converted,
   * or came from a provider that keeps nothing, is kept here, however it ends; of what another provider keeps, the id is
   * noted. `asked` is the request as it was prepared, or its body where it refers to nothing.
   */
  served(success: Success, asked: Prepared | Buffer, by: Maker & { readonly keepsState: boolean }): Success {
    const { keepsState, ...maker } = by;
    if (success.response.status >= 400) return success;
    if (success.converter === null && keepsState)
      return notedAnswer(success, (text) => this.#safely(() => this.#note(text, maker)));
    const prepared = () => (isBody(asked) ? plainRequest(read(asked)) : asked);
    return keptAnswer(success, {
      keep: (response) => this.#safely(() => this.keep(response, prepared(), maker)),
      previousId: isBody(asked) ? null : asked.previousId,
    });
  }

  #note(text: string, { provider, ...maker }: Maker): void {
    const response = responseIn(text);
    const id = response === null || response.store === false ? null : textOf(response.id);
    const pointer =
      id === null || provider === null ? null : toPointer(id, { provider, ...maker }, this.#times());
    if (pointer !== null) this.#archive.put(pointer);
  }

  /**
   * Begins a response in the background and answers at once: as it is queued, or with its events when `stream` is asked
   * for. `work` makes it. Throws server_overloaded when as many are made as may be.
   */
  startBackground(prepared: Prepared, keyId: string, work: BackgroundWork): Response {
    const { response, log } = this.#runner.start(prepared, keyId, work);
    if (prepared.original.stream === true) return eventStream(log.after(-1), this.#options.keepAlive());
    return Response.json(response);
  }

  /** Answers a call about a stored response; as `answerStored` in answer-stored.ts. */
  answerStored(call: StoredCall, keyId: string, search: string): Promise<Response | KeptElsewhere> {
    const { keepAlive } = this.#options;
    return answerStored({ archive: this.#archive, runner: this.#runner, keepAlive }, call, keyId, search);
  }

  /** Ends background work as failed and stores what waits. Returns how many responses could not be stored. */
  close(): Promise<number> {
    this.#runner.stop();
    return this.#archive.flush();
  }

  /** An answer is delivered whatever becomes of its being kept. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.logger.error("A response could not be kept", { error });
    }
  }

  #times(): { retention: number; now: number } {
    return { retention: this.#retention(), now: Date.now() };
  }

  #retention(): number {
    return Math.round(this.#options.settings().retention_days * DAY_MS);
  }
}

const isBody = (asked: Prepared | Buffer): asked is Buffer => Buffer.isBuffer(asked);

/** A body that was read as an object before. */
function read(body: Buffer): JsonObject {
  return JSON.parse(body.toString("utf8"));
}
