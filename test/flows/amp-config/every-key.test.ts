import { afterAll, beforeAll, expect, test } from "bun:test";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { answer, json, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Behaviour, Exchange } from "../../support/raw-server.ts";

// One row for each key of an endpoint in AMP Server's file: two endpoints that differ in it alone, the same request to
// both, and what is seen of each. The keys that wait (base_delay_ms, backoff_multiplier) and those of the whole file are
// in settings.test.ts, methods too.

interface Row {
  /** The setting in two values. `/x` in a path stands for the endpoint's own folder, at the client and at the upstream. */
  readonly settings: readonly [Settings, Settings];
  readonly request?: { readonly path?: string; readonly headers?: Record<string, string> };
  /** By default the upstream answers with an empty JSON object. */
  readonly upstream?: Behaviour;
  readonly see: (seen: Seen) => unknown;
  readonly expected: readonly [unknown, unknown];
}

interface Settings {
  readonly path?: string;
  readonly target_url?: string;
  readonly [key: string]: unknown;
}

interface Seen {
  readonly response: Response;
  readonly body: string;
  /** What reached the upstream. */
  readonly reached: readonly Exchange[];
}

/** Every key that an endpoint has there; path and target_url are the row's. */
const BASE = {
  method: "POST",
  response_type: "json",
  custom_headers: {},
  forward_request_headers: ["content-type"],
  forward_response_headers: ["content-type"],
  enabled: true,
  timeout: 30,
  retry: { max_attempts: 1, base_delay_ms: 1, max_delay_ms: 1, backoff_multiplier: 1 },
};
const retry = (settings: object) => ({ retry: { ...BASE.retry, ...settings } });
const status = ({ response }: Seen) => response.status;
const tries = ({ reached }: Seen) => reached.length;
/** Path and query at the upstream, without the endpoint's own folder. */
const target = ({ reached }: Seen) => reached[0]?.target.replace(/^\/[^/]+/, "");
const framing = ({ response, body }: Seen) => [response.headers.get("content-length"), body];
const page = answer(200, { "content-type": "text/html; charset=latin1", "x-more": "1" }, "<p>whole</p>");

const ROWS: Readonly<Record<string, Row>> = {
  method: {
    settings: [{ method: "post" }, { method: "PUT" }],
    see: status,
    expected: [200, 405],
  },
  "path, exact": {
    settings: [{ path: "/x/models" }, { path: "/x/Models" }],
    request: { path: "/x/models" },
    see: status,
    expected: [200, 404],
  },
  "path, `*` filled into `*`": {
    settings: [
      { path: "/x/*", target_url: "/y/*" },
      { path: "/x/*", target_url: "/*/y" },
    ],
    request: { path: "/x/a/b%20c?alt=sse" },
    see: target,
    expected: ["/y/a/b%20c?alt=sse", "/a/b%20c/y?alt=sse"],
  },
  "path, `{*rest}` filled into `{*rest}` and appended": {
    settings: [
      { path: "/x/{*rest}", target_url: "/y/{*rest}:go" },
      { path: "/x/{*rest}", target_url: "/y" },
    ],
    request: { path: "/x/a/b" },
    see: target,
    expected: ["/y/a/b:go", "/y/a/b"],
  },
  "path, `{name}`": {
    settings: [
      { path: "/x/{name}/{id}:count", target_url: "/{id}/{name}" },
      { path: "/x/{name}/{id}", target_url: "/{name}?id={id}" },
    ],
    request: { path: "/x/a/b:count" },
    see: target,
    expected: ["/b/a", "/a?id=b:count"],
  },
  "target_url, `{model}` out of the rest": {
    settings: [
      { path: "/x/models/{*rest}", target_url: "/v1beta/models/{model}:generateContent" },
      { path: "/x/models/*", target_url: "/v1beta/models/{model}:streamGenerateContent?alt=sse" },
    ],
    request: { path: "/x/models/gemini-pro:streamGenerateContent?key2=1&%24alt=a%20b" },
    see: target,
    expected: [
      "/v1beta/models/gemini-pro:generateContent?key2=1&%24alt=a%20b",
      "/v1beta/models/gemini-pro:streamGenerateContent?alt=sse&key2=1&%24alt=a%20b",
    ],
  },
  "target_url, `{model}` out of the body": {
    settings: [
      { path: "/x/v1/chat/completions", target_url: "/deployments/{model}/chat/completions?v=1" },
      { path: "/x/v1/chat/completions", target_url: "/{model}" },
    ],
    request: { path: "/x/v1/chat/completions" },
    see: target,
    expected: ["/deployments/m/chat/completions?v=1", "/m"],
  },
  "response_type json and stream": {
    settings: [{ response_type: "json" }, { response_type: "stream" }],
    upstream: stream(['{"a"', ": 1}"], { headers: { "content-type": "application/json" } }),
    see: framing,
    expected: [
      ["8", '{"a": 1}'],
      [null, '{"a": 1}'],
    ],
  },
  "response_type html and sse": {
    settings: [{ response_type: "html" }, { response_type: "sse" }],
    upstream: stream(["<p>whole", "</p>"], { headers: { "content-type": "text/html" } }),
    see: framing,
    expected: [
      ["12", "<p>whole</p>"],
      [null, "<p>whole</p>"],
    ],
  },
  custom_headers: {
    settings: [{ custom_headers: { "X-Proxied-By": "amp", "Content-Type": "text/x" } }, {}],
    request: { headers: { "content-type": "text/y" } },
    see: ({ reached }) => [reached[0]?.header("x-proxied-by"), reached[0]?.header("content-type")],
    expected: [
      [["amp"], ["text/x"]],
      [[], ["text/y"]],
    ],
  },
  forward_request_headers: {
    settings: [{ forward_request_headers: ["X-Team", "accept"] }, { forward_request_headers: [] }],
    request: { headers: { "x-team": "a", "x-other": "b" } },
    see: ({ reached }) => [reached[0]?.header("x-team"), reached[0]?.header("x-other")],
    expected: [
      [["a"], []],
      [[], []],
    ],
  },
  forward_response_headers: {
    settings: [{ forward_response_headers: ["X-MORE"] }, { forward_response_headers: [] }],
    upstream: page,
    see: ({ response }) => response.headers.get("x-more"),
    expected: ["1", null],
  },
  enabled: {
    settings: [{ enabled: true }, { enabled: false }],
    see: ({ response, reached }) => [response.status, reached.length],
    expected: [
      [200, 1],
      [404, 0],
    ],
  },
  timeout: {
    settings: [{ timeout: 30 }, { timeout: 0.05 }],
    upstream: async (exchange) => {
      await Bun.sleep(400);
      await json({})(exchange);
    },
    see: status,
    expected: [200, 504],
  },
  "retry.max_attempts": {
    settings: [retry({ max_attempts: 2 }), retry({ max_attempts: 4 })],
    upstream: json({}, 503),
    see: tries,
    expected: [2, 4],
  },
  "retry.max_delay_ms, which bounds what the upstream may ask for too": {
    settings: [
      retry({ max_attempts: 2, max_delay_ms: 600_000 }),
      retry({ max_attempts: 2, max_delay_ms: 10 }),
    ],
    upstream: json({}, 503, { "retry-after-ms": "20" }),
    see: tries,
    expected: [2, 1],
  },
};

let upstream: FaultUpstream;
let gateway: Gateway;
const folderOf = (row: number, side: number) => `key-${row}-${side}`;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const endpoints = Object.values(ROWS).flatMap(({ settings, upstream: behaviour = json({}) }, row) =>
    settings.map((setting, side) => {
      const folder = folderOf(row, side);
      const path = (setting.path ?? "/x").replace("/x", `/${folder}`);
      const target_url = upstream.script(folder, behaviour) + (setting.target_url ?? "");
      return { ...BASE, ...setting, path, target_url };
    }),
  );
  gateway = await startGateway({
    file: "proxy_config.yaml",
    config: {
      server: { port: 0 },
      global_timeout: 30,
      global_retry: { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 10_000, backoff_multiplier: 2.0 },
      endpoints,
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

async function send(folder: string, request: Row["request"] = {}): Promise<Seen> {
  const response = await fetch(gateway.url + (request.path ?? "/x").replace("/x", `/${folder}`), {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "content-type": "application/json",
      ...request.headers,
    },
    body: '{"model":"m"}',
  });
  return { response, body: await response.text(), reached: upstream.received(folder) };
}

test.each(Object.keys(ROWS))("%s acts", async (name) => {
  const { request, see, expected } = ROWS[name]!;
  const row = Object.keys(ROWS).indexOf(name);
  const seen = [see(await send(folderOf(row, 0), request)), see(await send(folderOf(row, 1), request))];
  expect(seen).toEqual([...expected]);
});

test("every key of an endpoint has its row", () => {
  const tested = Object.keys(ROWS).join(" ");
  for (const key of ["path", "target_url", ...Object.keys(BASE)]) expect(tested).toContain(key);
});
