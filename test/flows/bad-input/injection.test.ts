import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT, CHAT_ANSWER, chat, chatProvider } from "../../support/chat.ts";
import { RawClient, rawRequest, requestText } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Exchange } from "../../support/raw-server.ts";

/** The upstream that is configured, and one that no request may ever reach. */
let upstream: FaultUpstream;
let elsewhere: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  elsewhere = startFaultUpstream();
  const base = upstream.script("root", json(CHAT_ANSWER));
  gateway = await startGateway({
    config: {
      providers: { well: chatProvider(base, { forward_request_headers: ["x-kept"] }) },
      endpoints: [
        { path: "/files/*", target_url: `${base}/files/*`, method: "GET" },
        { path: "/rest/{*rest}", target_url: `${base}/rest/{rest}`, method: "GET" },
        { path: "/models/{model}/run", target_url: `${base}/models/{model}:run`, method: "GET" },
      ],
    },
  });
});
afterAll(async () => {
  expect(elsewhere.connections()).toBe(0);
  expect((await chat(gateway, "well")).status).toBe(200);
  await gateway.stop();
  upstream.stop();
  elsewhere.stop();
});

/** Sends a request as bare text, and returns the status with the requests that reached the upstream because of it. */
async function send(method: string, target: string, headers: Record<string, string> = {}, body = "") {
  const before = upstream.received("root").length;
  const all = { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers };
  const response = await rawRequest(gateway.url, requestText(method, target, all, body));
  return { response, status: response.status, reached: upstream.received("root").slice(before) };
}

/** Where a server that decodes and resolves a path, however often, might end up. */
function resolutions({ target }: Exchange): string[] {
  const found: string[] = [];
  for (let path = target; !found.includes(path); path = safeDecode(path)) found.push(path);
  return found.map((path) => new URL(path.replaceAll("\\", "/"), upstream.url).pathname);
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

describe("dots and encoded slashes in a path", () => {
  const climbs = [
    "..",
    "a/../..",
    "%2e%2e",
    "%2E%2e/%2e%2e",
    "..%2f..",
    "..%2F",
    "%2e%2e%2f%2e%2e%2fsecret",
    "..\\..",
    "..%5c..",
  ];
  const nested = climbs.flatMap((climb) => [`${climb}/secret`, `x/${climb}/../secret`]);
  const doors = [
    ["a wildcard", "/files/", "/root/files/"],
    ["a named rest", "/rest/", "/root/rest/"],
    ["a provider's door", "/v1/well/", "/root/"],
    ["the AMP door", "/api/provider/well/", "/root/"],
  ] as const;

  test.each(doors)("do not climb out of the target through %s", async (_, door, root) => {
    for (const climb of nested) {
      const { status, reached } = await send("GET", door + climb);
      for (const exchange of reached) {
        for (const path of resolutions(exchange)) expect(path).toStartWith(root);
      }
      if (reached.length === 0) expect([400, 404]).toContain(status);
    }
  });

  test("do not climb out of a named segment", async () => {
    for (const climb of ["..", "%2e%2e", "..%2f..%2fsecret", "a%2f..%2f..%2f..%2fsecret"]) {
      for (const exchange of (await send("GET", `/models/${climb}/run`)).reached) {
        for (const path of resolutions(exchange)) expect(path).toStartWith("/root/models/");
      }
    }
  });

  test("a slash that is encoded within a segment stays encoded", async () => {
    const { reached } = await send("GET", "/models/org%2Fname/run");
    expect(reached[0]?.target).toBe("/root/models/org%2Fname:run");
  });
});

describe("a client that tries to choose the upstream's host", () => {
  test("gets nowhere by path, absolute target, or Host and forwarding headers", async () => {
    const { port } = elsewhere;
    const evil = `127.0.0.1:${port}`;
    const targets = [
      `/files/@${evil}/x`,
      `/files//${evil}/x`,
      `/files/http://${evil}/x`,
      `/files/..//${evil}/x`,
      `/rest/@${evil}`,
      `/rest///${evil}/x`,
      `/models/@${evil}/run`,
      `/models/%40${evil}%2f/run`,
      `/v1/well/@${evil}/x`,
      `/v1/well//${evil}/x`,
      `/v1/well/http://${evil}/x`,
      `/v1/well@${evil}/x`,
      `/v1/${evil}/x`,
      `/v1/http:%2f%2f${evil}/x`,
      `//${evil}/v1/well/x`,
      `http://${evil}/v1/well/x`,
      `http://${evil}/files/x`,
      `/v1beta/models/well/@${evil}:generateContent`,
      `/v1beta/models/http:%2f%2f${evil}:generateContent`,
    ];
    for (const target of targets) {
      const { reached } = await send("GET", target);
      for (const exchange of reached) expect(exchange.header("host")).toEqual([`127.0.0.1:${upstream.port}`]);
    }
    const hosts = {
      host: evil,
      "x-forwarded-host": evil,
      forwarded: `host=${evil}`,
      "x-original-url": `http://${evil}/`,
    };
    const { reached } = await send("POST", "/v1/well/chat/completions", hosts, JSON.stringify(CHAT));
    expect(reached.map((exchange) => exchange.header("host"))).toEqual([[`127.0.0.1:${upstream.port}`]]);
    expect(reached[0]?.head.raw).not.toContain(evil);
    for (const model of [`@${evil}/m`, `http://${evil}/m`, `well@${evil}/m`]) {
      const { status } = await send("POST", "/v1/chat/completions", {}, JSON.stringify({ ...CHAT, model }));
      expect([400, 404]).toContain(status);
    }
    expect(elsewhere.connections()).toBe(0);
  });
});

describe("header injection", () => {
  test("by encoded line breaks in paths, queries and model names adds no header on either side", async () => {
    const lines = "%0d%0ax-evil:%201%0d%0a";
    const requests = [
      await send("GET", `/files/a${lines}b`),
      await send("GET", `/files/a?q=${lines}`),
      await send("GET", `/v1/well/a${lines}`),
      await send(
        "POST",
        "/v1/chat/completions",
        {},
        JSON.stringify({ ...CHAT, model: "well/m\r\nx-evil: 1" }),
      ),
      await send("POST", `/v1beta/models/demo/m${lines}:generateContent`, {}, '{"contents":[]}'),
      await send(
        "POST",
        "/v1/well/chat/completions",
        {},
        JSON.stringify({ ...CHAT, tags: "a\r\nx-evil: 1", run_id: "a\r\nx-evil: 1" }),
      ),
    ];
    for (const { response, reached } of requests) {
      expect(response.header("x-evil")).toEqual([]);
      for (const exchange of reached) expect(exchange.header("x-evil")).toEqual([]);
    }
  });

  test("by control characters in a header's value is refused, or the value is dropped", async () => {
    for (const value of ["a\rx-evil: 1", "a\0b", "a\x01b", "a\x7fb"]) {
      const client = await RawClient.connect(gateway.url);
      const headers = { authorization: `Bearer ${gateway.key}`, "x-kept": value, "x-request-id": value };
      const before = upstream.received("root").length;
      await client.send(requestText("POST", "/v1/well/chat/completions", headers, JSON.stringify(CHAT)));
      const response = await client.response();
      expect([200, 400]).toContain(response.status);
      for (const exchange of upstream.received("root").slice(before)) {
        expect(exchange.header("x-evil")).toEqual([]);
        expect(exchange.head.raw).not.toContain("a\0b");
        expect(exchange.head.raw).not.toContain("a\r");
      }
      expect(response.header("x-request-id")).not.toContain(value);
      client.close();
    }
  });

  test("a request id that is overlong or not of plain characters is replaced by one of the gateway's", async () => {
    for (const id of ["x".repeat(5000), "ünïcode", "a b"]) {
      const { response } = await send("GET", "/files/x", { "x-request-id": id });
      expect(response.header("x-request-id").join().length).toBeLessThan(300);
      expect(response.header("x-request-id")).not.toContain(id);
    }
    expect(
      (await send("GET", "/files/x", { "x-request-id": "good-id_1.2" })).response.header("x-request-id"),
    ).toEqual(["good-id_1.2"]);
  });
});

describe("duplicate headers", () => {
  const body = JSON.stringify(CHAT);
  const raw = (headers: string) =>
    `POST /v1/well/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${gateway.key}\r\n${headers}\r\n`;

  test("two lengths, or a length and chunks, are refused with 400: that is how requests are smuggled", async () => {
    const smuggled = "GET /files/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    const requests = [
      raw(`content-length: ${body.length}\r\ncontent-length: ${body.length + smuggled.length}\r\n`) +
        body +
        smuggled,
      raw(`content-length: ${body.length + 5}\r\ntransfer-encoding: chunked\r\n`) + `0\r\n\r\n${smuggled}`,
      raw("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n") + `0\r\n\r\n${smuggled}`,
    ];
    for (const text of requests) {
      const client = await RawClient.connect(gateway.url);
      await client.send(text);
      expect((await client.response()).status).toBe(400);
      client.close();
    }
    expect(upstream.received("root").filter(({ target }) => target.includes("smuggled"))).toEqual([]);
  });

  test("a header that may be a list reaches the provider with all its values", async () => {
    const before = upstream.received("root").length;
    const text = raw(`content-length: ${body.length}\r\nx-kept: one\r\nx-kept: two\r\n`) + body;
    expect((await rawRequest(gateway.url, text)).status).toBe(200);
    expect(upstream.received("root")[before]?.header("x-kept").join(", ")).toBe("one, two");
  });

  test("two credentials never let a wrong one in, nor a gateway key out", async () => {
    const wrong = `POST /v1/well/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer no\r\nauthorization: Bearer nor\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    expect((await rawRequest(gateway.url, wrong)).status).toBe(401);
    const before = upstream.received("root").length;
    await rawRequest(
      gateway.url,
      raw(`x-api-key: ${gateway.key}\r\nx-kept: 1\r\ncontent-length: ${body.length}\r\n`) + body,
    );
    for (const exchange of upstream.received("root").slice(before)) {
      expect(exchange.head.raw).not.toContain(gateway.key);
      expect(exchange.header("authorization")).toEqual(["Bearer provider-key"]);
    }
  });

  test("a head of a megabyte is refused", async () => {
    const client = await RawClient.connect(gateway.url);
    await client.send(raw(`x-kept: ${"x".repeat(1_000_000)}\r\n`));
    expect([400, 431]).toContain((await client.response()).status);
    client.close();
  });
});
