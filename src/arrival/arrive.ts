import { modelsShape } from "../answers/models.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { ErrorShape } from "../exchange/formats.ts";
import { FORMAT_MODULES } from "../formats/registry.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { hidesDotSegment, splitUrl } from "../lib/request-url.ts";
import { startTrace, type Trace } from "../records/trace.ts";
import type { Door } from "../routing/doors.ts";
import type { Router } from "../routing/router.ts";
import { continueTrace, requestId, type TraceContext } from "../telemetry/trace-context.ts";

/** What is known of a request before its body is read. */
export interface Arrival {
  readonly request: Request;
  readonly headers: HeaderFields;
  readonly search: string;
  readonly door: Door;
  readonly context: TraceContext;
  readonly trace: Trace;
  readonly router: Router;
}

/** Finds the request's door and begins its trace. */
export function arrive(request: Request, router: Router): Arrival {
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
export function errorShape(door: Door, router: Router, headers: HeaderFields): ErrorShape {
  if (door.kind === "models") return modelsShape(door, headers);
  const { errorShape: shape, format } = door.call;
  if (format !== null || door.kind !== "provider") return shape;
  const [first] = Object.keys(router.providers.byName.get(door.provider)?.formats ?? {});
  return first === undefined ? shape : FORMAT_MODULES[first as keyof typeof FORMAT_MODULES].errorShape;
}

/** Throws not_found, method_not_allowed or invalid_request where the path leads nowhere. */
export function refuseWrongCalls(door: Door, path: string): void {
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
