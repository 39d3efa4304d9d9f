import { GatewayError } from "../exchange/errors.ts";
import type { Call } from "../formats/call.ts";
import { identify } from "../formats/identify.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { Handler } from "../server/http-server.ts";
import type { Success } from "../upstream/outcome.ts";
import type { Target } from "../upstream/target.ts";
import { backgroundWork } from "./background.ts";
import type { Asker } from "./inner-request.ts";
import { isObject, type JsonObject } from "./json.ts";
import { mayRefer, type Prepared, refusalBy } from "./request.ts";
import type { Responses } from "./room.ts";

const FORMAT = "openai-responses";

/** Whether a call makes a response of the Responses API. */
export function makesResponse(call: Call): boolean {
  return call.format === FORMAT && call.operation === "generate";
}

/**
 * What a request refers to, in its place: in `facts` as targets take it that speak Responses, in `facts.whole` as the
 * others are asked. `prepared` is null, and the facts are the same, where it refers to nothing. Throws as
 * `Responses.prepare`, and malformed_body.
 */
async function withState(
  responses: Responses,
  call: Call,
  facts: RequestFacts,
): Promise<{ readonly facts: RequestFacts; readonly prepared: Prepared | null }> {
  const { body } = facts;
  if (!Buffer.isBuffer(body) || !mayRefer(body)) return { facts, prepared: null };
  const prepared = await responses.prepare(parsed(body), facts.owner);
  if (prepared.body === prepared.original) return { facts, prepared };
  const withBody = (value: JsonObject): RequestFacts => {
    const bytes = Buffer.from(JSON.stringify(value));
    return {
      ...facts,
      body: bytes,
      fields: identify(bytes, call, true),
      contentLength: String(bytes.length),
    };
  };
  return { facts: { ...withBody(prepared.nativeBody), whole: withBody(prepared.body) }, prepared };
}

/** One call of the Responses API among those before and after it. */
export class Turn {
  /** The request as its targets are asked. */
  readonly facts: RequestFacts;
  readonly #responses: Responses;
  readonly #body: RequestFacts["body"];
  readonly #prepared: Prepared | null;

  /** `asked` is the request as it came. */
  constructor(
    responses: Responses,
    asked: RequestFacts,
    state: { readonly facts: RequestFacts; readonly prepared: Prepared | null },
  ) {
    this.#responses = responses;
    this.#body = asked.body;
    this.facts = state.facts;
    this.#prepared = state.prepared;
  }

  /** The answer to a request whose response is made while nobody waits, or null. Throws a GatewayError. */
  background(first: Target, asker: Asker, handle: Handler): Response | null {
    const prepared = this.#prepared;
    if (prepared === null || !prepared.background || keepsState(first)) return null;
    const refusal = refusalBy(prepared, { provider: null, isNative: false });
    if (refusal !== null) throw refusal;
    return this.#responses.startBackground(
      prepared,
      this.facts.owner,
      backgroundWork(prepared, asker, handle),
    );
  }

  /** The targets; those that cannot follow what the request refers to refuse it. */
  able(targets: readonly Target[]): readonly Target[] {
    return ableToContinue(targets, this.#prepared);
  }

  /** The answer, which is kept as it goes by. */
  served(success: Success, target: Target): Success {
    const asked = this.#prepared ?? this.#body;
    if (asked === null || asked instanceof ReadableStream) return success;
    const { provider, model } = target;
    const by = { keyId: this.facts.owner, provider, model, keepsState: keepsState(target) };
    return this.#responses.served(success, asked, by);
  }
}

/** Puts what the request refers to in its place. Rejects as `Responses.prepare`, and with malformed_body. */
export async function startTurn(responses: Responses, call: Call, asked: RequestFacts): Promise<Turn> {
  return new Turn(responses, asked, await withState(responses, call, asked));
}

/** Targets that refuse a request whose reference they cannot follow. */
function ableToContinue(targets: readonly Target[], prepared: Prepared | null): readonly Target[] {
  if (prepared === null || prepared.unresolved === null) return targets;
  return targets.map((target) => ({
    ...target,
    prepare() {
      const refusal = refusalBy(prepared, { provider: target.provider, isNative: keepsState(target) });
      if (refusal !== null) throw refusal;
      return target.prepare();
    },
  }));
}

/** Whether a target answers in Responses itself and keeps what it answered. */
function keepsState(target: Target): boolean {
  return target.format === FORMAT && target.keepsResponses;
}

function parsed(body: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (isObject(value)) return value;
  } catch (error) {
    throw new GatewayError("malformed_body", "The request body is not valid JSON.", { cause: error });
  }
  throw new GatewayError("malformed_body", "The request body is not a JSON object.");
}
