import { noteError } from "../answers/refuse.ts";
import type { Caller } from "../auth/authenticate.ts";
import type { AmpConfig } from "../config/schema.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Trace } from "../records/trace.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { ThreadStore } from "../storage/thread-store.ts";
import { readJson } from "./input.ts";
import { InternalMethods } from "./internal.ts";
import type { Reports } from "./reports.ts";
import type { AmpService } from "./services.ts";
import { answerSync } from "./sync.ts";
import { readThreads, type TextBody } from "./thread-reads.ts";
import { ThreadAccess } from "./threads.ts";
import { connectionsOf, userOf } from "./user.ts";

/** One call of the Amp client, after its key was checked and its body read. */
interface AmpCall {
  readonly service: AmpService;
  readonly facts: Pick<RequestFacts, "method" | "search" | "body">;
  readonly caller: Caller;
  readonly config: AmpConfig;
}

/** Megabytes of a body: thousands of threads' versions, or of events. */
const MAX_SYNC_MB = 4;
const MAX_REPORT_MB = 16;

/** The Amp client's own calls, those that reach no model. */
export class AmpRoom {
  readonly #threads: ThreadStore;
  readonly #reports: Reports;
  readonly #internal: InternalMethods;

  constructor(parts: { threads: ThreadStore; reports: Reports; logger: Logger }) {
    this.#threads = parts.threads;
    this.#reports = parts.reports;
    this.#internal = new InternalMethods(parts.logger);
  }

  /**
   * Throws a GatewayError: malformed_body, invalid_request, not_found, body_too_large or storage_unavailable. A method of
   * `/api/internal` answers with it instead, under status 200: of any other status the client tells its user nothing
   * but the number.
   */
  async answer(call: AmpCall, trace: Trace): Promise<Response> {
    const { type, text } = await this.#reply(call, trace);
    const body = Buffer.from(text);
    trace.status = 200;
    trace.responseBytes = body.length;
    return new Response(call.facts.method === "HEAD" ? null : body, {
      headers: { "content-type": type, "x-request-id": trace.requestId },
    });
  }

  async #reply(call: AmpCall, trace: Trace): Promise<TextBody> {
    if (call.service === "threads") return readThreads(trace.path, call.facts.search, this.#accessOf(call));
    const value =
      call.service === "internal"
        ? await this.#internalReply(call, trace)
        : await this.#result(call, call.service);
    return { type: "application/json", text: JSON.stringify(value) };
  }

  #accessOf({ caller, config }: AmpCall): ThreadAccess {
    return new ThreadAccess(this.#threads, caller.identity.id, config);
  }

  async #internalReply(call: AmpCall, trace: Trace): Promise<unknown> {
    try {
      const { facts, caller, config } = call;
      const threads = this.#accessOf(call);
      return await this.#internal.answer(facts, { identity: caller.identity, config, threads });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      noteError(trace, error);
      return { ok: false, error: { code: error.code, message: error.message } };
    }
  }

  async #result(call: AmpCall, service: Exclude<AmpService, "internal" | "threads">): Promise<unknown> {
    const { facts, config } = call;
    const { identity } = call.caller;
    switch (service) {
      case "user":
        return userOf(identity, config.user);
      case "connections":
        return connectionsOf(config);
      case "threads-sync":
        return answerSync(readJson(facts.body, MAX_SYNC_MB), this.#accessOf(call));
      case "telemetry":
        return {
          message: "ok",
          published: await this.#reports.telemetry(readJson(facts.body, MAX_REPORT_MB), identity.id, config),
        };
      case "errors":
        await this.#reports.error(readJson(facts.body, MAX_REPORT_MB), identity.id, config);
        return { status: "received" };
    }
  }
}
