import { isRecord } from "../../exchange/read.ts";
import type { ByteSource } from "../../lib/byte-source.ts";
import { DerivedSource } from "../../lib/derived-source.ts";
import { firstEventEnd, lastEventEnd, parseEvent } from "../../lib/sse.ts";

const NEEDLE = Buffer.from('"usage"');
const OPEN_BRACE = 0x7b;
const COLON = 0x3a;
const SPACE = 0x20;
const LF = 10;
/** An event longer than this is no chunk of counts, and passes as it comes. */
const MAX_HELD = 64 * 1024;

/**
 * A stream of Chat or of legacy completions without the chunk that tells its usage alone, which the gateway and not the client has asked for
 * (`stream_options.include_usage`). All else passes as it came; only events that hold an object named `usage` are read.
 */
export class HiddenUsage extends DerivedSource {
  readonly #onHidden: (event: Uint8Array) => void;
  /** The beginning of an event that has not ended. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #lastByte = LF;
  #byteBefore = LF;
  /** Within an event that was too long to be held. */
  #passing = false;

  /** `onHidden` is told the event that was left out. */
  constructor(source: ByteSource, onHidden: (event: Uint8Array) => void) {
    super(source);
    this.#onHidden = onHidden;
  }

  data(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const end = lastEventEnd(chunk, this.#lastByte, this.#byteBefore);
    this.#byteBefore = chunk.length >= 2 ? chunk[chunk.length - 2]! : this.#lastByte;
    this.#lastByte = chunk[chunk.length - 1]!;
    if (end > 0) this.#giveEvents(end === chunk.length ? chunk : chunk.subarray(0, end));
    if (end < chunk.length) this.#hold(end < 0 ? chunk : chunk.subarray(end));
  }

  override end(): void {
    this.#flush();
    this.consumer?.end();
  }

  override failed(error: Error): void {
    this.#flush();
    this.consumer?.failed(error);
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_HELD) this.#passing = true;
    if (this.#passing) this.#flush();
  }

  #flush(): void {
    if (this.#heldBytes > 0) this.consumer?.data(this.#takeHeld());
  }

  #takeHeld(): Uint8Array {
    const held = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** `bytes` end with an event. */
  #giveEvents(bytes: Uint8Array): void {
    const whole = this.#heldBytes === 0 ? bytes : Buffer.concat([this.#takeHeld(), bytes]);
    this.#passing = false;
    if (holdsUsage(whole)) this.#giveWithout(whole);
    else this.consumer?.data(whole);
  }

  #giveWithout(whole: Uint8Array): void {
    let given = 0;
    for (let at = 0; at < whole.length; ) {
      const end = firstEventEnd(whole, at);
      const eventEnd = end < 0 ? whole.length : end;
      if (isUsageAlone(whole.subarray(at, eventEnd))) {
        if (at > given) this.consumer?.data(whole.subarray(given, at));
        this.#onHidden(whole.subarray(at, eventEnd));
        given = eventEnd;
      }
      at = eventEnd;
    }
    if (given < whole.length) this.consumer?.data(whole.subarray(given));
  }
}

/** Whether a member `usage` begins an object somewhere; that of most chunks is null, or there is none. */
function holdsUsage(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = text.indexOf(NEEDLE); at >= 0; at = text.indexOf(NEEDLE, at + NEEDLE.length)) {
    let i = at + NEEDLE.length;
    while (text[i] === SPACE || text[i] === COLON) i++;
    if (text[i] === OPEN_BRACE) return true;
  }
  return false;
}

/** Whether an event is the chunk that tells usage and nothing else: it has no choices. */
function isUsageAlone(event: Uint8Array): boolean {
  if (!holdsUsage(event)) return false;
  const { data } = parseEvent(Buffer.from(event.buffer, event.byteOffset, event.byteLength).toString("utf8"));
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    // No chunk of Chat Completions, whatever it is: it passes as it came.
    return false;
  }
  return (
    isRecord(chunk) && isRecord(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0
  );
}
