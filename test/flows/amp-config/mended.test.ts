import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { answer, bodiless, json } from "../../support/faults.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { closedPort } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

// What AMP Server did wrong with a configuration that it took. That streams stream is in file.test.ts, that query strings
// pass in every-key.test.ts, that timeouts and retries act in settings.test.ts.

const PROVIDER_KEY = "sk-provider-key-that-nobody-may-see";
const PROMPT = "a prompt that nobody may see";

let upstream: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const endpoint = (path: string, response_type: string, method = "POST") => ({
    path,
    method,
    response_type,
    target_url: `${upstream.url}${path}`,
    custom_headers: { Authorization: `Bearer ${PROVIDER_KEY}` },
    forward_request_headers: ["content-type", "x-secret-of-the-client"],
    forward_response_headers: ["content-type", "retry-after"],
    retry: { max_attempts: 1 },
  });
  gateway = await startGateway({
    file: "proxy_config.yaml",
    config: {
      logging: { format: "json", file: { path: "logs/all.log" } },
      endpoints: [
        ...["json", "sse", "stream", "html"].map((type) => endpoint(`/${type}`, type)),
        ...["PATCH", "HEAD", "OPTIONS"].map((method) => endpoint("/other", "json", method)),
      ],
    },
    env: { RUST_LOG: "trace" },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

function call(path: string, method = "POST", headers: Record<string, string> = {}): Promise<Response> {
  return fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
    ...(method === "HEAD" ? {} : { body: JSON.stringify({ model: "m", prompt: PROMPT }) }),
  });
}

describe("an upstream's error", () => {
  const types = ["json", "sse", "stream", "html"];
  const statuses = [400, 401, 403, 404, 413, 422, 429, 500, 503, 529];
  test.each(types.flatMap((type) => statuses.map((status) => [type, status] as const)))(
    "at an endpoint of type %s keeps its status %d, body and header fields",
    async (type, status) => {
      const body = `{"error": {"message":"of the provider", "n": 1.0}, "at": "${type}"}`;
      upstream.script(
        type,
        answer(status, { "content-type": "application/problem+json", "retry-after": "7" }, body),
      );
      const response = await call(`/${type}`);
      expect([response.status, await response.text()]).toEqual([status, body]);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(response.headers.get("retry-after")).toBe("7");
    },
  );

  test("is no JSON either where it was none", async () => {
    upstream.script("json", answer(502, { "content-type": "text/html" }, "<h1>Bad gateway</h1>"));
    const response = await call("/json");
    expect([response.status, await response.text()]).toEqual([502, "<h1>Bad gateway</h1>"]);
  });
});

describe("methods that were not routed", () => {
  test("PATCH goes through with its body", async () => {
    upstream.script("other", json({ patched: true }));
    const response = await call("/other", "PATCH");
    expect(await response.json()).toEqual({ patched: true });
    const request = upstream.received("other").at(-1)!;
    expect([request.method, Buffer.from(await request.body).toString()]).toEqual([
      "PATCH",
      JSON.stringify({ model: "m", prompt: PROMPT }),
    ]);
  });

  test("HEAD is answered with the head alone", async () => {
    upstream.script("other", bodiless(200, { "content-type": "application/json", "content-length": "1234" }));
    const response = await call("/other", "HEAD");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.text()).toBe("");
    expect(upstream.received("other").at(-1)?.method).toBe("HEAD");
  });

  test("OPTIONS reaches the upstream", async () => {
    upstream.script("other", bodiless(204));
    expect((await call("/other", "OPTIONS")).status).toBe(204);
    expect(upstream.received("other").at(-1)?.method).toBe("OPTIONS");
  });
});

test("nothing secret is logged or told, at the most talkative level, whatever goes wrong", async () => {
  const secret = "a-header-that-nobody-may-see";
  upstream.script("json", json({ said: "an answer that nobody may see" }));
  await (await call("/json", "POST", { "x-secret-of-the-client": secret })).text();
  upstream.script("json", json({ error: { message: `Incorrect API key: ${PROVIDER_KEY}` } }, 401));
  const refused = await (await call("/json", "POST", { "x-secret-of-the-client": secret })).text();
  upstream.script("json", async (exchange) => exchange.reset());
  const broken = await (await call("/json", "POST", { "x-secret-of-the-client": secret })).text();
  await (await call(`/json?key=${gateway.key}`, "POST", { authorization: "" })).text();

  // Its end writes what is still queued.
  const first = gateway;
  gateway = await first.restart();
  const logged = first.output() + readFileSync(join(gateway.dir, "logs/all.log"), "utf8");
  expect(logged).toContain('"/json"');
  for (const text of [logged, refused, broken]) {
    for (const hidden of [PROVIDER_KEY, PROMPT, gateway.key, secret, "an answer that nobody may see"])
      expect(text).not.toContain(hidden);
  }
  expect(refused).toContain("Incorrect API key: [redacted]");
});

test("uptime is the time since the start", async () => {
  const { uptime_seconds } = (await (await fetch(`${gateway.url}/health/detailed`)).json()) as {
    uptime_seconds: number;
  };
  expect(uptime_seconds).toBeLessThan(600);
});

describe("a file that is not valid", () => {
  const text = `global_timeout: 30
endpoints:
  - path: /a
    target_url: https://example.com
    respons_type: sse
    description: what the original passed over
    retry: {max_attempts: 0}
`;

  test("stops the start, and says every problem with file, line and column", async () => {
    const dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
    writeFileSync(join(dir, "proxy_config.yaml"), text);
    const port = closedPort();
    const { process: child, output } = spawnAmsterdam(dir, [], { PORT: String(port) });
    expect(await child.exited).toBe(1);
    const lines = output().trimEnd().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(
        /^proxy_config\.yaml:5:5 {2}endpoints\[0\]\.respons_type: found the unknown key .*\(did you mean "response_type"\?\)$/,
      ),
      expect.stringMatching(
        /^proxy_config\.yaml:6:5 {2}endpoints\[0\]\.description: found the unknown key "description", expected one of path, /,
      ),
      "proxy_config.yaml:7:27  endpoints[0].retry.max_attempts: found 0, expected at least 1",
      "The configuration is not valid; nothing was started.",
    ]);
    expect(await fetch(`http://127.0.0.1:${port}/health`).catch(() => "nobody there")).toBe("nobody there");
    rmSync(dir, { recursive: true });
  });

  test("is refused while running, and the one before stays", async () => {
    upstream.script("json", json({ a: 1 }));
    const { length } = gateway.logs();
    gateway.writeConfig(text);
    gateway.signal("SIGHUP");
    const refusal = await until("it is refused", () =>
      gateway
        .logs()
        .slice(length)
        .find(({ msg }) => String(msg).includes("is refused")),
    );
    expect(JSON.stringify(refusal)).toContain("proxy_config.yaml:5:5");
    expect(await (await call("/json")).json()).toEqual({ a: 1 });
  });
});
