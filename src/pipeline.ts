import { deliver } from "./answers/deliver.ts";
import { estimated } from "./answers/estimated.ts";
import { type AnsweringRooms, answerHere, isOwnDoor, withIds } from "./answers/here.ts";
import { underAskedName } from "./answers/model-name.ts";
import { refuse, refuseWith } from "./answers/refuse.ts";
import { arrive, errorShape, refuseWrongCalls } from "./arrival/arrive.ts";
import { bodyOf, factsOf } from "./arrival/facts.ts";
import type { Mirrors } from "./arrival/mirrors.ts";
import { fillTemplates, hasTemplates, type TemplateRooms } from "./arrival/templates.ts";
import { authenticate } from "./auth/authenticate.ts";
import type { KeyRing } from "./auth/key-ring.ts";
import { GatewayError, toGatewayError } from "./exchange/errors.ts";
import { CODECS } from "./formats/codecs.ts";
import { FORMAT_MODULES, streamErrorIn } from "./formats/registry.ts";
import type { Deadlines } from "./lib/deadlines.ts";
import type { CapturePolicy } from "./records/capture-policy.ts";
import { requestIdOf } from "./records/make-record.ts";
import type { Trace, TraceSubscriber } from "./records/trace.ts";
import { makesResponse, startTurn } from "./responses/turn.ts";
import type { Door } from "./routing/doors.ts";
import { resolve } from "./routing/resolve.ts";
import type { RouteStates } from "./routing/route-states.ts";
import type { Router } from "./routing/router.ts";
import { SentRequest } from "./routing/sent-request.ts";
import type { Admission } from "./server/admission.ts";
import { ClientPresence } from "./server/client-presence.ts";
import type { Handler } from "./server/http-server.ts";
import type { HttpClient } from "./upstream/http/client.ts";
import { run } from "./upstream/run.ts";
import type { Target } from "./upstream/target.ts";

/** What a request passes through; `router` is asked anew for each request, so that a reload acts on the next. */
export interface Rooms extends AnsweringRooms, TemplateRooms {
  router(): Router;
  readonly ring: KeyRing;
  readonly admission: Admission;
  readonly client: HttpClient;
  readonly deadlines: Deadlines;
  readonly capture: CapturePolicy;
  readonly routeStates: RouteStates;
  readonly mirrors: Mirrors;
  /** Told of every request once it has ended. */
  readonly onTrace: TraceSubscriber;
}

/** A JSON answer is held to be delivered whole up to this size, so that a break in its middle can still be mended. */
const WHOLE_LIMIT = 16 * 1024 * 1024;
/** A stream is held this long for its first event: an error there can still be mended elsewhere. */
const FIRST_EVENT_PATIENCE_MS = 2000;

/** The life of a request: every door that leads to a provider, from the first byte in to the last byte out. */
export function createPipeline(rooms: Rooms): Handler {
  return async function handle(request, server) {
    const arrival = arrive(request, rooms.router());
    const { door, headers, router, search, trace } = arrival;
    const shape = errorShape(door, router, headers);
    const presence = new ClientPresence(request, server, rooms.deadlines);
    let admitted = false;
    let ended = false;
    let sent: SentRequest | null = null;
    const finish = () => {
      if (ended) return;
      ended = true;
      sent?.ended();
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
      if (!isOwnDoor(door))
        trace.capture = rooms.capture.start(router.config.records, caller.identity.id, door.name);
      admitted = admit(rooms.admission);
      const facts = factsOf(arrival, caller, await bodyOf(arrival, rooms.deadlines));
      const passed = isOwnDoor(door) ? await answerHere(door, arrival, caller, facts, rooms) : door;
      if (passed instanceof Response) return finished(passed);

      const asked = hasTemplates(facts.fields) ? await fillTemplates(arrival, caller, facts, rooms) : facts;
      const turn = makesResponse(door.call) ? await startTurn(rooms.responses, door.call, asked) : null;
      const resolution = resolve(passed, trace.path, router, turn?.facts ?? asked);
      const { decision } = resolution;
      trace.route = resolution.route;
      trace.choice = decision?.explanation ?? null;
      if (resolution.counted !== null)
        return finished(estimated(await resolution.counted.countHere(), trace));
      const background = turn?.background(
        resolution.targets[0]!,
        { headers: request.headers, search, parentId: requestIdOf(trace), filled: trace },
        handle,
      );
      if (background) {
        const answer = withIds(background, trace);
        // They count once: for the request that makes the response.
        trace.decisions = [];
        trace.choice = null;
        return finished(answer);
      }

      // Counting a prompt's tokens tells nothing of answers.
      if (decision !== null && door.call.operation !== "count-tokens") {
        sent = new SentRequest(decision, trace, rooms.routeStates);
        rooms.mirrors.send(decision, arrival, asked, handle);
      }

      const { target, outcome } = await run(turn?.able(resolution.targets) ?? resolution.targets, {
        client: rooms.client,
        deadlines: rooms.deadlines,
        presence,
        startedTick: trace.startedTick,
        totalAt: trace.startedTick + (resolution.deadline ?? resolution.targets[0]!.settings.totalTimeout),
        ...(resolution.fallback === null ? {} : { fallback: resolution.fallback }),
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
      const named = renamedFor(door, trace, target);
      const answer = named === null ? outcome : underAskedName(outcome, named);
      return deliver(turn?.served(answer, target) ?? answer, trace, {
        filter: resolution.responseFilter,
        upstream: target.upstream,
        deadlines: rooms.deadlines,
        keepAlive: sse_keep_alive * 1000,
        keepAliveText: keepAliveOf(door),
        stallTimeout: stall_timeout * 1000,
        renderStreamError: (error) => renderStreamError(door, error, trace.requestId),
        begun: () => sent?.begun(),
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

/** The model's name that the answer is to bear, where it is one of Anthropic's API and the target was told another. */
function renamedFor(door: Door, { requestedModel }: Trace, target: Target): string | null {
  if (door.call.format !== "anthropic-messages" || target.format !== "anthropic-messages") return null;
  return requestedModel === target.model ? null : requestedModel;
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
