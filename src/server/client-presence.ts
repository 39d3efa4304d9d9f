import type { Deadline, Deadlines } from "../lib/deadlines.ts";
import type { Presence } from "../lib/presence.ts";
import type { Connection } from "./connection.ts";
import { IDLE_TIMEOUT } from "./idle-timeout.ts";

/** Most calls that are answered at once are answered within this; milliseconds. */
const PATIENCE_MS = 50;

/**
 * Watches whether a request's client is still there. Listening costs more than many a whole request does, so it begins
 * only when the answer has been waited for a little while; a client that left before then is noticed at that moment.
 * From then on the answer may also take longer than the connection may otherwise be silent.
 */
export class ClientPresence implements Presence, Deadline {
  at: number;
  onGone: (() => void) | null = null;
  readonly #request: Request;
  readonly #connection: Connection;
  readonly #deadlines: Deadlines;
  #gone = false;
  #listening = false;

  constructor(request: Request, connection: Connection, deadlines: Deadlines) {
    this.#request = request;
    this.#connection = connection;
    this.#deadlines = deadlines;
    this.at = performance.now() + PATIENCE_MS;
    deadlines.add(this);
  }

  get gone(): boolean {
    return this.#gone;
  }

  expire(): void {
    this.#deadlines.remove(this);
    this.#listening = true;
    this.#connection.timeout(this.#request, 0);
    const { signal } = this.#request;
    if (signal.aborted) this.#left();
    else signal.addEventListener("abort", this.#left, { once: true });
  }

  /** The request is over; its connection may wait for another one as long as any. */
  end(): void {
    this.onGone = null;
    this.#deadlines.remove(this);
    if (!this.#listening) return;
    this.#request.signal.removeEventListener("abort", this.#left);
    this.#connection.timeout(this.#request, IDLE_TIMEOUT);
  }

  readonly #left = (): void => {
    this.#gone = true;
    const listener = this.onGone;
    this.onGone = null;
    listener?.();
  };
}
