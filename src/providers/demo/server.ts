import { readBytes } from "./body.ts";
import { answerHeaders, type DemoState } from "./call.ts";
import { DemoError, type DemoShape, errorBody } from "./errors.ts";
import { makeId, seedOf } from "./ids.ts";
import { PromptCache } from "./prompt-cache.ts";
import { route, shapeOf } from "./routes.ts";

export interface DemoProviderOptions {
  /** Address to listen on; 127.0.0.1 unless given. */
  host?: string;
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number;
}

export interface DemoProvider {
  /** Origin without a slash at its end, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes every connection, those in the middle of an answer too. */
  stop(): Promise<void>;
}

/**
 * Starts a provider that calls no model and needs no key. It speaks the OpenAI Chat, Responses, Completions and
 * Embeddings APIs, Anthropic Messages and Gemini; the model's name chooses how it behaves (`DEMO_MODELS`).
 * @throws when the port is taken.
 */
export function startDemoProvider(options: DemoProviderOptions = {}): DemoProvider {
  const state: DemoState = { cache: new PromptCache(), failed: new Set() };
  const server = Bun.serve({
    hostname: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 0, // some of its models keep silent on purpose
    development: false,
    fetch: (request) => answer(request, state),
  });
  return {
    url: server.url.origin,
    port: server.port ?? 0,
    stop: () => server.stop(true),
  };
}

async function answer(request: Request, state: DemoState): Promise<Response> {
  const url = new URL(request.url);
  const shape = shapeOf(url.pathname, request.headers);
  let seed = seedOf(url.pathname, new Uint8Array());
  try {
    const body = await readBytes(request);
    seed = seedOf(url.pathname, body);
    const { headers, signal } = request;
    const call = { path: url.pathname, query: url.searchParams, headers, body, seed, signal, state };
    return await route(request.method, call);
  } catch (error) {
    return errorResponse(toDemoError(error), shape, seed);
  }
}

/** A mistake of the demo's own is told to its caller, who is its only reader. */
function toDemoError(error: unknown): DemoError {
  if (error instanceof DemoError) return error;
  if (error instanceof RangeError) return new DemoError(400, "The body is nested too deeply.");
  return new DemoError(500, `The demo provider itself failed: ${String(error)}`);
}

/** Statuses whose responses carry no body. */
const BODILESS = new Set([204, 205, 304]);

function errorResponse(error: DemoError, shape: DemoShape, seed: bigint): Response {
  const body = errorBody(shape, error, makeId(seed, "req_", "request"));
  return new Response(BODILESS.has(error.status) ? null : JSON.stringify(body, null, 2), {
    status: error.status,
    headers: {
      ...answerHeaders({ seed }, shape),
      ...error.details.headers,
      "content-type": "application/json",
    },
  });
}
