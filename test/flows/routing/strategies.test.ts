import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { admin } from "../../support/admin-client.ts";
import { chatProvider } from "../../support/chat.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const ANSWER = {
  id: "1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Yes." } }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
};
/** Milliseconds that the upstream of each provider waits; null for one that is dead. */
const waits: Record<string, number | null> = { east: 0, west: 0 };

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const place = (name: string) =>
    chatProvider(
      upstream.script(name, async (exchange) => {
        const wait = waits[name];
        if (wait === null) return exchange.reset();
        if (wait !== undefined && wait > 0) await Bun.sleep(wait);
        await json(ANSWER)(exchange);
      }),
      { retry: { max_attempts: 1 } },
    );
  gateway = await startGateway({
    config: {
      providers: { east: place("east"), west: place("west") },
      prices: {
        "demo/cheap": { input: 1, output: 2 },
        "demo/dear": { input: 10, output: 20 },
        "demo/chatty": { input: 0.5, output: 50 },
      },
      models: { "demo/small": { context_window: 1000, image: false, tools: false } },
      aliases: { "claude-3-5-haiku*": "listed", "gpt-fixed": "demo/one" },
      routes: {
        listed: { targets: ["demo/one", "demo/two"] },
        spread: {
          strategy: "weighted",
          targets: ["demo/one", "demo/two", "demo/never"],
          weights: { "demo/one": 3, "demo/never": 0 },
        },
        quick: { strategy: "latency", targets: ["east/m", "west/m"] },
        thrifty: { strategy: "cost", targets: ["demo/dear", "demo/cheap", "demo/chatty"] },
        loyal: { strategy: "sticky", targets: ["demo/one", "demo/two", "demo/three"] },
        capable: { targets: ["demo/small", "demo/two"] },
        private: { targets: ["demo/one", "demo/two"], conditions: { "demo/one": { tags: ["inner"] } } },
        tuned: { targets: ["demo/one"], parameters: { "demo/one": { temperature: 0.25 } } },
        nested: { targets: ["spread", "demo/three"] },
        living: { targets: ["east/m", "west/m"] },
        auto: { strategy: "quality", targets: ["demo/strong", "demo/weak"], strong_share: 0.3 },
        taught: { strategy: "learn", targets: ["demo/good", "demo/bad"] },
        seen: { targets: ["demo/one"], mirror: { target: "demo/shadow", share: 0.5 } },
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

interface Asked {
  readonly status: number;
  readonly model: string | null;
  readonly headers: Headers;
  readonly error: string | null;
}

async function ask(
  model: string,
  over: Record<string, unknown> = {},
  text = "Is water wet?",
): Promise<Asked> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: text }], ...over }),
  });
  const body = (await response.json()) as { error?: { message: string } };
  const { status, headers } = response;
  return { status, headers, model: headers.get("x-amsterdam-model"), error: body.error?.message ?? null };
}

/** How often each model served, of so many requests by ten clients at once. */
async function served(
  count: number,
  one: (index: number) => Promise<Asked>,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let next = 0;
  const client = async () => {
    for (let index = next++; index < count; index = next++) {
      const { model, status } = await one(index);
      expect(status).toBe(200);
      counts[model ?? ""] = (counts[model ?? ""] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  return counts;
}

describe("a route", () => {
  test("tries its targets in their order, and says so", async () => {
    const { headers, model } = await ask("listed");
    expect(model).toBe("one");
    expect(headers.get("x-amsterdam-route")).toBe("listed");
    expect(headers.get("x-amsterdam-decision")).toBe("first; demo/one: the first of the list that can serve");
  });

  test("gives its targets shares by their weights", async () => {
    const counts = await served(4000, () => ask("spread"));
    expect(Object.keys(counts).toSorted()).toEqual(["one", "two"]);
    expect((counts.one ?? 0) / 4000).toBeWithin(0.72, 0.78);
  }, 60_000);

  test("of routes asks the inner one, and falls back to the next", async () => {
    const counts = await served(400, () => ask("nested"));
    expect(Object.keys(counts).toSorted()).toEqual(["one", "two"]);
  });

  test("takes what is cheapest for the request, once it knows how long answers are", async () => {
    const counts = await served(300, () => ask("thrifty", {}, "word ".repeat(200)));
    expect(counts).toEqual({ cheap: 300 });
  });

  test("keeps a conversation at one target, and shares conversations out", async () => {
    const counts = new Map<string, Set<string | null>>();
    await served(600, async (index) => {
      const thread = `thread-${index % 60}`;
      const asked = await ask("loyal", { thread_id: thread });
      counts.set(thread, (counts.get(thread) ?? new Set()).add(asked.model));
      return asked;
    });
    expect([...counts.values()].every(({ size }) => size === 1)).toBeTrue();
    expect(new Set([...counts.values()].flatMap((models) => [...models]))).toEqual(
      new Set(["one", "two", "three"]),
    );
  });

  test("passes over what cannot serve the request, and tells why", async () => {
    expect((await ask("capable")).model).toBe("small");
    const long = await ask("capable", {}, "word ".repeat(2000));
    expect(long.model).toBe("two");
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    expect((await ask("capable", { tools })).model).toBe("two");
    const image = [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }];
    expect(
      (await ask("capable", { messages: [{ role: "user", content: image }], request_id: "with-image" }))
        .model,
    ).toBe("two");
    const { request } = await until("it is recorded", () =>
      admin<{ request: { choice: { candidates: unknown } } }>(gateway, "GET", "/requests/with-image").catch(
        () => undefined,
      ),
    );
    expect(request.choice.candidates).toContainEqual({
      target: "demo/small",
      reason: "the model takes no images",
    });
  });

  test("lets requests to a target by its conditions", async () => {
    expect((await ask("private")).model).toBe("two");
    expect((await ask("private", { tags: ["inner"] })).model).toBe("one");
  });

  test("is listed among the models, as are aliases, which lead to it also at a provider's own door", async () => {
    const response = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${gateway.key}` },
    });
    const { data } = (await response.json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(expect.arrayContaining(["auto", "listed", "gpt-fixed"]));
    expect((await ask("gpt-fixed")).model).toBe("one");
    expect((await ask("claude-3-5-haiku-20241022")).headers.get("x-amsterdam-route")).toBe("listed");
    const own = await fetch(`${gateway.url}/v1/demo/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude-3-5-haiku-latest", messages: [{ role: "user", content: "hi" }] }),
    });
    expect(own.headers.get("x-amsterdam-model")).toBe("one");
  });
});

test("a target that becomes slow is left within 20 requests and comes back", async () => {
  waits.east = 5;
  waits.west = 20;
  for (let i = 0; i < 40; i++) await ask("quick");
  const fast = await served(200, () => ask("quick"));
  const eastShare = async () => {
    const seen = upstream.received("east").length;
    for (let i = 0; i < 30; i++) await ask("quick");
    return (upstream.received("east").length - seen) / 30;
  };
  expect(Object.keys(fast)).toEqual(["m"]);
  expect(await eastShare()).toBeGreaterThan(0.6);
  waits.east = 300;
  const before = upstream.received("east").length;
  for (let i = 0; i < 20; i++) await ask("quick");
  const left = upstream.received("east").length - before;
  expect(left).toBeLessThan(15);
  expect(await eastShare()).toBeLessThan(0.1);
  waits.east = 1;
  await until(
    "it comes back",
    async () => {
      for (let i = 0; i < 25; i++) await ask("quick");
      return (await eastShare()) > 0.6 ? true : undefined;
    },
    30_000,
  );
}, 90_000);

test("a target that dies costs no client an error while another lives", async () => {
  waits.east = 0;
  waits.west = 0;
  let answered = 0;
  setTimeout(() => {
    waits.east = null;
  }, 150);
  const counts = await served(2000, async () => {
    const asked = await ask("living");
    answered++;
    return asked;
  });
  expect(answered).toBe(2000);
  expect(counts).toEqual({ m: 2000 });
  waits.east = 0;
}, 60_000);

test("a conversation of 200 turns with tools stays on one model, and another serves when that one fails", async () => {
  const messages: Record<string, unknown>[] = [
    { role: "system", content: "You look things up." },
    { role: "user", content: "What is the tide at noon?" },
  ];
  const tools = [{ type: "function", function: { name: "tide", parameters: { type: "object" } } }];
  const first = await ask("spread", { messages, tools });
  for (let turn = 0; turn < 200; turn++) {
    const id = `call_${turn}`;
    messages.push(
      {
        role: "assistant",
        tool_calls: [{ id, type: "function", function: { name: "tide", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: id, content: `tide ${turn}` },
    );
    const { model, headers } = await ask("spread", { messages, tools });
    expect(model).toBe(first.model);
    expect(headers.get("x-amsterdam-decision")).toContain("the conversation stays with its model");
  }
}, 60_000);

/** The questions that the router learned from, in an order of their hashes. */
async function trainingPrompts(): Promise<string[]> {
  const file = Bun.file(new URL("../../../training/outcomes.jsonl.gz", import.meta.url));
  const lines = Buffer.from(Bun.gunzipSync(await file.bytes()))
    .toString("utf8")
    .trim()
    .split("\n");
  const prompts = lines.map((line) => (JSON.parse(line) as { prompt: string }).prompt);
  return prompts.toSorted((a, b) => Number(Bun.hash.xxHash32(a)) - Number(Bun.hash.xxHash32(b)));
}

test("a route learns by feedback which of its targets is better, and says how it drew", async () => {
  let next = 0;
  const counts: Record<string, number>[] = [];
  for (let part = 0; part < 6; part++) {
    counts.push(
      await served(150, async () => {
        const id = `taught-${next++}`;
        const asked = await ask("taught", { request_id: id });
        expect(asked.headers.get("x-amsterdam-decision")).toMatch(
          /^learn; probability=\d\.\d{3}; demo\/(good|bad): drawn/,
        );
        const drawn = Number(Bun.hash.xxHash64(id) % 100n);
        await fetch(`${gateway.url}/v1/feedback`, {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
          body: JSON.stringify({
            request_id: id,
            name: "helpful",
            value: drawn < (asked.model === "good" ? 85 : 40),
          }),
        });
        return asked;
      }),
    );
    // The log is read every second.
    await Bun.sleep(1500);
  }
  expect(counts.at(-1)?.good ?? 0).toBeGreaterThan(110);
  const { requests } = await admin<{
    requests: { decisions: { experiment: string; probability: number }[] }[];
  }>(gateway, "GET", "/requests?route=taught&limit=5");
  expect(requests[0]?.decisions[0]).toMatchObject({
    experiment: expect.stringMatching(/^route:taught:[0-9a-f]{8}$/),
  });
}, 60_000);

test("counting tokens is no draw, and a response that is made in the background is one", async () => {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "taught", ...body }),
    });
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  };
  await post("/v1/messages/count_tokens", {
    messages: [{ role: "user", content: "Hello" }],
    request_id: "counted",
  });
  await post("/v1/responses", { input: "Hello", background: true, store: true, request_id: "asked" });
  const { requests } = await until("all three are recorded", async () => {
    const found = await admin<{
      requests: { request_id: string; parent_id: string | null; decisions: unknown[]; choice: unknown }[];
    }>(gateway, "GET", "/requests?route=taught&limit=5");
    return found.requests.some((one) => one.parent_id === "asked") ? found : undefined;
  });
  const of = (is: (one: (typeof requests)[0]) => boolean) => requests.find(is)!;
  expect(of((one) => one.request_id === "counted").decisions).toEqual([]);
  expect(of((one) => one.request_id === "asked")).toMatchObject({ decisions: [], choice: null });
  expect(of((one) => one.parent_id === "asked").decisions).toHaveLength(1);
});

test("calibration sends 27 to 33 % to the strong model, and the name may carry another share", async () => {
  const prompts = await trainingPrompts();
  const text = (index: number) => prompts[index % prompts.length] ?? "";
  await served(1000, (index) => ask("auto", {}, text(index)));
  const counts = await served(1000, (index) => ask("auto", {}, text(index + 1000)));
  expect((counts.strong ?? 0) / 1000).toBeWithin(0.27, 0.33);
  const { headers } = await ask("auto:0", {}, "Prove that there are infinitely many primes.");
  expect(headers.get("x-amsterdam-model")).toBe("weak");
  expect(headers.get("x-amsterdam-decision")).toMatch(
    /^quality; score=0\.\d{3}; threshold=\d\.\d{3}; demo\/weak/,
  );
  expect((await ask("auto:1")).model).toBe("strong");
  expect((await ask("auto:2")).status).toBe(404);
}, 60_000);

test("a share of requests is mirrored: recorded under the one that was answered, and shown to nobody", async () => {
  const counts = await served(400, (index) =>
    ask("seen", { request_id: `seen-${index}` }, `Question ${index}`),
  );
  expect(counts).toEqual({ one: 400 });
  const listed = async () => {
    const { requests } = await admin<{
      requests: { parent_id: string; model: string; status: number; usage: { output_tokens: number } }[];
    }>(gateway, "GET", "/requests?tag=mirror&limit=500");
    return requests;
  };
  await until("they are recorded", async () => (await listed()).length > 100);
  await Bun.sleep(500);
  const all = await listed();
  for (const { parent_id, model, status, usage } of all) {
    expect([parent_id.startsWith("seen-"), model, status]).toEqual([true, "shadow", 200]);
    expect(usage.output_tokens).toBeGreaterThan(0);
  }
  expect(all.length / 400).toBeWithin(0.4, 0.6);
});
