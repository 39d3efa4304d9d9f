import type { Success } from "../upstream/outcome.ts";
import { continuing, continuingEvents } from "./continuing.ts";
import { eachEvent, finalResponse, finalResponses, firstEvent, responseIn } from "./events.ts";
import type { JsonObject } from "./json.ts";
import { StatefulConverter } from "./stateful-converter.ts";
import { TappedResponse } from "./tap.ts";

/** What is done with the responses that pass. */
export interface Keeping {
  /** Takes the response that an answer ended with. Must not throw. */
  keep(response: JsonObject): void;
  /** The response that the answer continues, where its maker was given that one's input in its place. */
  readonly previousId: string | null;
}

/** An answer that is kept here, as it is to be delivered. What is whole is kept once it is on its way. */
export function keptAnswer(success: Success, keeping: Keeping): Success {
  const { converter, body, response, delivery } = success;
  if (converter !== null) {
    const stateful = new StatefulConverter(converter, stateOf(keeping));
    if (body === null) return { ...success, converter: stateful };
    return { ...success, body: stateful.state(body) };
  }
  if (body !== null) keepLater(keeping, body);
  if (body !== null || delivery !== "events") return success;
  const see = eachEvent((text) => {
    const final = finalResponse(text);
    if (final !== null) keeping.keep(final);
  });
  return { ...success, response: new TappedResponse(response, see) };
}

/**
 * An answer that its provider keeps, as it is to be delivered. `note` is given what tells its id: the text of a whole
 * answer, once that is on its way, or of a stream's first event. A compressed answer passes by unread.
 */
export function notedAnswer(success: Success, note: (text: string) => void): Success {
  const { body, delivery, response } = success;
  if (body !== null) setImmediate(() => note(textOf(body)));
  if (body !== null || delivery !== "events") return success;
  return { ...success, response: new TappedResponse(response, firstEvent(note)) };
}

function stateOf(keeping: Keeping) {
  const { previousId } = keeping;
  return {
    events(sse: Uint8Array): Uint8Array {
      for (const final of finalResponses(sse)) keeping.keep(final);
      return previousId === null ? sse : continuingEvents(sse, previousId);
    },
    whole(json: Uint8Array): Uint8Array {
      keepLater(keeping, json);
      return previousId === null ? json : Buffer.from(continuing(textOf(json), previousId));
    },
  };
}

/** No client waits for this. */
function keepLater(keeping: Keeping, body: Uint8Array): void {
  setImmediate(() => {
    const response = responseIn(textOf(body));
    if (response !== null) keeping.keep(response);
  });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
