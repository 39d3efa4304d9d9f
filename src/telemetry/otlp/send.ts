import { isRecord } from "../../exchange/read.ts";
import { askedDelay } from "../../upstream/retry-delay.ts";
import { safeText } from "../redact.ts";

/** How a collector took an export. */
export type SendOutcome =
  /** `rejected` of its items were not taken, for the reason in `message`. */
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  /** It may be taken later; `after` is how many milliseconds the collector asks to wait. */
  | { readonly kind: "failed"; readonly message: string; readonly after: number | null }
  /** It never will be. */
  | { readonly kind: "refused"; readonly message: string };

export interface SendOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** The answers after which OTLP has an export sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** An answer's body says little; of one that goes on the rest is not read. */
const MAX_ANSWER = 64 * 1024;
const MAX_MESSAGE = 300;

/** Sends one export to a collector: OTLP over HTTP, as JSON. Never rejects. */
export async function send(body: string, options: SendOptions): Promise<SendOutcome> {
  const timeout = AbortSignal.timeout(options.timeout);
  const signal = AbortSignal.any([timeout, options.signal]);
  const headers = new Headers(options.headers);
  headers.set("content-type", "application/json");
  try {
    const response = await fetch(options.url, {
      method: "POST",
      headers,
      body,
      signal,
      // The headers hold secrets, which are for this place alone.
      redirect: "manual",
    });
    return outcomeOf(response, await beginningOf(response));
  } catch (error) {
    const message = timeout.aborted ? `no answer within ${options.timeout / 1000} s` : messageOf(error);
    return { kind: "failed", message, after: null };
  }
}

function outcomeOf(response: Response, text: string): SendOutcome {
  const { status } = response;
  if (response.ok) return { kind: "taken", ...rejectedIn(text) };
  const message = `status ${status}${text === "" ? "" : `: ${safeText(text, MAX_MESSAGE)}`}`;
  if (!RETRYABLE.has(status)) return { kind: "refused", message };
  return { kind: "failed", message, after: askedDelay(response.headers) };
}

/** `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"…"}}`, in the answer to an export that was taken in part. */
function rejectedIn(text: string): { rejected: number; message: string } {
  const partial = parsedRecord(text)?.partialSuccess;
  if (!isRecord(partial)) return { rejected: 0, message: "" };
  const rejected = Number(partial.rejectedSpans ?? partial.rejectedDataPoints ?? 0);
  const { errorMessage } = partial;
  return {
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    message: typeof errorMessage === "string" ? safeText(errorMessage, MAX_MESSAGE) : "",
  };
}

function parsedRecord(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch (error) {
    // Some collectors answer with nothing, or with words.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The beginning of an answer's body; the connection of one that is longer is given up. */
async function beginningOf(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_ANSWER) break;
  }
  return Buffer.concat(chunks).toString("utf8", 0, MAX_ANSWER);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? safeText(error.message, MAX_MESSAGE) : "it could not be sent";
}
