import { rewriteBody } from "../formats/request-fields.ts";
import { type HeaderFilter, requestHeaderLines } from "../upstream/http/forward-headers.ts";
import type { Origin } from "../upstream/http/origin.ts";
import type { TargetRequest } from "../upstream/target.ts";
import type { Provider } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";

export interface Destination {
  readonly origin: Origin;
  /** Path and query. */
  readonly target: string;
  readonly filter: HeaderFilter;
  /** Set whatever the client sent. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Header fields that may hold a key: withheld from the destination unless they are fixed. */
  readonly withheld: ReadonlySet<string>;
  /** The model's name there, where the body names one; null leaves the body's. */
  readonly model: string | null;
}

/** The request for one try. The body goes out as it came, but for what the gateway's own fields and the model ask. */
export function prepareRequest(facts: RequestFacts, to: Destination): TargetRequest {
  const fixed: Record<string, string> = { ...to.fixed, traceparent: facts.traceparent };
  if (facts.tracestate !== null) fixed.tracestate = facts.tracestate;
  // Without this a compressed answer could come to a client that cannot read it.
  if (!facts.headers.has("accept-encoding") || !to.filter.allows("accept-encoding"))
    fixed["accept-encoding"] = "identity";
  if (facts.body instanceof ReadableStream && facts.contentLength !== null)
    fixed["content-length"] = facts.contentLength;
  return {
    origin: to.origin,
    method: facts.method,
    target: to.target,
    headerLines: requestHeaderLines(facts.headers, to.filter, fixed, to.withheld),
    body: bodyFor(facts, to.model),
  };
}

function bodyFor(facts: RequestFacts, model: string | null): TargetRequest["body"] {
  if (facts.body === null || facts.body instanceof ReadableStream || facts.fields === null) return facts.body;
  return rewriteBody(facts.body, facts.fields, model);
}

/** Which key goes next, over all requests: several keys of a provider are taken in turn. */
const turns = new WeakMap<Provider, number>();

/** The header fields that name the caller to a provider; none when it has no key. */
export function keyHeader(provider: Provider): Record<string, string> {
  const { keys, keyStyle } = provider;
  if (keys.length === 0) return {};
  const turn = turns.get(provider) ?? 0;
  turns.set(provider, (turn + 1) % keys.length);
  return { [keyStyle.header]: keyStyle.prefix + keys[turn % keys.length] };
}
