import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT_ANSWER, chatProvider } from "../../support/chat.ts";
import { callAs } from "../../support/client-call.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Behaviour } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

const FINE = json(CHAT_ANSWER);
const LIMITED = { error: { message: "slow down", type: "rate_limit_error", code: "rate_limit_exceeded" } };
const limited = (headers: Record<string, string>) => json(LIMITED, 429, headers);
const refused = json({ error: { message: "wrong key", code: "invalid_api_key" } }, 401);

/** What an upstream does with each of its keys. */
const byKey: Record<string, Behaviour> = {};

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const keyed: Behaviour = (exchange) => {
    const [key = ""] = exchange.header("authorization");
    return (byKey[key.slice("Bearer ".length)] ?? FINE)(exchange);
  };
  const place = (name: string) => chatProvider(upstream.script(name, FINE));
  const severalKeys = (name: string, ...api_keys: string[]) => ({
    base_url: upstream.script(name, keyed),
    api_keys,
    formats: ["openai-chat"],
  });
  gateway = await startGateway({
    config: {
      breaker: { enabled: false },
      retry_budget: { minimum: 1000 },
      providers: {
        east: place("east"),
        west: place("west"),
        both: severalKeys("both", "key-a", "key-b"),
        three: severalKeys("three", "key-c", "key-d", "key-e"),
      },
      routes: {
        pair: { targets: ["east/m", "west/m"] },
        long: { targets: ["east/long", "west/long"] },
        patient: { targets: ["east/patient", "west/patient"] },
        bound: { targets: ["east/bound", "west/bound"], fallback_on: ["error"] },
        shared: { strategy: "weighted", targets: ["east/shared", "west/shared"] },
        keyed: { targets: ["both/m", "west/m"] },
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

interface Served {
  readonly status: number;
  readonly attempts: string | null;
  readonly decision: string | null;
  readonly took: number;
}

async function ask(model: string): Promise<Served> {
  const started = performance.now();
  const { status, headers, ...response } = await callAs(gateway, {
    format: "openai-chat",
    model,
    stream: false,
  }).then(async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }));
  expect(response.text).not.toBe("");
  const took = performance.now() - started;
  const attempts = headers.get("x-amsterdam-attempts");
  return { status, attempts, decision: headers.get("x-amsterdam-decision"), took };
}

describe("a target that answered 429 with Retry-After", () => {
  test("is left alone for its time, and is back after it", async () => {
    upstream.script("east", limited({ "retry-after": "2" }));
    const limitedAt = performance.now();
    expect(await ask("pair")).toMatchObject({ status: 200, attempts: "east/m=429, west/m=200" });
    upstream.script("east", FINE);
    const asked = upstream.received("east").length;
    for (let n = 0; n < 20; n++)
      expect(await ask("pair")).toMatchObject({ status: 200, attempts: "west/m=200" });
    expect(upstream.received("east")).toHaveLength(asked);
    await until("it is back", async () => (await ask("pair")).attempts === "east/m=200");
    expect(performance.now() - limitedAt).toBeWithin(1900, 3500);
  });

  test("is not waited for while another can be asked", async () => {
    upstream.script("east", limited({ "retry-after": "5" }));
    const { attempts, took } = await ask("long");
    expect(attempts).toBe("east/long=429, west/long=200");
    expect(took).toBeLessThan(1000);
  });

  test("is asked again at once where it asks for a moment alone: another model's cache is cold", async () => {
    let count = 0;
    upstream.script("east", (exchange) =>
      (count++ === 0 ? limited({ "retry-after-ms": "30" }) : FINE)(exchange),
    );
    expect((await ask("patient")).attempts).toBe("east/patient=429, east/patient=200");
  });

  test("is asked all the same where limits are no reason to go on", async () => {
    upstream.script("east", limited({ "retry-after": "60" }));
    for (let n = 0; n < 3; n++)
      expect(await ask("bound")).toMatchObject({ status: 429, attempts: "east/bound=429" });
    upstream.script("east", FINE);
    expect((await ask("bound")).attempts).toBe("east/bound=200");
  });

  test("gets nothing of a share of the requests until then", async () => {
    upstream.script("east", limited({ "retry-after": "60" }));
    await until("it was asked", async () => (await ask("shared")).attempts?.startsWith("east/shared=429"));
    const asked = upstream.received("east").length;
    for (let n = 0; n < 40; n++)
      expect(await ask("shared")).toMatchObject({ status: 200, attempts: "west/shared=200" });
    expect(upstream.received("east")).toHaveLength(asked);
  });
});

describe("of several keys of one provider", () => {
  const keysOf = (name: string, from: number) =>
    upstream
      .received(name)
      .slice(from)
      .map((exchange) => exchange.header("authorization")[0]?.slice("Bearer ".length));

  test("one that is limited is passed over for its time, and the other serves", async () => {
    byKey["key-a"] = limited({ "retry-after": "2" });
    await until(
      "the key was limited",
      async () => (await ask("both/m")) && keysOf("both", 0).includes("key-a"),
    );
    const from = upstream.received("both").length;
    byKey["key-a"] = FINE;
    for (let n = 0; n < 20; n++) expect((await ask("both/m")).status).toBe(200);
    expect(new Set(keysOf("both", from))).toEqual(new Set(["key-b"]));
    await until("it is back", async () => (await ask("both/m")) && keysOf("both", from).includes("key-a"));
  });

  test("those that are limited or refused are passed over, and no client sees it", async () => {
    byKey["key-c"] = limited({ "retry-after": "60" });
    byKey["key-d"] = refused;
    for (let n = 0; n < 5; n++) expect((await ask("three/m")).status).toBe(200);
    const from = upstream.received("three").length;
    for (let n = 0; n < 20; n++) expect(await ask("three/m")).toMatchObject({ attempts: "three/m=200" });
    expect(new Set(keysOf("three", from))).toEqual(new Set(["key-e"]));
  });

  test("all are limited: the next target serves, and the provider is left alone", async () => {
    byKey["key-a"] = limited({ "retry-after": "60" });
    byKey["key-b"] = limited({ "retry-after": "60" });
    const first = await ask("keyed");
    expect([first.status, first.attempts]).toEqual([200, "both/m=429, both/m=429, west/m=200"]);
    const asked = upstream.received("both").length;
    for (let n = 0; n < 10; n++)
      expect(await ask("keyed")).toMatchObject({ status: 200, attempts: "west/m=200" });
    expect(upstream.received("both")).toHaveLength(asked);
  });
});
