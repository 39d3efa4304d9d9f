import type { KeyIdentity } from "../auth/key-ring.ts";
import type { AmpConfig } from "../config/schema.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import { isObject, type JsonObject, own, readJson, refuseField } from "./input.ts";
import { type InternalReply, METHODS, type MethodCall } from "./internal-methods.ts";

/** Names of unknown methods that are remembered, so that each is logged once. */
const MAX_REMEMBERED = 200;
const MAX_NAME = 100;
/** Megabytes of a call beside the thread that it uploads. */
const CALL_MB = 1;

/** `/api/internal`: the client's calls by name. */
export class InternalMethods {
  readonly #logger: Logger;
  readonly #unknown = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Throws malformed_body, invalid_request, body_too_large or storage_unavailable. */
  async answer(
    facts: Pick<RequestFacts, "search" | "body">,
    caller: { identity: KeyIdentity; config: AmpConfig; threads: MethodCall["threads"] },
  ): Promise<InternalReply> {
    const { name, params } = readCall(facts, caller.config.max_thread_mb);
    const method = METHODS.get(name);
    if (method !== undefined) return method({ params, ...caller });
    this.#note(name);
    return { ok: true, result: {} };
  }

  #note(name: string): void {
    if (this.#unknown.has(name) || this.#unknown.size >= MAX_REMEMBERED) return;
    this.#unknown.add(name);
    this.#logger.info(
      "The Amp client called a method that the gateway does not know; it was answered with {}.",
      {
        method: name,
      },
    );
  }
}

/** The method stands in the body, or alone in the query (`?getUserInfo`, `?method=getUserInfo`), or in both. */
function readCall(
  facts: Pick<RequestFacts, "search" | "body">,
  maxThreadMb: number,
): { name: string; params: JsonObject } {
  const isEmpty = !(facts.body instanceof Buffer) || facts.body.length === 0;
  const body = isEmpty ? {} : readJson(facts.body, maxThreadMb + CALL_MB, "amp.max_thread_mb");
  if (!isObject(body)) throw new GatewayError("invalid_request", "The body must be an object.");
  const name = own(body, "method") ?? nameInQuery(facts.search);
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME)
    refuseField("method", "a method's name");
  const params = own(body, "params") ?? {};
  if (!isObject(params)) refuseField("params", "an object");
  return { name, params };
}

function nameInQuery(search: string): string | null {
  const query = new URLSearchParams(search);
  const named = query.get("method");
  if (named !== null) return named;
  for (const [name, value] of query) if (value === "") return name;
  return null;
}
