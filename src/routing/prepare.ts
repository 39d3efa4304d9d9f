import { askForUsage, rewriteBody } from "../formats/request-fields.ts";
import { type Edit, EditedBytes } from "../lib/edited-bytes.ts";
import { clientHeaderLines, type HeaderFilter } from "../upstream/http/forward-headers.ts";
import type { Origin } from "../upstream/http/origin.ts";
import type { TargetRequest } from "../upstream/target.ts";
import type { Converted } from "./converted.ts";
import type { Provider } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";

export interface Destination {
  readonly origin: Origin;
  /** Path and query. */
  readonly target: string;
  /** The client's header fields that go there. */
  readonly filter: HeaderFilter;
  /** Fields that hold a gateway key in this request; null where the filter lets no such field pass anyway. */
  readonly withheld: ReadonlySet<string> | null;
  /** Header lines that are set whatever the client sent; the filter excludes their names. With accept-encoding, where
   * the filter does not allow the client's. */
  readonly lines: string;
  /** The model's name there, where the body names one; null leaves the body's. */
  readonly model: string | null;
  /** Whether the answer may not be compressed, whatever the client takes. */
  readonly uncompressed: boolean;
  /** Whether a Chat stream is asked for its usage there, and that is kept from a client that did not ask. */
  readonly asksForUsage: boolean;
}

/** An answer that is compressed all the same passes as it came. */
const ENCODINGS: ReadonlySet<string> = new Set(["accept-encoding"]);

/** The request for one try. The body goes out as it came, but for what the gateway's own fields and the model ask. */
export function prepareRequest(facts: RequestFacts, to: Destination): TargetRequest {
  const asked = to.asksForUsage ? usageEdit(facts) : null;
  const uncompressed = to.uncompressed || asked !== null;
  let lines = clientHeaderLines(facts.headers, to.filter, uncompressed ? ENCODINGS : to.withheld);
  lines += `${to.lines}traceparent: ${facts.traceparent}\r\n`;
  if (facts.tracestate !== null) lines += `tracestate: ${facts.tracestate}\r\n`;
  // Without this a compressed answer could come to a client that cannot read it.
  if (
    to.filter.allows("accept-encoding") &&
    (uncompressed || facts.headers["accept-encoding"] === undefined)
  ) {
    lines += "accept-encoding: identity\r\n";
  }
  if (facts.body instanceof ReadableStream && facts.contentLength !== null) {
    lines += `content-length: ${facts.contentLength}\r\n`;
  }
  const { origin, target } = to;
  const body = bodyFor(facts, to.model, asked);
  const request = { origin, method: facts.method, target, headerLines: lines, body, converter: null };
  return asked === null ? request : { ...request, hidesUsage: true };
}

function usageEdit({ body, fields }: RequestFacts): Edit | null {
  return body instanceof Buffer && fields?.stream === true ? askForUsage(body, fields) : null;
}

/** Where a converted call goes: as `Destination`, its path without the call's own part. */
export interface ConvertedDestination
  extends Omit<Destination, "target" | "model" | "uncompressed" | "asksForUsage"> {
  /** Path and query for the call's path below the base. */
  target(callPath: string): string;
}

/** The request for one try of a converted call. What the client's header fields say of its own body does not go along. */
export function prepareConverted(
  facts: RequestFacts,
  converted: Converted,
  to: ConvertedDestination,
): TargetRequest {
  const { body, converter, path } = converted;
  let lines = clientHeaderLines(facts.headers, to.filter, to.withheld);
  lines += `content-type: application/json\r\naccept: ${converter.streams ? "text/event-stream" : "application/json"}\r\n`;
  if (!to.lines.includes("accept-encoding: ")) lines += "accept-encoding: identity\r\n";
  lines += `${to.lines}traceparent: ${facts.traceparent}\r\n`;
  if (facts.tracestate !== null) lines += `tracestate: ${facts.tracestate}\r\n`;
  return {
    origin: to.origin,
    method: "POST",
    target: to.target(path),
    headerLines: lines,
    body: new EditedBytes(body, []),
    converter,
  };
}

function bodyFor(facts: RequestFacts, model: string | null, asked: Edit | null): TargetRequest["body"] {
  if (facts.body === null || facts.body instanceof ReadableStream) return facts.body;
  if (facts.fields === null) return new EditedBytes(facts.body, []);
  return rewriteBody(facts.body, facts.fields, model, asked);
}

/** The header line that names the caller to a provider by one of its keys; empty when it has none. */
export function keyLine({ keys, keyStyle }: Provider, index: number): string {
  return keys.length === 0 ? "" : `${keyStyle.header}: ${keyStyle.prefix}${keys[index]}\r\n`;
}
