import { isRecord, recordOf, stringOf } from "../exchange/read.ts";
import { codingsOf, decompress } from "../lib/decompress.ts";
import type { HttpResponse } from "./http/exchange.ts";
import type { HeaderList } from "./http/headers.ts";
import { withoutSecrets } from "./secrets.ts";

/** An upstream's answer that is an error, kept to be handed on if nothing better comes. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  /** As it came, compressed or not. */
  readonly body: Uint8Array;
  /** Whether the body is JSON, whatever its content type says. */
  readonly isJson: boolean;
}

export interface ErrorAnswer {
  readonly answer: UpstreamAnswer;
  /** At most 500 characters; null where it has no words. */
  readonly message: string | null;
  /** Its codes and types, in lower case, with a space between. */
  readonly codes: string;
  /** The message and what stands behind it, in lower case. */
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly json: unknown;
}

const MAX_ERROR_BODY = 1024 * 1024;

/** Reads an error to its end. Some upstreams repeat the key that they refuse: what is handed on has it replaced. */
export async function readErrorAnswer(
  response: HttpResponse,
  secrets: readonly string[],
): Promise<ErrorAnswer> {
  const { status, headers } = response;
  const whole = await response.bytes(MAX_ERROR_BODY);
  if (whole === null) response.cancel();
  const body = whole ?? new Uint8Array();
  const packed = await textOf(headers, body);
  if (packed === null) {
    const answer = { status, headers, body, isJson: false };
    return { answer, message: null, codes: "", text: "", json: undefined };
  }
  const clean = withoutSecrets(packed, secrets);
  const json = jsonIn(clean);
  const isJson = json !== undefined;
  const words = wordsOf(json);
  const message = (words.message ?? textIn(clean))?.slice(0, MAX_MESSAGE) ?? null;
  const answer =
    clean === packed
      ? { status, headers, body, isJson }
      : { status, headers: headers.without("content-encoding"), body: Buffer.from(clean), isJson };
  return { answer, message, codes: words.codes, text: (words.text || (message ?? "")).toLowerCase(), json };
}

const MAX_MESSAGE = 500;
/** Of each code, and of each text that is looked through. */
const MAX_WORDS = 2000;

/** The body as text, or null when it cannot be unpacked: its bytes and status are handed on all the same. */
async function textOf(headers: HeaderList, body: Uint8Array): Promise<string | null> {
  try {
    const plain = await decompress(body, codingsOf(headers.get("content-encoding")), MAX_ERROR_BODY);
    return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString("utf8");
  } catch {
    return null;
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an error's body says in any of the formats; Gemini's may stand in an array. */
function wordsOf(json: unknown): { message: string | null; codes: string; text: string } {
  const first = Array.isArray(json) ? json[0] : json;
  const body = recordOf(first) ?? {};
  const inner = body.error ?? null;
  const error = recordOf(inner) ?? {};
  const told = inner === null ? (body.message ?? body.detail) : isRecord(inner) ? error.message : inner;
  const message = stringOf(told) ?? null;
  const codes = [error.code, error.type, body.code, body.type, recordOf(error.innererror)?.code].flatMap(
    (code) => stringOf(code)?.slice(0, MAX_WORDS) ?? [],
  );
  // OpenRouter keeps the words of the provider behind it there.
  const raw = stringOf(recordOf(error.metadata)?.raw);
  const text = [message, raw].flatMap((one) => one?.slice(0, MAX_WORDS) ?? []).join(" ");
  return { message, codes: codes.join(" ").toLowerCase(), text };
}

function textIn(text: string): string | null {
  const words = text
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return words === "" ? null : words;
}
