import type { Operation } from "../exchange/formats.ts";
import { rewriteBody } from "../formats/request-fields.ts";
import { withParameters } from "../formats/templated.ts";
import type { Logger } from "../lib/logger.ts";
import { requestIdOf, tagTexts } from "../records/make-record.ts";
import type { Trace } from "../records/trace.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { RouteDecision } from "../routing/routes.ts";
import type { Admission } from "../server/admission.ts";
import { NO_CONNECTION } from "../server/connection.ts";
import type { Handler } from "../server/http-server.ts";
import { isMirrored } from "../strategies/mirror.ts";
import type { Arrival } from "./arrive.ts";
import { noteInner } from "./inner-facts.ts";
import { innerHeaders } from "./inner-headers.ts";

/** Mirrored requests at once: where their model is slow, the others are not mirrored. */
const MOST_RUNNING = 100;
/** What the answered request belongs to is said anew; and a provider would answer a key that it knows as it did before. */
const NOT_TAKEN_OVER: ReadonlySet<string> = new Set([
  "idempotency-key",
  "traceparent",
  "tracestate",
  "x-amp-message-id",
  "x-amp-thread-id",
  "x-amsterdam-agent-id",
  "x-amsterdam-request-parent-id",
  "x-amsterdam-run-id",
  "x-amsterdam-tags",
  "x-amsterdam-thread-id",
  "x-client-request-id",
]);
const TAG = "mirror";
/** Calls that models answer with words. */
const MIRRORED: ReadonlySet<Operation> = new Set(["generate", "completions"]);

/** Sends requests of routes that ask for it to another model too. Their answers are recorded, and shown to nobody. */
export class Mirrors {
  readonly #admission: Pick<Admission, "hasRoom">;
  readonly #logger: Logger;
  #running = 0;

  constructor(admission: Pick<Admission, "hasRoom">, logger: Logger) {
    this.#admission = admission;
    this.#logger = logger;
  }

  /** Mirrors the request where its route says so; returns at once. */
  send(decision: RouteDecision, arrival: Arrival, facts: RequestFacts, handle: Handler): void {
    const { mirror } = decision.found.config;
    if (mirror === undefined || !this.#mayMirror(mirror.target, arrival, facts)) return;
    const { request, door, trace } = arrival;
    const key = decision.asked.conversation ?? trace.requestId;
    if (!isMirrored({ to: mirror.target, share: mirror.share }, key)) return;
    const body = bodyOf(facts, door.call.format === "openai-responses");
    if (body === null) return;
    const mirrored = new Request(request.url, {
      method: "POST",
      headers: headersOf(request.headers, trace, body.length),
      body: body as Uint8Array<ArrayBuffer>,
    });
    noteInner(mirrored, { mirroredTo: mirror.target });
    this.#running++;
    void this.#run(mirrored, handle).finally(() => {
      this.#running--;
    });
  }

  /** A copy has no copies of its own, takes no client's place, and is for a provider that is there. */
  #mayMirror(target: string, { door, router }: Arrival, { isMirrored }: RequestFacts): boolean {
    return (
      isMirrored !== true &&
      MIRRORED.has(door.call.operation) &&
      this.#running < MOST_RUNNING &&
      this.#admission.hasRoom &&
      router.leadsSomewhere(target)
    );
  }

  /** The record of what comes of it is made as of any other request. */
  async #run(request: Request, handle: Handler): Promise<void> {
    try {
      const answer = await handle(request, NO_CONNECTION);
      for await (const _ of answer.body ?? []);
    } catch (error) {
      this.#logger.debug("A mirrored request broke off", { error });
    }
  }
}

const CONVERSATION = Buffer.from('"conversation"');

/**
 * Without the gateway's own fields; a response of it is not kept, and so not made in the background. Null where there is
 * no such body, and where its answer would stand in a conversation that a provider keeps.
 */
function bodyOf({ body, fields }: RequestFacts, isResponse: boolean): Uint8Array | null {
  if (!Buffer.isBuffer(body) || fields === null) return null;
  if (!isResponse) return rewriteBody(body, fields, null).toBytes();
  if (body.includes(CONVERSATION)) return null;
  const alone = { store: false, background: false };
  return rewriteBody(body, withParameters(body, fields, "openai-responses", alone), null).toBytes();
}

function headersOf(asked: Headers, trace: Trace, length: number): Headers {
  const headers = innerHeaders(asked, length, NOT_TAKEN_OVER);
  const { tracking } = trace;
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined && isHeaderText(value)) headers.set(`x-amsterdam-${name}`, value);
  };
  set("request-parent-id", requestIdOf(trace));
  set("run-id", tracking?.run_id);
  set("agent-id", tracking?.agent_id);
  set("tags", [...(tracking?.tags === undefined ? [] : tagTexts(tracking.tags)), TAG].join(","));
  return headers;
}

/** What a client has sent in its body may be no text for a header. */
function isHeaderText(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value);
}
