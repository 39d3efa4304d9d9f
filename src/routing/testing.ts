import { type Config, configSchema } from "../config/schema.ts";
import { SealStash } from "../conversion/seals.ts";
import { type RequestFields, readRequestFields } from "../formats/request-fields.ts";
import { Upstreams } from "../upstream/upstream.ts";
import { type Providers, readProviders } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { RouteStates } from "./route-states.ts";
import { Router } from "./router.ts";

/** For tests: a configuration with every default filled in. */
export const configOf = (settings: object): Config => configSchema.parse(settings);

export function providersOf(settings: object, env: Record<string, string> = {}): Providers {
  return readProviders(configOf(settings), env, "http://127.0.0.1:1");
}

export function routerOf(
  settings: object,
  env: Record<string, string> = {},
  states = new RouteStates((share) => 1 - share),
): Router {
  return new Router(configOf(settings), providersOf(settings, env), {
    upstreams: new Upstreams(),
    stash: new SealStash(),
    states,
    score: (body) => Math.min(1, body.length / 1000),
    pricesOf: () => null,
    until: () => 0,
  });
}

/** A POST with that JSON body. */
export function factsOf(
  body: unknown,
  headers: Record<string, string> | [string, string][] = {},
  over: Partial<RequestFacts> = {},
): RequestFacts {
  const bytes = body === null ? null : Buffer.from(JSON.stringify(body));
  const fields: RequestFields | null = bytes === null ? null : readRequestFields(bytes, {});
  return {
    method: "POST",
    search: "",
    headers: new Headers(headers).toJSON(),
    keyHeaders: new Set(["authorization"]),
    body: bytes,
    fields,
    model: fields?.model ?? null,
    isModelChosen: false,
    owner: "key-1",
    ownerName: "tests",
    tracking: null,
    kind: "",
    strict: false,
    contentLength: null,
    traceparent: "00-trace-span-01",
    tracestate: null,
    ...over,
  };
}
