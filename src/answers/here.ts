import type { AdminRoom } from "../admin/room.ts";
import type { AmpRoom } from "../amp/room.ts";
import type { Arrival } from "../arrival/arrive.ts";
import type { Caller } from "../auth/authenticate.ts";
import type { ProviderLists } from "../models/provider-lists.ts";
import type { FeedbackWriter } from "../records/feedback-writer.ts";
import type { Trace } from "../records/trace.ts";
import type { Responses } from "../responses/room.ts";
import { pathOf } from "../responses/stored-call.ts";
import type { Door } from "../routing/doors.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import { takeFeedback } from "./feedback.ts";
import { gatewayHeaders } from "./headers.ts";
import { modelsBody, modelsShape } from "./models.ts";

/** Rooms whose doors the gateway answers itself. */
export interface AnsweringRooms {
  readonly admin: AdminRoom;
  readonly feedback: FeedbackWriter;
  readonly amp: AmpRoom;
  readonly models: ProviderLists;
  readonly responses: Responses;
}

/** A door behind which no model is. */
type OwnDoor = Extract<Door, { kind: "admin" | "feedback" | "models" | "amp" | "stored-response" }>;

export function isOwnDoor(door: Door): door is OwnDoor {
  switch (door.kind) {
    case "admin":
    case "feedback":
    case "models":
    case "amp":
    case "stored-response":
      return true;
    default:
      return false;
  }
}

/** The gateway's own answer; or the door of a provider that has it. Rejects with a GatewayError. */
export async function answerHere(
  door: OwnDoor,
  arrival: Arrival,
  caller: Caller,
  facts: RequestFacts,
  rooms: AnsweringRooms,
): Promise<Response | Door> {
  const { trace, router } = arrival;
  switch (door.kind) {
    case "admin":
      return await rooms.admin.answer({ facts, caller: caller.identity, router }, trace);
    case "feedback":
      return takeFeedback(facts.body, caller, rooms.feedback, trace);
    case "models":
      return await listedModels(door, arrival, rooms.models);
    case "amp":
      return await rooms.amp.answer(
        { service: door.service, facts, caller, config: router.config.amp },
        trace,
      );
    case "stored-response":
      return await storedResponse(door, arrival, caller, rooms.responses);
  }
}

async function listedModels(
  door: OwnDoor & { kind: "models" },
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

async function storedResponse(
  { stored, name, call }: OwnDoor & { kind: "stored-response" },
  { search, trace }: Arrival,
  caller: Caller,
  responses: Responses,
): Promise<Response | Door> {
  const answer = await responses.answerStored(stored, caller.identity.id, search);
  if (answer instanceof Response) return withIds(answer, trace);
  return { kind: "provider", name, call, provider: answer.provider, rest: pathOf(stored) };
}

/** An answer of the gateway's own, under the request's id, with what is known of the request. */
export function withIds(response: Response, trace: Trace): Response {
  trace.status = response.status;
  for (const [name, value] of Object.entries(gatewayHeaders(trace))) response.headers.set(name, value);
  return response;
}
