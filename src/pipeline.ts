import type { AmpRoom } from "./amp/room.ts";
import { deliver } from "./answers/deliver.ts";
import { estimated } from "./answers/estimated.ts";
import { takeFeedback } from "./answers/feedback.ts";
import { type ModelsShape, modelsBody } from "./answers/models.ts";
import { refuse, refuseWith } from "./answers/refuse.ts";
import { authenticate, type Caller } from "./auth/authenticate.ts";
import type { KeyRing } from "./auth/key-ring.ts";
import { withoutKeyParam } from "./auth/presented-key.ts";
import { GatewayError, toGatewayError } from "./exchange/errors.ts";
import type { ErrorShape } from "./exchange/formats.ts";
import { CODECS } from "./formats/codecs.ts";
import { identify } from "./formats/identify.ts";
import { FORMAT_MODULES, streamErrorIn } from "./formats/registry.ts";
import type { Deadlines } from "./lib/deadlines.ts";
import type { HeaderFields } from "./lib/header-fields.ts";
import { hidesDotSegment, splitUrl } from "./lib/request-url.ts";
import type { ProviderLists } from "./models/provider-lists.ts";
import type { FeedbackWriter } from "./records/feedback-writer.ts";
import { startTrace, type Trace, type TraceSubscriber } from "./records/trace.ts";
import { readTracking } from "./records/tracking.ts";
import { backgroundWork } from "./responses/background.ts";
import { refusalBy } from "./responses/request.ts";
import type { Responses } from "./responses/room.ts";
import { ableToContinue, keepsState, makesResponse, withState } from "./responses/stateful.ts";
import { pathOf } from "./responses/stored-call.ts";
import type { Door } from "./routing/doors.ts";
import type { RequestFacts } from "./routing/request-facts.ts";
import type { Resolution, Router } from "./routing/router.ts";
import { resolveTab } from "./routing/tab.ts";
import type { Admission } from "./server/admission.ts";
import { hasBody, readBody, streamBody } from "./server/body-in.ts";
import { ClientPresence } from "./server/client-presence.ts";
import type { Handler } from "./server/http-server.ts";
import { continueTrace, formatTraceparent, requestId, type TraceContext } from "./telemetry/trace-context.ts";
import type { HttpClient } from "./upstream/http/client.ts";
import { run } from "./upstream/run.ts";

/** What a request passes through; `router` is asked anew for each request, so that a reload acts on the next. */
export interface Rooms {
  router(): Router;
  readonly ring: KeyRing;
  readonly admission: Admission;
  readonly client: HttpClient;
  readonly deadlines: Deadlines;
  readonly feedback: FeedbackWriter;
  readonly amp: AmpRoom;
  readonly models: ProviderLists;
  readonly responses: Responses;
  /** Told of every request once it has ended. */
  readonly onTrace: TraceSubscriber;
}

/** A JSON answer is held to be delivered whole up to this size, so that a break in its middle can still be mended. */
const WHOLE_LIMIT = 16 * 1024 * 1024;
/** Bodies that nobody here reads are held up to this size, so that they can be sent again; longer ones pass through. */
const REPLAY_LIMIT = 1024 * 1024;
/** A stream is held this long for its first event: an error there can still be mended elsewhere. */
const FIRST_EVENT_PATIENCE_MS = 2000;

/** What is known of a request before its body is read. */
interface Arrival {
  readonly request: Request;
  readonly headers: HeaderFields;
  readonly search: string;
  readonly door: Door;
  readonly context: TraceContext;
  readonly trace: Trace;
  readonly router: Router;
}

/** The life of a request: every door that leads to a provider, from the first byte in to the last byte out. */
export function createPipeline(rooms: Rooms): Handler {
  return async function handle(request, server) {
    const arrival = arrive(request, rooms.router());
    const { door, headers, router, search, trace } = arrival;
    const shape = errorShape(door, router, headers);
    const presence = new ClientPresence(request, server, rooms.deadlines);
    let admitted = false;
    let ended = false;
    const finish = () => {
      if (ended) return;
      ended = true;
      presence.end();
      if (admitted) rooms.admission.release();
      trace.endedAt = performance.now() - trace.startedTick;
      rooms.onTrace(trace);
    };
    const finished = (response: Response) => {
      finish();
      return response;
    };
    try {
      refuseWrongCalls(door, trace.path);
      const caller = authenticate(rooms.ring, headers, arrival.search, trace.startedAt);
      trace.keyId = caller.identity.id;
      admitted = admit(rooms.admission);
      const asked = factsOf(arrival, caller, await bodyOf(arrival, rooms.deadlines));
      const { facts, prepared } = makesResponse(door.call)
        ? await withState(rooms.responses, door.call, asked)
        : { facts: asked, prepared: null };
      if (door.kind === "feedback") return finished(takeFeedback(facts.body, caller, rooms.feedback, trace));
      if (door.kind === "models") return finished(await modelsAnswer(door, arrival, rooms.models));
      if (door.kind === "amp") {
        const call = { service: door.service, facts, caller, config: router.config.amp };
        return finished(await rooms.amp.answer(call, trace));
      }

      const passed = door.kind === "stored-response" ? await storedAnswer(door, rooms, caller, search) : door;
      if (passed instanceof Response) return finished(withIds(passed, trace));
      const resolution = resolve(passed, trace.path, router, facts);
      trace.route = resolution.route;
      if (resolution.counted !== null)
        return finished(estimated(await resolution.counted.countHere(), trace));
      if (prepared?.background === true && !keepsState(resolution.targets[0]!)) {
        const refusal = refusalBy(prepared, { provider: null, isNative: false });
        if (refusal !== null) throw refusal;
        const asker = { headers: request.headers, search: arrival.search };
        const work = backgroundWork(prepared, asker, handle);
        return finished(withIds(rooms.responses.startBackground(prepared, facts.owner, work), trace));
      }
      const { target, outcome } = await run(ableToContinue(resolution.targets, prepared), {
        client: rooms.client,
        deadlines: rooms.deadlines,
        presence,
        startedTick: trace.startedTick,
        totalAt: trace.startedTick + resolution.targets[0]!.settings.totalTimeout,
        wholeLimit: WHOLE_LIMIT,
        firstEventPatience: FIRST_EVENT_PATIENCE_MS,
        attempts: trace.attempts,
        streamErrorOf: (event, format) => streamErrorIn(format, event),
      });
      trace.provider = target.provider;
      trace.model = target.model;
      trace.targetFormat = target.format;
      if (!outcome.ok) return finished(refuseWith(outcome, resolution.responseFilter, shape, trace));

      const { sse_keep_alive, stall_timeout } = router.config.server;
      const { provider, model } = target;
      const served =
        makesResponse(door.call) && Buffer.isBuffer(asked.body)
          ? rooms.responses.served(outcome, prepared ?? asked.body, {
              keyId: facts.owner,
              provider,
              model,
              keepsState: keepsState(target),
            })
          : outcome;
      return deliver(served, trace, {
        filter: resolution.responseFilter,
        upstream: target.upstream,
        deadlines: rooms.deadlines,
        keepAlive: sse_keep_alive * 1000,
        keepAliveText: keepAliveOf(door),
        stallTimeout: stall_timeout * 1000,
        renderStreamError: (error) => renderStreamError(door, error, trace.requestId),
        finish,
      });
    } catch (error) {
      try {
        return refuse(toGatewayError(error), shape, trace);
      } finally {
        finish();
      }
    }
  };
}

function arrive(request: Request, router: Router): Arrival {
  const { path, search } = splitUrl(request.url);
  const headers: HeaderFields = request.headers.toJSON();
  const door = router.door(request.method, path);
  const context = continueTrace(headers.traceparent ?? null);
  const ids = { requestId: requestId(headers["x-request-id"] ?? null), ...context };
  const trace = startTrace(ids, request.method, path);
  trace.door = door.name;
  trace.clientFormat = door.call.format;
  trace.operation = door.call.operation;
  return { request, headers, search, door, context, trace, router };
}

/** Errors are told as the API that was called tells them; where the path does not say which, as the provider's does. */
function errorShape(door: Door, router: Router, headers: HeaderFields): ErrorShape {
  if (door.kind === "models") return modelsShape(door, headers);
  const { errorShape: shape, format } = door.call;
  if (format !== null || door.kind !== "provider") return shape;
  const [first] = Object.keys(router.providers.byName.get(door.provider)?.formats ?? {});
  return first === undefined ? shape : FORMAT_MODULES[first as keyof typeof FORMAT_MODULES].errorShape;
}

function refuseWrongCalls(door: Door, path: string): void {
  if (door.kind === "none")
    throw new GatewayError("not_found", `Nothing is served at ${path.slice(0, 200)}.`);
  if (door.kind === "other-methods") {
    throw new GatewayError("method_not_allowed", `This path takes ${door.allow}.`, {
      headers: { allow: door.allow },
    });
  }
  if (hidesDotSegment(path))
    throw new GatewayError("invalid_request", "The path hides a dot segment behind an encoded slash.");
}

/** True, so that whoever is admitted is released once. */
function admit(admission: Admission): true {
  if (admission.admit()) return true;
  if (admission.draining) {
    throw new GatewayError("draining", "The gateway is shutting down.", {
      retryAfter: 1,
      headers: { connection: "close" },
    });
  }
  throw new GatewayError(
    "server_overloaded",
    "The gateway is serving as many requests as it may (server.max_concurrent_requests).",
    {
      retryAfter: 1,
    },
  );
}

/** The body: read whole, passed on unread, or none. Rejects or throws as `readBody` and `streamBody`. */
function bodyOf(arrival: Arrival, deadlines: Deadlines): Promise<Buffer> | RequestFacts["body"] {
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
function factsOf(arrival: Arrival, caller: Caller, body: RequestFacts["body"]): RequestFacts {
  const { request, headers, search, door, context, trace } = arrival;
  const { config } = arrival.router;
  const fields =
    body instanceof Buffer ? identify(body, door.call, door.kind === "unified" || door.kind === "tab") : null;
  trace.requestBytes = body instanceof Buffer ? body.length : Number(headers["content-length"] ?? 0);
  trace.requestedModel = door.call.pathModel ?? fields?.model ?? null;
  trace.stream = fields?.stream === true || door.call.method === "streamGenerateContent";
  trace.tracking = readTracking(fields?.tracking ?? null, fields?.templates ?? [], headers);
  const isOwnPath = door.kind === "endpoint";
  return {
    method: request.method,
    // On a path of the configuration `key` may be the target's own parameter, unless it holds a key of ours.
    search: isOwnPath && !caller.places.has("key") ? search : withoutKeyParam(search),
    headers,
    keyHeaders: caller.places,
    body,
    fields,
    owner: caller.identity.id,
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
    headers["content-encoding"] !== undefined
  )
    return false;
  if (headers["content-type"]?.toLowerCase().startsWith("application/json")) return false;
  return !(Number(headers["content-length"] ?? Number.NaN) <= REPLAY_LIMIT);
}

/** The answer about a stored response, or the door of the provider that keeps it. */
async function storedAnswer(
  door: Door & { kind: "stored-response" },
  { responses }: Rooms,
  caller: Caller,
  search: string,
): Promise<Response | Door> {
  const { stored, name, call } = door;
  const answer = await responses.answerStored(stored, caller.identity.id, search);
  if (answer instanceof Response) return answer;
  return { kind: "provider", name, call, provider: answer.provider, rest: pathOf(stored) };
}

/** An answer of the gateway's own, under the request's id. */
function withIds(response: Response, trace: Trace): Response {
  trace.status = response.status;
  response.headers.set("x-request-id", trace.requestId);
  return response;
}

function resolve(door: Door, path: string, router: Router, facts: RequestFacts): Resolution {
  switch (door.kind) {
    case "endpoint":
      if (!door.match.endpoint.config.enabled) {
        throw new GatewayError(
          "endpoint_disabled",
          "This endpoint is switched off in the configuration (enabled: false).",
        );
      }
      return router.resolveEndpoint(door, facts);
    case "provider":
      return router.resolveProvider(door, path, facts);
    case "tab":
      return resolveTab(router, facts.fields?.model ?? null, door, facts);
    default: {
      const model = door.call.pathModel ?? facts.fields?.model ?? null;
      if (model === null || model === "") {
        throw new GatewayError("invalid_request", "The request names no model: `model` is needed.", {
          param: "model",
        });
      }
      return router.resolveModel(model, door, facts);
    }
  }
}

async function modelsAnswer(
  door: Door & { kind: "models" },
  { router, headers, trace }: Arrival,
  lists: ProviderLists,
): Promise<Response> {
  const shape = modelsShape(door, headers);
  const body = Buffer.from(JSON.stringify(await modelsBody(router, lists, door.id, shape)));
  trace.status = 200;
  trace.responseBytes = body.length;
  return new Response(trace.method === "HEAD" ? null : body, {
    headers: { "content-type": "application/json", "x-request-id": trace.requestId },
  });
}

/** Three APIs list their models at `/v1/models`; the clients of two of them say in a header who they are. */
function modelsShape(door: Door, headers: HeaderFields): ModelsShape {
  if (
    door.name.startsWith("/v1beta") ||
    headers["x-goog-api-client"] !== undefined ||
    headers["x-goog-api-key"] !== undefined
  )
    return "gemini";
  return headers["anthropic-version"] !== undefined ? "anthropic" : "openai";
}

/** What is sent into a stream's silences: most clients take comments, Anthropic's know a ping. */
function keepAliveOf(door: Door): string {
  const { format } = door.call;
  return format === null ? COMMENT : CODECS[format].generate.keepAlive;
}

const COMMENT = ": keep-alive\n\n";

function renderStreamError(door: Door, error: GatewayError, id: string): string {
  return FORMAT_MODULES[door.call.format ?? "openai-chat"].renderStreamError(error, id);
}
