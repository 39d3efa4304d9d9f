import type { Format } from "../exchange/formats.ts";
import { JsonSyntaxError } from "../lib/json-scan.ts";
import { promptText } from "./prompt-text.ts";
import { userTurns } from "./user-turns.ts";

/** The text that a router scores, or why there is none. */
export type RequestText = { readonly text: string } | { readonly text: null; readonly reason: string };

/** Of larger bodies the time to find the last turn would be felt by others. */
const LARGEST_BODY = 16 << 20;
/** Share of characters that no text has from which on it is taken for something else. */
const BINARY = 0.3;

/** The text of a request's body in a format; see `promptText`. Never throws: a body can be anything. */
export function requestText(body: Buffer, format: Format): RequestText {
  if (body.length > LARGEST_BODY) return none(`the body has more than ${LARGEST_BODY >> 20} MB`);
  try {
    const text = promptText(userTurns(body, format));
    if (text === "") return none("no turn of the user's has words");
    return isBinary(text) ? none("the user's words are binary") : { text };
  } catch (error) {
    // Its message may quote the body, which is not to be told on.
    if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return none("the body is not JSON");
    throw error;
  }
}

function none(reason: string): RequestText {
  return { text: null, reason };
}

function isBinary(text: string): boolean {
  let strange = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd || code === 0x7f || (code < 0x20 && code !== 10 && code !== 9 && code !== 13))
      strange++;
  }
  return strange > text.length * BINARY;
}
