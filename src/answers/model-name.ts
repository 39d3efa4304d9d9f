import type { ByteSource } from "../lib/byte-source.ts";
import { DerivedSource } from "../lib/derived-source.ts";
import { type Edit, EditedBytes } from "../lib/edited-bytes.ts";
import { isObject, JsonSyntaxError, type Member, readMembers, skipSpace } from "../lib/json-scan.ts";
import { firstEventEnd } from "../lib/sse.ts";
import type { Success } from "../upstream/outcome.ts";

/**
 * An answer of Anthropic's API under the model's name that the client asked for, where the gateway told the provider
 * another one. Claude Code takes an answer of another name for another model's, and does not send its thoughts back, so
 * that the next turn of a conversation with tools fails. Nothing but the name is changed.
 */
export function underAskedName(success: Success, asked: string): Success {
  const { delivery, body, response } = success;
  if (response.headers.get("content-encoding") !== null) return success;
  if (delivery === "whole" && body !== null)
    return {
      ...success,
      body: renamed(Buffer.from(body.buffer, body.byteOffset, body.length), 0, [], asked),
    };
  return delivery === "events" ? { ...success, source: new RenamedStream(response, asked) } : success;
}

/** The JSON that begins at `at` with the model's name in the object that `path` leads to; as it is where there is none. */
function renamed(json: Buffer, at: number, path: readonly string[], name: string): Buffer {
  const span = spanOf(json, at, [...path, "model"]);
  if (span === null) return json;
  const edit: Edit = { start: span.start, end: span.end, bytes: Buffer.from(JSON.stringify(name)) };
  return new EditedBytes(json, [edit]).toBytes();
}

function spanOf(json: Buffer, at: number, path: readonly string[]): Member | null {
  let start = skipSpace(json, at);
  let found: Member | undefined;
  try {
    for (const key of path) {
      if (!isObject(json, start)) return null;
      found = readMembers(json, start).find((member) => member.key === key);
      if (found === undefined) return null;
      start = found.start;
    }
  } catch (error) {
    // Not JSON: it passes as it came, for the client to judge.
    if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return null;
    throw error;
  }
  return found ?? null;
}

const DATA = Buffer.from("data:");
/** The event that names the model is short, and the first but for pings and comments. */
const MAX_HELD = 256 * 1024;

/** A stream whose `message_start` names the model that was asked for. What comes after it passes untouched. */
class RenamedStream extends DerivedSource {
  readonly #name: string;
  /** What came of the events up to the one that is looked for; null once it has passed. */
  #held: Buffer | null = Buffer.alloc(0);

  constructor(source: ByteSource, name: string) {
    super(source);
    this.#name = name;
  }

  data(chunk: Uint8Array): void {
    if (this.#held === null) {
      this.consumer?.data(chunk);
      return;
    }
    let rest = Buffer.concat([this.#held, chunk]);
    for (let end = firstEventEnd(rest); end >= 0; end = firstEventEnd(rest)) {
      const event = rest.subarray(0, end);
      rest = rest.subarray(end);
      if (!event.includes("message_start")) {
        this.consumer?.data(event);
        continue;
      }
      const at = event.indexOf(DATA);
      this.#held = null;
      this.consumer?.data(at < 0 ? event : renamed(event, at + DATA.length, ["message"], this.#name));
      if (rest.length > 0) this.consumer?.data(rest);
      return;
    }
    this.#held = rest;
    if (rest.length > MAX_HELD) this.#release();
  }

  override end(): void {
    this.#release();
    this.consumer?.end();
  }

  override failed(error: Error): void {
    this.#release();
    this.consumer?.failed(error);
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null && held.length > 0) this.consumer?.data(held);
  }
}
