import { describe, expect, test } from "bun:test";
import { callOfPath } from "../formats/call.ts";
import { EditedBytes } from "../lib/edited-bytes.ts";
import type { Target, TargetRequest } from "../upstream/target.ts";
import type { Door } from "./doors.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Router } from "./router.ts";
import { factsOf, routerOf } from "./testing.ts";

/** `https://host/path` of what would be sent, its header fields, and its body. */
function sent(target: Target) {
  const request: TargetRequest = target.prepare();
  const lines = request.headerLines.split("\r\n").slice(0, -1);
  const { origin } = request;
  return {
    url: origin.key + request.target,
    headers: lines.map((line) => line.split(/: (.*)/s).slice(0, 2)).sort() as [string, string][],
    body: request.body instanceof EditedBytes ? request.body.toBytes().toString() : request.body,
  };
}

function endpointTargets(router: Router, path: string, facts: RequestFacts): readonly Target[] {
  const door = router.door(facts.method, path);
  if (door.kind !== "endpoint") throw new Error(`${path} is ${door.kind}`);
  return router.resolveEndpoint(door, facts).targets;
}

function modelTargets(router: Router, path: string, facts: RequestFacts): readonly Target[] {
  const call = callOfPath(path);
  const door: Door = { kind: "unified", name: path, call };
  return router.resolveModel(call.pathModel ?? facts.fields!.model!, door, facts).targets;
}

function providerTargets(
  router: Router,
  provider: string,
  rest: string,
  facts: RequestFacts,
): readonly Target[] {
  const door = { kind: "provider", name: "/v1/<provider>", call: callOfPath(rest), provider, rest } as const;
  return router.resolveProvider(door, `/v1/${provider}/${rest}`, facts).targets;
}

const TRACE: [string, string] = ["traceparent", "00-trace-span-01"];
const IDENTITY: [string, string] = ["accept-encoding", "identity"];

/** What no request may carry upstream, whatever a configuration lists. */
const NEVER: [string, string][] = [
  ["connection", "keep-alive, x-own"],
  ["keep-alive", "timeout=5"],
  ["proxy-connection", "keep-alive"],
  ["transfer-encoding", "chunked"],
  ["te", "trailers"],
  ["trailer", "x"],
  ["upgrade", "websocket"],
  ["expect", "100-continue"],
  ["host", "evil.test"],
  ["content-length", "999"],
  ["content-encoding", "gzip"],
  ["traceparent", "00-client-client-01"],
  ["tracestate", "client=1"],
];

describe("a provider's target", () => {
  const router = routerOf({
    providers: {
      openai: { api_keys: ["key-one-1", "key-two-2"] },
      anthropic: { api_key: "sk-ant", custom_headers: { "Anthropic-Version": "2099-01-01", "X-Team": "a" } },
      own: {
        base_url: "http://own.test:8080/base/?k=v",
        forward_request_headers: NEVER.map(([name]) => name),
      },
      keyed: {
        base_url: "http://k.test/v1",
        api_key: "sk-unused",
        custom_headers: { Authorization: "Basic c2VjcmV0" },
      },
    },
  });

  test("gets its own key, in turn, and none of the client's", () => {
    const clientKeys = {
      authorization: "Bearer client",
      "x-api-key": "client",
      "api-key": "client",
      "x-goog-api-key": "client",
    };
    const [target] = modelTargets(router, "chat/completions", factsOf({ model: "openai/m" }, clientKeys));
    const keys = [1, 2, 3].map(() => sent(target!).headers.filter(([, value]) => /key|client/.test(value)));
    expect(keys[0]).toEqual(keys[2]);
    expect(
      keys
        .flat()
        .map(([name, value]) => `${name}: ${value}`)
        .sort()
        .slice(0, 2),
    ).not.toContain("client");
    expect(new Set(keys.flat().map((field) => field.join("=")))).toEqual(
      new Set(["authorization=Bearer key-one-1", "authorization=Bearer key-two-2"]),
    );
  });

  test("gets the client's fields that the list names, and nothing else of it", () => {
    const headers = [
      ...NEVER,
      ["cookie", "a=1"],
      ["x-forwarded-for", "10.0.0.1"],
      ["x-own", "1"],
      ["user-agent", "sdk"],
      ["openai-beta", "b"],
      ["accept-encoding", "br"],
    ] as [string, string][];
    const [target] = modelTargets(router, "chat/completions", factsOf({ model: "own/m" }, headers));
    expect(sent(target!).headers).toEqual([
      ["accept-encoding", "br"],
      ["openai-beta", "b"],
      TRACE,
      ["user-agent", "sdk"],
    ] as [string, string][]);
  });

  test("gets each field once: custom ones in the place of default ones, of the key's and of the client's", () => {
    const [anthropic] = modelTargets(
      router,
      "messages",
      factsOf({ model: "anthropic/c" }, { "anthropic-version": "1" }),
    );
    expect(sent(anthropic!).headers).toEqual([
      IDENTITY,
      ["anthropic-version", "2099-01-01"],
      TRACE,
      ["x-api-key", "sk-ant"],
      ["x-team", "a"],
    ]);
    const [keyed] = modelTargets(router, "chat/completions", factsOf({ model: "keyed/m" }));
    expect(sent(keyed!).headers).toEqual([IDENTITY, ["authorization", "Basic c2VjcmV0"], TRACE]);
  });

  test("gets Anthropic's version in Anthropic's calls alone, and in those of no format where that is its first", () => {
    const base = { base_url: "http://h.test/v1" };
    const both = routerOf({
      providers: {
        chat: { ...base, formats: ["openai-chat", "anthropic-messages"] },
        claude: { ...base, formats: ["anthropic-messages", "openai-chat"] },
        bare: { ...base, formats: ["anthropic-messages"], custom_headers: { "Anthropic-Version": "own" } },
      },
    });
    const versions = (provider: string) =>
      ["chat/completions", "messages", "models", "batches"].map((path) => {
        const asked = { model: "m", messages: [{ role: "user", content: "Hello" }] };
        const [target] = providerTargets(both, provider, path, factsOf(asked));
        return sent(target!)
          .headers.filter(([name]) => name === "anthropic-version")
          .map(([, value]) => value)
          .join();
      });
    expect(versions("chat")).toEqual(["", "2023-06-01", "", ""]);
    expect(versions("claude")).toEqual(["", "2023-06-01", "2023-06-01", "2023-06-01"]);
    expect(versions("bare")).toEqual(["own", "own", "own", "own"]);
  });

  test("gets the model's own name in the body's or the path's place of it, and the client's query", () => {
    const facts = factsOf({ model: "own/a/b", n: 1 }, {}, { search: "?x=1" });
    const [chat] = modelTargets(router, "chat/completions", facts);
    expect(sent(chat!)).toMatchObject({
      url: "http://own.test:8080/base/chat/completions?k=v&x=1",
      body: '{"model":"a/b","n":1}',
    });
    const [gemini] = modelTargets(
      router,
      "v1beta/models/demo/a/b:streamGenerateContent",
      factsOf({ contents: [] }),
    );
    expect(sent(gemini!).url).toBe(
      "http://127.0.0.1:1/v1beta/models/a%2Fb:streamGenerateContent".replace("v1beta", "v1"),
    );
    expect(gemini!.responseType).toBe("stream");
  });

  test("stays at its own host, whatever the rest of the path says", () => {
    for (const rest of [
      "@evil.test/x",
      "/evil.test/x",
      "//evil.test",
      "\\evil.test",
      "https://evil.test/",
      "x?y#z",
      "",
    ]) {
      const [target] = providerTargets(router, "own", rest, factsOf({}));
      expect(target!.prepare().origin.key).toBe("http://own.test:8080");
      expect(target!.prepare().target).toStartWith("/base/");
    }
  });

  test("knows the secrets that must not come back: keys, and custom headers that hold one", () => {
    const secretsOf = (model: string) =>
      modelTargets(router, "chat/completions", factsOf({ model }))[0]!.secrets;
    expect(secretsOf("openai/m")).toEqual(["key-one-1", "key-two-2"]);
    expect(secretsOf("keyed/m")).toEqual(["sk-unused", "c2VjcmV0"]);
  });

  test("in a format that it does not speak is asked in its own, with nothing of the client's own API", () => {
    const asked = { model: "openai/m", max_tokens: 16, messages: [{ role: "user", content: "Hello" }] };
    const headers = { "anthropic-beta": "x", "content-type": "application/json; odd", "user-agent": "agent" };
    const [target] = modelTargets(router, "messages", factsOf(asked, headers, { search: "?beta=true" }));
    const { url, headers: lines, body } = sent(target!);
    expect(url).toBe("https://api.openai.com:443/v1/responses");
    expect(lines).toEqual([
      ["accept", "application/json"],
      IDENTITY,
      ["authorization", expect.stringMatching(/^Bearer key-/)],
      ["content-type", "application/json"],
      TRACE,
      ["user-agent", "agent"],
    ]);
    expect(JSON.parse(String(body))).toMatchObject({ model: "m", max_output_tokens: 16 });
  });

  test("that holds a foreign seal is asked without it, in its own format too", () => {
    const thinking = { type: "thinking", thinking: "why", signature: "amsterdam.seal.g.abc" };
    const messages = [
      { role: "user", content: "Hello" },
      { role: "assistant", content: [thinking, { type: "text", text: "Hi" }] },
      { role: "user", content: "Again" },
    ];
    const asked = { model: "demo/m", max_tokens: 5, messages, top_k: 3, odd_member: { a: 1 } };
    const [target] = modelTargets(router, "messages", factsOf(asked));
    const { body } = sent(target!);
    expect(String(body)).not.toContain("amsterdam.seal");
    expect(JSON.parse(String(body))).toMatchObject({
      model: "m",
      max_tokens: 5,
      top_k: 3,
      odd_member: { a: 1 },
    });
  });

  test("of a provider that is not there is refused", () => {
    expect(() => router.providerOf("nobody")).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(() => router.providerOf("groq")).toThrow(
      expect.objectContaining({ code: "provider_not_configured" }),
    );
  });
});

describe("a name that is no provider's", () => {
  const router = routerOf({});
  const refused = (name: string) => expect(() => router.providerOf(name));

  test("says what is wrong with the base URL where it is a version", () => {
    for (const name of ["v1", "v1beta"]) {
      refused(name).toThrow(expect.objectContaining({ code: "not_found" }));
      refused(name).toThrow(`A client that adds "/${name}" itself needs a base URL without it.`);
    }
  });

  test("says that the path is misspelt where it is one that clients call", () => {
    for (const name of ["chat", "messages"]) {
      refused(name).toThrow(expect.objectContaining({ code: "not_found" }));
      refused(name).toThrow(`Nothing is served at this path below "${name}"`);
    }
  });

  test("is told as it is otherwise", () => refused("nobody").toThrow('There is no provider "nobody".'));
});

describe("the names of a router's upstreams", () => {
  test("are those of all that it sends to", () => {
    const router = routerOf({
      providers: { own: { base_url: "http://own.test/v1" } },
      endpoints: [
        { path: "/a/*", target_url: "https://up.test/base", fallback_urls: ["http://b.test:81/{rest}"] },
      ],
    });
    const names = router.upstreamNames();
    const targets = [
      ...endpointTargets(router, "/a/x", factsOf({})),
      ...["own/m", "demo/echo", "demo/other"].flatMap((model) =>
        modelTargets(router, "chat/completions", factsOf({ model })),
      ),
    ];
    expect(targets).toHaveLength(5);
    for (const { upstream } of targets) expect(names).toContain(upstream.name);
    expect(names).not.toContain("openai");
  });
});

describe("an endpoint's target", () => {
  test("is filled from the path, and the query is merged; it stays at its own host", () => {
    const router = routerOf({
      endpoints: [
        { path: "/a/*", target_url: "https://up.test/base?own=1", method: "GET" },
        {
          path: "/m/{model}:go",
          target_url: "https://up.test/{model}/run?m={model}",
          fallback_urls: ["http://b.test/{model}"],
        },
      ],
    });
    const [rest] = endpointTargets(
      router,
      "/a/x%2Fy/z",
      factsOf(null, {}, { method: "GET", search: "?q=1&q=2" }),
    );
    expect(sent(rest!).url).toBe("https://up.test:443/base/x%2Fy/z?own=1&q=1&q=2");
    for (const path of [
      "/a//evil.test/x",
      "/a/@evil.test",
      "/a/\\\\evil.test",
      "/a/%5C%5Cevil.test",
      "/a/:80/x",
    ]) {
      const [target] = endpointTargets(router, path, factsOf(null, {}, { method: "GET" }));
      expect(target!.prepare().origin.key).toBe("https://up.test:443");
      expect(target!.prepare().target).toStartWith("/base/");
    }
    const both = endpointTargets(router, "/m/a&b=c:go", factsOf({}));
    expect(both.map((target) => sent(target).url)).toEqual([
      "https://up.test:443/a&b=c/run?m=a%26b%3Dc",
      "http://b.test:80/a&b=c",
    ]);
  });

  test("gets what its own list names, its custom headers once, and no gateway key", () => {
    const router = routerOf({
      endpoints: [
        {
          path: "/x",
          target_url: "https://up.test/x",
          custom_headers: { "X-Api-Key": "secret-of-ours", Accept: "text/plain", "accept-encoding": "gzip" },
          forward_request_headers: [
            "X-Own",
            "Authorization",
            "x-api-key",
            "accept",
            ...NEVER.map(([name]) => name),
          ],
        },
        { path: "/plain", target_url: "https://up.test/plain" },
      ],
    });
    const headers = [
      ...NEVER,
      ["x-own", "1"],
      ["authorization", "Bearer gateway"],
      ["x-api-key", "client"],
      ["accept", "*/*"],
      ["accept-encoding", "br"],
      ["content-type", "application/json"],
      ["user-agent", "sdk"],
    ] as [string, string][];
    const [target] = endpointTargets(router, "/x", factsOf({}, headers));
    expect(sent(target!).headers).toEqual([
      ["accept", "text/plain"],
      ["accept-encoding", "gzip"],
      ["content-type", "application/json"],
      TRACE,
      ["x-api-key", "secret-of-ours"],
      ["x-own", "1"],
    ]);
    expect(target!.secrets).toEqual(["secret-of-ours"]);
    const own = factsOf({}, headers, { keyHeaders: new Set(["x-api-key"]) });
    expect(sent(endpointTargets(router, "/x", own)[0]!).headers).toContainEqual([
      "authorization",
      "Bearer gateway",
    ]);
    const plain = sent(endpointTargets(router, "/plain", factsOf({}))[0]!);
    expect(plain.headers).toEqual([IDENTITY, TRACE]);
  });

  test("is named without its path, which may hold a secret, and knows its query's", () => {
    const secret = routerOf({
      endpoints: [{ path: "/s/*", target_url: "https://h.test/bot-SECRET/x?key=very-secret" }],
    });
    const [target] = endpointTargets(secret, "/s/a", factsOf({}));
    expect(target!.name).toBe("h.test");
    expect(target!.secrets).toContain("very-secret");
  });

  test("passes the trace's state on, and a streamed body's length", () => {
    const router = routerOf({ endpoints: [{ path: "/x", target_url: "https://up.test/x" }] });
    const body = new ReadableStream<Uint8Array>();
    const facts = factsOf(null, {}, { body, contentLength: "12", tracestate: "a=1" });
    const [target] = endpointTargets(router, "/x", facts);
    expect(sent(target!).headers).toEqual([IDENTITY, ["content-length", "12"], TRACE, ["tracestate", "a=1"]]);
    expect(target!.prepare().body).toBe(body);
  });
});
