import type { Logger } from "../lib/logger.ts";
import { NO_CONNECTION } from "../server/connection.ts";
import type { Handler } from "../server/http-server.ts";
import { CLOSE_CODES, type Socket, type SocketTalk } from "../server/web-sockets.ts";
import { continuing } from "./continuing.ts";
import { eventTexts, finalResponse } from "./events.ts";
import { type Asker, innerRequest, selfContained } from "./inner-request.ts";
import { newId } from "./items.ts";
import { textOf } from "./json.ts";
import { emptyResponse } from "./response-object.ts";
import { SocketMemory, type Turn } from "./socket-memory.ts";
import {
  type Create,
  errorOfAnswer,
  errorText,
  named,
  readMessage,
  type SocketError,
} from "./socket-messages.ts";

export interface TalkOptions {
  /** Answers requests as the HTTP server's handler does. */
  readonly handle: Handler;
  readonly logger: Logger;
  readonly asker: Asker;
  /** Milliseconds after which the connection is to be made anew. */
  readonly maxAge: number;
}

/** Bounds that OpenAI states for one connection. */
const MAX_RUNNING = 16;
const MAX_LANES = 32;
/** Requests, and characters of them, that may wait for those before them. */
const MAX_WAITING = 256;
const MAX_WAITING_CHARACTERS = 128 * 1024 * 1024;

const TOO_OLD: SocketError = {
  status: 400,
  code: "websocket_connection_limit_reached",
  message:
    "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.",
};
const TOO_MANY_LANES: SocketError = {
  status: 400,
  code: "websocket_stream_limit_reached",
  message:
    "This WebSocket connection has reached its maximum number of distinct stream IDs (32). Reuse an existing stream_id or open a new WebSocket connection.",
  param: "stream_id",
};
const BROKEN: SocketError = {
  status: 500,
  code: "server_error",
  type: "server_error",
  message: "The gateway failed to make this response.",
};
const TOO_MANY_WAITING: SocketError = {
  status: 429,
  code: "rate_limit_exceeded",
  type: "rate_limit_error",
  message: "Too many requests of this connection wait for those before them.",
};

/**
 * One client's connection to the Responses API. Each `response.create` becomes a request to the gateway's own handler,
 * and the events of its answer become messages. Requests of one lane are answered one after the other, those of several
 * lanes side by side.
 */
export class ResponsesTalk implements SocketTalk {
  readonly #options: TalkOptions;
  readonly #memory = new SocketMemory();
  readonly #gone = new AbortController();
  readonly #lanes = new Set<string>();
  readonly #busy = new Set<string | null>();
  #waiting: Create[] = [];
  #waitingCharacters = 0;
  #socket: Socket | null = null;
  #age: ReturnType<typeof setTimeout> | null = null;
  /** Why nothing new is begun: the connection is too old, or the gateway stops. */
  #ending: "age" | "drain" | null = null;

  constructor(options: TalkOptions) {
    this.#options = options;
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    this.#age = setTimeout(() => this.#end("age"), this.#options.maxAge);
    this.#age.unref();
  }

  message(text: string): void {
    const read = readMessage(text);
    if ("reply" in read) this.#socket?.send(JSON.stringify(read.reply));
    else if ("error" in read) this.#tell(read.error, read.lane);
    else this.#queue(read);
  }

  drain(): void {
    this.#end("drain");
  }

  closed(): void {
    if (this.#age !== null) clearTimeout(this.#age);
    this.#waiting = [];
    this.#gone.abort();
  }

  #queue(create: Create): void {
    const refusal = this.#refusal(create);
    if (refusal !== null) {
      this.#tell(refusal, create.lane);
      return;
    }
    if (create.lane !== null) this.#lanes.add(create.lane);
    this.#waiting.push(create);
    this.#waitingCharacters += create.characters;
    this.#next();
  }

  #refusal({ lane, characters }: Create): SocketError | null {
    if (this.#ending === "age") return TOO_OLD;
    if (lane !== null && !this.#lanes.has(lane) && this.#lanes.size >= MAX_LANES) return TOO_MANY_LANES;
    const isTooMuch =
      this.#waiting.length >= MAX_WAITING || this.#waitingCharacters + characters > MAX_WAITING_CHARACTERS;
    return isTooMuch ? TOO_MANY_WAITING : null;
  }

  /** Begins what may be begun: the first of each lane that is free. */
  #next(): void {
    const held = new Set<string | null>();
    for (const create of [...this.#waiting]) {
      if (this.#busy.size >= MAX_RUNNING) break;
      if (this.#busy.has(create.lane) || held.has(create.lane)) continue;
      held.add(create.lane);
      this.#busy.add(create.lane);
      this.#waiting.splice(this.#waiting.indexOf(create), 1);
      this.#waitingCharacters -= create.characters;
      void this.#serve(create).finally(() => {
        this.#busy.delete(create.lane);
        this.#next();
        this.#closeWhenIdle();
      });
    }
  }

  async #serve(create: Create): Promise<void> {
    const turn = this.#memory.resolve(create.body);
    let isAnswered = false;
    try {
      isAnswered = create.generate ? await this.#generate(create, turn) : await this.#warmUp(create, turn);
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      this.#options.logger.error("A response over a WebSocket could not be made", { error });
      this.#tell(BROKEN, create.lane);
    }
    // A turn that failed takes what it continued with it, as the API has it: the client sends all of it again.
    if (!isAnswered && turn.continued !== null) this.#memory.forget(turn.continued);
  }

  /** False when the turn failed. */
  async #generate(create: Create, turn: Turn): Promise<boolean> {
    const { asker, handle } = this.#options;
    const isKept = create.body.store === false;
    const body = isKept ? selfContained(turn.body) : turn.body;
    const request = innerRequest(asker, body, this.#gone.signal);
    const answer = await handle(request, NO_CONNECTION);
    if (!answer.ok || answer.body === null) {
      this.#tell(errorOfAnswer(answer.status, await answer.text()), create.lane);
      return false;
    }
    let isAnswered = false;
    for await (const text of eventTexts(answer.body, this.#gone.signal)) {
      const final = finalResponse(text);
      if (final !== null) {
        isAnswered = final.status !== "failed";
        const id = textOf(final.id);
        if (isKept && id !== null && isAnswered) this.#memory.remember(id, turn, final.output);
      }
      await this.#send(named(turn.continued === null ? text : continuing(text, turn.continued), create.lane));
    }
    return isAnswered;
  }

  /** Answers without a model; what was sent can be continued from. */
  async #warmUp(create: Create, turn: Turn): Promise<boolean> {
    const now = Math.floor(Date.now() / 1000);
    const id = newId("resp");
    const response = emptyResponse(create.body, { id, createdAt: now, status: "in_progress" });
    const completed = { ...response, status: "completed", completed_at: now, usage: NO_USAGE };
    this.#memory.remember(id, turn, []);
    const events = [
      { type: "response.created", response },
      { type: "response.in_progress", response },
      { type: "response.completed", response: completed },
    ];
    for (const [index, event] of events.entries())
      await this.#send(named(JSON.stringify({ ...event, sequence_number: index }), create.lane));
    return true;
  }

  /** Resolves when the next may be sent. */
  async #send(text: string): Promise<void> {
    if (this.#socket !== null && !this.#socket.send(text)) await this.#socket.writable();
  }

  #tell(error: SocketError, lane: string | null): void {
    this.#socket?.send(errorText(error, lane));
  }

  #end(why: "age" | "drain"): void {
    this.#ending = why;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#ending === null || this.#busy.size > 0 || this.#waiting.length > 0) return;
    if (this.#ending === "age") this.#tell(TOO_OLD, null);
    const reason = this.#ending === "age" ? "60 minutes are over." : "The gateway is shutting down.";
    this.#socket?.close(this.#ending === "age" ? CLOSE_CODES.normal : CLOSE_CODES.goingAway, reason);
  }
}

const NO_USAGE = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
};
