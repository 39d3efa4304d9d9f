import { type AmpService, ampServiceOf } from "../amp/services.ts";
import { type Call, callOfPath } from "../formats/call.ts";
import { type StoredCall, storedCall } from "../responses/stored-call.ts";
import type { EndpointMatch, EndpointTable } from "./endpoints.ts";

/** What a client called, read from method and path alone. */
export type Door =
  /** A path of the configuration. */
  | { readonly kind: "endpoint"; readonly name: string; readonly call: Call; readonly match: EndpointMatch }
  /** `/v1/<provider>/<rest>` and `/api/provider/<provider>/<rest>`: that provider's own API. */
  | {
      readonly kind: "provider";
      readonly name: string;
      readonly call: Call;
      readonly provider: string;
      readonly rest: string;
    }
  /** One API for every provider: the model's name says which. */
  | { readonly kind: "unified"; readonly name: string; readonly call: Call }
  | { readonly kind: "models"; readonly name: string; readonly call: Call; readonly id: string | null }
  /** A response of the Responses API that was made before. */
  | {
      readonly kind: "stored-response";
      readonly name: string;
      readonly call: Call;
      readonly stored: StoredCall;
    }
  | { readonly kind: "feedback"; readonly name: string; readonly call: Call }
  /** The Amp client's calls that reach no model. */
  | { readonly kind: "amp"; readonly name: string; readonly call: Call; readonly service: AmpService }
  /** The management API and its description. */
  | { readonly kind: "admin"; readonly name: string; readonly call: Call }
  /** The Amp client's completion of what is being typed; the configuration may choose the model. */
  | { readonly kind: "tab"; readonly name: string; readonly call: Call }
  | { readonly kind: "other-methods"; readonly name: string; readonly call: Call; readonly allow: string }
  | { readonly kind: "none"; readonly name: string; readonly call: Call };

/**
 * Finds the door of a path, which is as it came but for dot segments, percent-encoding kept. Endpoints of the
 * configuration come before the built-in doors.
 */
export function findDoor(endpoints: EndpointTable, method: string, path: string): Door {
  const found = endpoints.find(method, path);
  if (found.kind === "match") {
    return {
      kind: "endpoint",
      name: found.match.endpoint.config.path,
      call: callOfPath(path.slice(1)),
      match: found.match,
    };
  }
  // A path that the configuration names is its own: what it leaves out is not let in by another door.
  if (found.kind === "other-methods") {
    return { kind: "other-methods", name: "none", call: callOfPath(path.slice(1)), allow: found.allow };
  }
  if (method !== "POST") return builtInDoor(method, path);
  const known = postDoors.get(path);
  if (known !== undefined) return known;
  const door = builtInDoor(method, path);
  if (postDoors.size < MAX_REMEMBERED && path.length < MAX_REMEMBERED_LENGTH) postDoors.set(path, door);
  return door;
}

/** The built-in doors that were called lately: few paths make up all of the traffic. */
const postDoors = new Map<string, Door>();
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_LENGTH = 300;

const PLAIN = callOfPath("");

function builtInDoor(method: string, path: string): Door {
  if (path === "/v1/feedback") {
    if (method === "POST") return { kind: "feedback", name: path, call: PLAIN };
    return { kind: "other-methods", name: path, call: PLAIN, allow: "POST" };
  }
  if (path.startsWith("/v1/") || path.startsWith("/v1beta")) {
    const call = callOfPath(path.slice(1));
    const unified = unifiedDoor(method, path, call);
    if (unified !== null) return unified;
    if (path.startsWith("/v1/")) return providerDoor("/v1/<provider>", path.slice("/v1/".length), call);
    return { kind: "none", name: "none", call };
  }
  if (path.startsWith("/api/provider/")) {
    return providerDoor("/api/provider/<provider>", path.slice("/api/provider/".length), null);
  }
  if (path.startsWith("/api/")) return ampDoor(method, path);
  if (path.startsWith("/admin/") || path === "/openapi.json")
    return { kind: "admin", name: "/admin", call: PLAIN };
  return { kind: "none", name: "none", call: PLAIN };
}

const AMP_INTERNAL: Call = { ...PLAIN, errorShape: "amp" };

function ampDoor(method: string, path: string): Door {
  if (path === "/api/tab/llm-proxy") {
    const call = callOfPath("completions");
    if (method === "POST") return { kind: "tab", name: path, call };
    return { kind: "other-methods", name: path, call, allow: "POST" };
  }
  const known = ampServiceOf(path);
  if (known === null) return { kind: "none", name: "none", call: PLAIN };
  const { name, service } = known;
  const call = service === "internal" ? AMP_INTERNAL : PLAIN;
  if (method === known.method || (method === "HEAD" && known.method === "GET"))
    return { kind: "amp", name, call, service };
  return { kind: "other-methods", name, call, allow: known.method === "GET" ? "GET, HEAD" : "POST" };
}

const UNIFIED = new Set([
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/responses/input_tokens",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1/embeddings",
  "/v1/completions",
]);

const RESPONSES = "/v1/responses/";
const STORED = "/v1/responses/{id}";
/** Told errors are OpenAI's; the body, if there is one, is nobody's to read. */
const RESPONSE_CALL: Call = { ...PLAIN, errorShape: "openai" };

function unifiedDoor(method: string, path: string, call: Call): Door | null {
  if (UNIFIED.has(path)) return postOnly(method, path, call);
  if (path.startsWith(RESPONSES)) {
    const stored = storedCall(method, path.slice(RESPONSES.length));
    if (stored?.kind === null)
      return { kind: "other-methods", name: STORED, call: RESPONSE_CALL, allow: stored.allow };
    if (stored !== null) return { kind: "stored-response", name: STORED, call: RESPONSE_CALL, stored };
  }
  const gemini = isGeminiModelPath(path, call) ? call : barePathCall(path, call);
  if (gemini !== null) return postOnly(method, "/v1beta/models/{model}", gemini);
  const models = path === "/v1/models" ? "" : modelsRest(path);
  if (models === null) return null;
  const door = path.startsWith("/v1beta") ? "/v1beta/models" : "/v1/models";
  const reads = method === "GET" || method === "HEAD";
  // A colon begins one of Gemini's methods, or stands in a model's name, as `ft:gpt-4.1:acme::id`.
  if (!reads && models.includes(":")) return null;
  if (!reads) return { kind: "other-methods", name: door, call, allow: "GET, HEAD" };
  return { kind: "models", name: door, call, id: models === "" ? null : models };
}

/** Not below a provider's name: `/v1/gemini/models/…` is that provider's door. */
function isGeminiModelPath(path: string, call: Call): boolean {
  return call.pathModel !== null && /^\/v1(beta\d*)?\/models\//.test(path);
}

/** `/v1beta/demo/echo:generateContent`: Google's older SDK and others leave `models/` out before a name with a slash. */
function barePathCall(path: string, { pathModel }: Call): Call | null {
  const name = pathModel === null ? /^\/v1beta\d*\/([^/]+\/.+)$/.exec(path)?.[1] : undefined;
  if (name === undefined) return null;
  const call = callOfPath(`models/${name}`);
  return call.pathModel === null ? null : call;
}

/** What follows `/models/`, or null when the path is no models list. */
function modelsRest(path: string): string | null {
  const match = /^\/v1(?:beta\d*)?\/models(?:\/(.*))?$/.exec(path);
  return match === null ? null : (match[1] ?? "");
}

function postOnly(method: string, name: string, call: Call): Door {
  return method === "POST"
    ? { kind: "unified", name, call }
    : { kind: "other-methods", name, call, allow: "POST" };
}

/** `tail` is `<provider>/<rest>`; `call` is what the whole path was read as, if it was. */
function providerDoor(name: string, tail: string, call: Call | null): Door {
  const slash = tail.indexOf("/");
  const provider = slash < 0 ? tail : tail.slice(0, slash);
  const rest = slash < 0 ? "" : tail.slice(slash + 1);
  if (provider === "") return { kind: "none", name: "none", call: call ?? PLAIN };
  return { kind: "provider", name, call: callOfPath(rest), provider, rest };
}
