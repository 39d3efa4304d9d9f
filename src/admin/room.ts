import type { KeyIdentity } from "../auth/key-ring.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Trace } from "../records/trace.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { Router } from "../routing/router.ts";
import type { AdminParts, Route } from "./route.ts";

/** One call of the management API, after its key was checked and its body read. */
interface AdminCall {
  readonly facts: Pick<RequestFacts, "method" | "search" | "body">;
  readonly caller: KeyIdentity;
  readonly router: Router;
}

const OPENAPI_PATH = "/openapi.json";
const JSON_TYPE = "application/json";

/** The management API. */
export class AdminRoom {
  readonly #parts: AdminParts;
  /** Made when it is first asked for. */
  #description: string | null = null;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  /** Rejects with a GatewayError: permission_denied, not_found, method_not_allowed, those of `readInput`, storage_unavailable. */
  async answer(call: AdminCall, trace: Trace): Promise<Response> {
    if (!call.caller.scopes.includes("admin")) {
      throw new GatewayError(
        "permission_denied",
        "This key may not use the management API. Keys of the environment may, the first key that the gateway made, and those made with `amsterdam keys create --admin`.",
      );
    }
    const response = await this.#respond(call, trace);
    trace.status = response.status;
    response.headers.set("x-request-id", trace.requestId);
    // It tells of others' requests, and of what is so at this moment.
    response.headers.set("cache-control", "no-store");
    // The server leaves the body out and keeps its length; a stream would be begun for nobody.
    if (trace.method !== "HEAD" || response.headers.get("content-type") === JSON_TYPE) return response;
    await response.body?.cancel();
    return new Response(null, response);
  }

  async #respond(call: AdminCall, trace: Trace): Promise<Response> {
    if (trace.path === OPENAPI_PATH) {
      if (!reads(trace.method)) throw notAllowed("GET, HEAD");
      this.#description ??= JSON.stringify((await import("./openapi.ts")).openApi(this.#parts.version));
      return json(this.#description, 200, trace);
    }
    // The schemas of all its calls: a gateway that nobody asks need not load them.
    const [{ findRoute }, { readInput }] = await Promise.all([import("./table.ts"), import("./input.ts")]);
    const found = findRoute(trace.method, trace.path);
    if (found.kind === "none")
      throw new GatewayError("not_found", `The management API has no path ${trace.path.slice(0, 200)}.`);
    trace.door = found.kind === "match" ? found.route.path : found.path;
    if (found.kind === "other-methods") throw notAllowed(found.allow);
    const { route, params } = found;
    const { search, body } = call.facts;
    const input = readInput(route, { params, search, body });
    const answer = await run(route, input, { ...this.#parts, router: call.router, caller: call.caller });
    if (answer instanceof Response) return answer;
    return json(JSON.stringify(answer), route.answer.kind === "json" ? route.answer.status : 200, trace);
  }
}

/** `input` was checked against the route's own schemas, which its handler's type is made of. */
function run(route: Route, input: object, context: Parameters<Route["handle"]>[1]): Promise<unknown> {
  return route.handle(input as never, context);
}

function json(text: string, status: number, trace: Trace): Response {
  const body = Buffer.from(text);
  trace.responseBytes = body.length;
  return new Response(body, { status, headers: { "content-type": JSON_TYPE } });
}

function reads(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function notAllowed(allow: string): GatewayError {
  return new GatewayError("method_not_allowed", `This path takes ${allow}.`, { headers: { allow } });
}
