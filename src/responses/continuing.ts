import { isObject, type JsonObject } from "./json.ts";

/** A response object with the id of the one that it continues, whose input its maker was given in that one's place. */
function named(response: JsonObject, previousId: string): JsonObject {
  return { ...response, previous_response_id: previousId };
}

/** An event's JSON text, or a whole response's, in which the response names the one that it continues. */
export function continuing(text: string, previousId: string): string {
  if (!text.includes('"previous_response_id"')) return text;
  const data: unknown = JSON.parse(text);
  if (!isObject(data)) return text;
  if (isObject(data.response)) return JSON.stringify({ ...data, response: named(data.response, previousId) });
  return data.object === "response" ? JSON.stringify(named(data, previousId)) : text;
}

/** The same for SSE text of whole events, each with its data in one line. */
export function continuingEvents(sse: Uint8Array, previousId: string): Uint8Array {
  const bytes = Buffer.from(sse.buffer, sse.byteOffset, sse.length);
  if (!bytes.includes('"previous_response_id"')) return sse;
  const lines = bytes.toString("utf8").split("\n");
  return Buffer.from(
    lines
      .map((line) => (line.startsWith("data: {") ? `data: ${continuing(line.slice(6), previousId)}` : line))
      .join("\n"),
  );
}
