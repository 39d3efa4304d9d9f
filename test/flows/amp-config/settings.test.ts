import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { hang, json } from "../../support/faults.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { closedPort } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;

let upstream: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const retry = (settings: object) => ({
    max_attempts: 10,
    base_delay_ms: 1,
    max_delay_ms: 600_000,
    backoff_multiplier: 1,
    ...settings,
  });
  const failing = (name: string, settings: object) => ({
    path: `/${name}`,
    target_url: upstream.script(name, json({}, 500)),
    retry: retry(settings),
  });
  upstream.script("any", json({}));
  gateway = await startGateway({
    config: {
      global_timeout: 1,
      global_retry: { max_attempts: 4, base_delay_ms: 1, max_delay_ms: 1, backoff_multiplier: 1 },
      retry_budget: { minimum: 10_000 },
      breaker: { enabled: false },
      endpoints: [
        ...METHODS.map((method) => ({ path: "/any", method, target_url: `${upstream.url}/any` })),
        { path: "/global", target_url: upstream.script("global", json({}, 500)) },
        { path: "/hang", target_url: upstream.script("hang", hang()) },
        { path: "/hang-longer", target_url: `${upstream.url}/hang`, timeout: 3600 },
        failing("quick", {}),
        failing("multiplied", { backoff_multiplier: 10 }),
        failing("based", { base_delay_ms: 60_000, max_delay_ms: 60_000 }),
        failing("capped", { backoff_multiplier: 10, max_delay_ms: 1 }),
      ],
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

function call(path: string, method = "POST", signal?: AbortSignal): Promise<Response> {
  return fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${gateway.key}` },
    ...(signal ? { signal } : {}),
  });
}

test.each(METHODS)("method: %s is routed", async (method) => {
  const before = upstream.received("any").length;
  expect((await call("/any", method)).status).toBe(200);
  expect(upstream.received("any")[before]?.method).toBe(method);
});

test("global_timeout bounds the wait where an endpoint says nothing", async () => {
  expect((await call("/hang")).status).toBe(504);
});

test("timeout of an endpoint wins over global_timeout", async () => {
  const leave = new AbortController();
  const patient = call("/hang-longer", "POST", leave.signal).catch((error: Error) => error.name);
  // By the time that two in a row have timed out, this one would have as well.
  await call("/hang");
  await call("/hang");
  leave.abort();
  expect(await patient).toBe("AbortError");
});

test("global_retry bounds the tries where an endpoint says nothing", async () => {
  expect((await call("/global")).status).toBe(500);
  expect(upstream.received("global")).toHaveLength(4);
});

describe("retry", () => {
  /** Tries that an endpoint has had by the time that ten quick ones are over, several times in a row. */
  async function triesMeanwhile(path: string): Promise<number> {
    const leave = new AbortController();
    const slow = call(`/${path}`, "POST", leave.signal).catch(() => null);
    await upstream.request(path);
    for (let n = 0; n < 5; n++) await call("/quick");
    leave.abort();
    await slow;
    return upstream.received(path).length;
  }

  test("max_attempts bounds the tries", async () => {
    const before = upstream.received("quick").length;
    expect((await call("/quick")).status).toBe(500);
    expect(upstream.received("quick")).toHaveLength(before + 10);
  });

  test("base_delay_ms spaces them out", async () => {
    expect(await triesMeanwhile("based")).toBeLessThan(10);
  });

  test("backoff_multiplier makes the space grow", async () => {
    expect(await triesMeanwhile("multiplied")).toBeLessThan(10);
  });

  test("max_delay_ms bounds the space", async () => {
    expect((await call("/capped")).status).toBe(500);
    expect(upstream.received("capped")).toHaveLength(10);
  });
});

describe("the environment", () => {
  let dir: string;
  let running: ReturnType<typeof spawnAmsterdam> | undefined;
  afterEach(async () => {
    running?.process.kill("SIGTERM");
    await running?.process.exited;
    running = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  /** Starts in a new folder with these files and variables; resolves once the address has been printed. */
  async function startIn(files: Record<string, string>, env: Record<string, string>) {
    dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    running = spawnAmsterdam(dir, ["start"], env);
    const { output } = running;
    const url = await until("the address is printed", () => /http:\/\/[\d.]+:\d+/.exec(output())?.[0]);
    return { url, output };
  }

  test("PORT and HOST win over the file", async () => {
    const port = closedPort();
    const host = process.platform === "linux" ? "127.0.0.2" : "127.0.0.1";
    const { url } = await startIn(
      { "proxy_config.yaml": "server: {port: 1, host: 127.0.0.1}\n" },
      { PORT: String(port), HOST: host },
    );
    expect(url).toBe(`http://${host}:${port}`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test(".env is read, and the real environment wins over it", async () => {
    const port = closedPort();
    const text = `# AMP Server
HOST="127.0.0.1"
export AMP_API_KEY=key-of-the-env-file-0
ADDITIONAL_API_KEYS='second-key-of-the-file, third-key-of-the-file' # two of them
RUST_LOG=off
PORT=1
`;
    const { url, output } = await startIn({ ".env": text }, { PORT: String(port) });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const models = (key: string) =>
      fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    for (const key of ["key-of-the-env-file-0", "second-key-of-the-file", "third-key-of-the-file"])
      expect((await models(key)).status).toBe(200);
    expect((await models("another-key-of-nobody")).status).toBe(401);
    running!.process.kill("SIGTERM");
    await running!.process.exited;
    expect(output()).not.toContain("/v1/models");
  });

  test.each([
    [{ RUST_LOG: "info" }, true],
    [{ RUST_LOG: "off" }, false],
    [{ RUST_LOG: "warn" }, false],
    [{ RUST_LOG: "tower_http=trace,amp_server=info" }, true],
    [{ LOG_LEVEL: "error" }, false],
    [{ LOG_LEVEL: "info", RUST_LOG: "off" }, true],
  ])("%j sets the log level", async (variables: Record<string, string>, logged) => {
    const { url, output } = await startIn(
      {},
      { PORT: String(closedPort()), AMP_API_KEY: "k".repeat(20), ...variables },
    );
    const before = output().length;
    await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${"k".repeat(20)}` } });
    running!.process.kill("SIGTERM");
    await running!.process.exited;
    expect(output().slice(before).includes("/v1/models")).toBe(logged);
  });
});

/** The extremes that AMP Server documents, for the whole file and for an endpoint. */
const LEAST = { max_attempts: 1, base_delay_ms: 1, max_delay_ms: 1, backoff_multiplier: 1 };
const MOST = { max_attempts: 10, base_delay_ms: 60_000, max_delay_ms: 600_000, backoff_multiplier: 10 };

test.each([
  ["least", { timeout: 1, retry: LEAST }],
  ["most", { timeout: 3600, retry: MOST }],
  [
    "middle: a bound of the wait that is its beginning",
    { timeout: 30, retry: { base_delay_ms: 500, max_delay_ms: 500 } },
  ],
  ["default: what is left out", { timeout: 30, retry: {} }],
])("AMP's limits are kept: the %s is valid", async (_, { timeout, retry }) => {
  const endpoint = { path: "/x", target_url: "http://a.test", timeout, retry };
  const file = { global_timeout: timeout, global_retry: retry, endpoints: [endpoint] };
  const { code, output } = await check(JSON.stringify(file));
  expect(code, output).toBe(0);
});

async function check(yaml: string) {
  const dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
  writeFileSync(join(dir, "proxy_config.yaml"), `${yaml}\n`);
  const { process: child, output } = spawnAmsterdam(dir, ["check"]);
  const code = await child.exited;
  rmSync(dir, { recursive: true });
  return { code, output: output() };
}

const ENDPOINT = "path: /x, target_url: 'http://a.test'";
const RETRIES = [
  ["{max_attempts: 11}", "max_attempts"],
  ["{max_attempts: 0}", "max_attempts"],
  ["{max_attempts: 1.5}", "max_attempts"],
  ["{base_delay_ms: 0}", "base_delay_ms"],
  ["{base_delay_ms: 60001, max_delay_ms: 600000}", "base_delay_ms"],
  ["{base_delay_ms: 500, max_delay_ms: 499}", "max_delay_ms"],
  ["{max_delay_ms: 600001}", "max_delay_ms"],
  ["{backoff_multiplier: 0.5}", "backoff_multiplier"],
  ["{backoff_multiplier: 11}", "backoff_multiplier"],
] as const;

test.each([
  ["global_timeout: 0", "global_timeout"],
  ["global_timeout: 3601", "global_timeout"],
  ...RETRIES.map(([retry, named]) => [`global_retry: ${retry}`, named] as const),
  ...RETRIES.map(([retry, named]) => [`endpoints: [{${ENDPOINT}, retry: ${retry}}]`, named] as const),
  [`endpoints: [{${ENDPOINT}, timeout: 0}]`, "timeout"],
  [`endpoints: [{${ENDPOINT}, timeout: 3601}]`, "timeout"],
  ["endpoints: [{path: x, target_url: 'http://a.test'}]", "path"],
  ["endpoints: [{path: /x, target_url: 'ftp://a.test'}]", "target_url"],
  ["endpoints: [{path: /x}]", "target_url"],
  [`endpoints: [{${ENDPOINT}, method: FETCH}]`, "method"],
  [`endpoints: [{${ENDPOINT}, response_type: xml}]`, "response_type"],
  [`endpoints: [{${ENDPOINT}, custom_headers: {'a b': c}}]`, "custom_headers"],
  [`endpoints: [{${ENDPOINT}, forward_request_headers: ['a b']}]`, "forward_request_headers"],
  [`endpoints: [{${ENDPOINT}, forward_response_headers: x}]`, "forward_response_headers"],
  [`endpoints: [{${ENDPOINT}, enabled: 1}]`, "enabled"],
  [`endpoints: [{${ENDPOINT}, time_out: 3}]`, "time_out"],
])("AMP's limits are kept: %s is refused", async (yaml, named) => {
  const { code, output } = await check(yaml);
  expect(code).toBe(1);
  expect(output).toMatch(new RegExp(`^proxy_config\\.yaml:1:\\d+ {2}\\S*\\b${named}\\b`));
});
