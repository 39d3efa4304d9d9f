import { type Behaviour, bareModel } from "./behaviours.ts";
import { aborted, pause, resetResponse } from "./deliver.ts";
import { DemoError, type DemoErrorDetails, type DemoShape } from "./errors.ts";
import { makeId } from "./ids.ts";
import type { PromptCache } from "./prompt-cache.ts";

const MOST_REMEMBERED = 10_000;

/** What one running demo provider remembers between requests. */
export interface DemoState {
  readonly cache: PromptCache;
  /** Bodies that `flaky` has failed and not answered since. */
  readonly failed: Set<bigint>;
}

/** One request to the demo, its body read. */
export interface Call {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Stands for path and body; every id in the answer follows from it. */
  readonly seed: bigint;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  readonly state: DemoState;
}

/** Headers that every answer carries. */
export function answerHeaders(call: Pick<Call, "seed">, shape: DemoShape): Record<string, string> {
  const id = makeId(call.seed, "req_", "request");
  return shape === "anthropic" ? { "request-id": id } : { "x-request-id": id };
}

/** A JSON answer with status 200. */
export function jsonResponse(call: Call, shape: DemoShape, json: string): Response {
  return new Response(json, {
    headers: { ...answerHeaders(call, shape), "content-type": "application/json" },
  });
}

/**
 * Does what the model's name asks for before an answer: fails, hangs, waits.
 * @returns a response that replaces the answer, or undefined to go on.
 * @throws DemoError for the models that answer with an error status.
 */
export async function misbehave(
  call: Call,
  model: string,
  behaviour: Behaviour,
  shape: DemoShape,
  streams: boolean,
): Promise<Response | undefined> {
  failOnPurpose(call, model, behaviour, shape);
  await pause(behaviour.pace.first + (streams ? 0 : behaviour.pace.pause), call.signal);
  if (behaviour.fault === "hang") await aborted(call.signal);
  if (call.signal.aborted) return new Response(null, { status: 499 }); // nobody is left to read it
  if (behaviour.fault === "garbage") return garbageResponse(call, shape);
  if (streams) return undefined;
  if (behaviour.fault === "breaks") return resetResponse();
  if (behaviour.fault === "errors-mid-stream") throw onPurpose(model, 500);
  return undefined;
}

function failOnPurpose(call: Call, model: string, { failure, fault }: Behaviour, shape: DemoShape): void {
  if (failure) {
    const status = shape === "anthropic" ? (failure.anthropicStatus ?? failure.status) : failure.status;
    throw onPurpose(model, status, failure.retryAfter);
  }
  if (fault !== "flaky" || call.state.failed.delete(call.seed)) return;
  if (call.state.failed.size >= MOST_REMEMBERED) call.state.failed.clear();
  call.state.failed.add(call.seed);
  throw onPurpose(model, 503);
}

/** The error that a demo model gives because its name says so. */
export function onPurpose(model: string, status: number, retryAfter?: number): DemoError {
  const details: DemoErrorDetails = {};
  if (status === 429) details.code = "rate_limit_exceeded";
  if (retryAfter !== undefined) details.headers = { "retry-after": String(retryAfter) };
  return new DemoError(status, `The demo model '${bareModel(model)}' fails on purpose.`, details);
}

function garbageResponse(call: Call, shape: DemoShape): Response {
  const bytes = Uint8Array.from([
    0x00,
    0xff,
    0xfe,
    ...new TextEncoder().encode("<<< this is no JSON"),
    0xc3,
    0x28,
  ]);
  return new Response(bytes, {
    headers: { ...answerHeaders(call, shape), "content-type": "application/json" },
  });
}
