import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RECORDINGS, type RecordedExchange, recordedExchanges } from "../support/exchanges.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import {
  type Mutation,
  REPLAY_HEADER,
  type ReplayUpstream,
  replayedBody,
  replayHeader,
  startReplayUpstream,
} from "../support/replay-upstream.ts";

type RecordedFormat = keyof typeof RECORDINGS;

/** A request to the gateway, and the one that should reach the upstream because of it. */
interface Passage {
  readonly path: string;
  readonly body: string;
  readonly upstreamPath: string;
  /** The model's name that the answer is to bear in place of the recorded one; null where it passes as it was. */
  readonly model: string | null;
}

const FORMATS = Object.keys(RECORDINGS) as RecordedFormat[];
const VERSION = {
  "openai-chat": "v1",
  "openai-responses": "v1",
  "anthropic-messages": "v1",
  gemini: "v1beta",
} as const;
const MUTATIONS: [name: string, Mutation][] = [
  ["whole", {}],
  ["cut into single bytes", { pieces: 1 }],
  ["in pieces of seven bytes with CRLF and comments", { pieces: 7, crlf: true, pings: true }],
];

let upstream: ReplayUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startReplayUpstream();
  const provider = (format: RecordedFormat) => ({
    base_url: `${upstream.url}/${VERSION[format]}`,
    api_key: "provider-key",
    formats: [format],
    forward_request_headers: [REPLAY_HEADER],
  });
  gateway = await startGateway({
    config: {
      providers: Object.fromEntries(FORMATS.map((format) => [format, provider(format)])),
      breaker: { enabled: false },
      server: { sse_keep_alive: 0 },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

/** The API's own path after its version, and its query. */
function apiPath(format: RecordedFormat, { url, stream }: RecordedExchange, modelPrefix = ""): string {
  if (format === "openai-chat") return "chat/completions";
  if (format === "openai-responses") return "responses";
  if (format === "anthropic-messages") return "messages";
  const model = /models\/([^:]+):/.exec(url)?.[1] ?? "";
  return `models/${modelPrefix}${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
}

function throughProviderDoor(format: RecordedFormat, exchange: RecordedExchange): Passage {
  const rest = apiPath(format, exchange);
  return {
    path: `/v1/${format}/${rest}`,
    body: JSON.stringify(exchange.request),
    upstreamPath: `/${VERSION[format]}/${rest}`,
    model: null,
  };
}

function throughUnifiedDoor(format: RecordedFormat, exchange: RecordedExchange): Passage {
  const { request } = exchange;
  const asked = format === "gemini" ? request : { ...request, model: `${format}/${request.model}` };
  return {
    path: `/${VERSION[format]}/${apiPath(format, exchange, `${format}/`)}`,
    body: JSON.stringify(asked),
    upstreamPath: `/${VERSION[format]}/${apiPath(format, exchange)}`,
    model: format === "anthropic-messages" ? String(asked.model) : null,
  };
}

/** What the client is to get: what the upstream sent, but for the model's name where it first stands. */
function expectedBody(exchange: RecordedExchange, { model }: Passage, mutation: Mutation): Buffer {
  const sent = Buffer.from(replayedBody(exchange, mutation));
  if (model === null || exchange.status !== 200) return sent;
  return Buffer.from(
    sent.toString().replace(/("model"\s*:\s*)"[^"]*"/, (_, key) => `${key}${JSON.stringify(model)}`),
  );
}

async function pass(exchange: RecordedExchange, passage: Passage, mutation: Mutation): Promise<void> {
  const { id } = exchange;
  const response = await fetch(gateway.url + passage.path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${gateway.key}`,
      [REPLAY_HEADER]: replayHeader(id, mutation),
    },
    body: passage.body,
  });
  const received = Buffer.from(await response.arrayBuffer());
  expect({
    id,
    status: response.status,
    type: response.headers.get("content-type"),
    text: received.toString(),
  }).toEqual({
    id,
    status: exchange.status,
    type: exchange.content_type,
    text: expectedBody(exchange, passage, mutation).toString(),
  });
  expect(received.equals(expectedBody(exchange, passage, mutation))).toBeTrue();

  const request = upstream.received(id).at(-1)!;
  expect(request.target).toBe(passage.upstreamPath);
  expect(Buffer.from(await request.body).toString()).toBe(JSON.stringify(exchange.request));
}

describe.each(FORMATS)("recorded exchanges of %s", (format) => {
  const exchanges = recordedExchanges(format);

  test.each(MUTATIONS)("pass through the provider's own door byte for byte, %s", async (_, mutation) => {
    for (const exchange of exchanges) await pass(exchange, throughProviderDoor(format, exchange), mutation);
  });

  test.each(MUTATIONS)(
    "pass through the format's unified door byte for byte but for a model's name, %s",
    async (_, mutation) => {
      for (const exchange of exchanges) await pass(exchange, throughUnifiedDoor(format, exchange), mutation);
    },
  );
});
