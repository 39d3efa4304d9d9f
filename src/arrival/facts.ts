import type { Caller } from "../auth/authenticate.ts";
import { withoutKeyParam } from "../auth/presented-key.ts";
import { identify } from "../formats/identify.ts";
import type { Deadlines } from "../lib/deadlines.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { readTracking } from "../records/tracking.ts";
import type { Door } from "../routing/doors.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import { hasBody, readBody, streamBody } from "../server/body-in.ts";
import { formatTraceparent } from "../telemetry/trace-context.ts";
import type { Arrival } from "./arrive.ts";
import { innerFacts } from "./inner-facts.ts";

/** Bodies that nobody here reads are held up to this size, so that they can be sent again; longer ones pass through. */
const REPLAY_LIMIT = 1024 * 1024;

/** The body: read whole, passed on unread, or none. Rejects or throws as `readBody` and `streamBody`. */
export function bodyOf(arrival: Arrival, deadlines: Deadlines): Promise<Buffer> | RequestFacts["body"] {
  const { request, headers, door, trace } = arrival;
  if (!hasBody(headers)) return null;
  const { server, global_total_timeout } = arrival.router.config;
  const limits = {
    maxBytes: server.max_body_mb * 1024 * 1024,
    timeout: server.body_timeout * 1000,
    totalAt: trace.startedTick + global_total_timeout * 1000,
    deadlines,
  };
  const unread = passesUnread(headers, door) ? request.body : null;
  return unread === null ? readBody(request, headers, limits) : streamBody(unread, headers, limits);
}

/** What the targets' requests are made from, and what the trace is to tell of it. */
export function factsOf(arrival: Arrival, caller: Caller, body: RequestFacts["body"]): RequestFacts {
  const { request, headers, search, door, context, trace } = arrival;
  const { config } = arrival.router;
  const fields =
    body instanceof Buffer ? identify(body, door.call, door.kind === "unified" || door.kind === "tab") : null;
  if (body instanceof Buffer) trace.capture?.asked(body);
  trace.requestBytes = body instanceof Buffer ? body.length : Number(headers["content-length"] ?? 0);
  const inner = innerFacts(request);
  const model = inner.mirroredTo ?? door.call.pathModel ?? fields?.model ?? null;
  if (inner.filled !== undefined) Object.assign(trace, inner.filled);
  trace.requestedModel = model;
  trace.stream = fields?.stream === true || door.call.method === "streamGenerateContent";
  trace.tracking = readTracking(fields?.tracking ?? null, headers);
  const isOwnPath = door.kind === "endpoint";
  return {
    method: request.method,
    // On a path of the configuration `key` may be the target's own parameter, unless it holds a key of ours.
    search: isOwnPath && !caller.places.has("key") ? search : withoutKeyParam(search),
    headers,
    keyHeaders: caller.places,
    body,
    fields,
    model,
    isModelChosen: inner.mirroredTo !== undefined,
    isMirrored: inner.mirroredTo !== undefined,
    owner: caller.identity.id,
    ownerName: caller.identity.name,
    tracking: trace.tracking,
    kind: "",
    strict: fields?.strict === true || headers["x-amsterdam-strict"] === "true" || config.conversion.strict,
    contentLength: headers["content-length"] ?? null,
    traceparent: formatTraceparent(context),
    tracestate: context.parentSpanId === null ? null : (headers.tracestate ?? null),
  };
}

/** Large bodies of calls that the gateway does not read, such as uploads, go on as they come. */
function passesUnread(headers: HeaderFields, door: Door): boolean {
  if (
    door.call.format !== null ||
    door.kind === "feedback" ||
    door.kind === "amp" ||
    door.kind === "admin" ||
    headers["content-encoding"] !== undefined
  )
    return false;
  if (headers["content-type"]?.toLowerCase().startsWith("application/json")) return false;
  return !(Number(headers["content-length"] ?? Number.NaN) <= REPLAY_LIMIT);
}
