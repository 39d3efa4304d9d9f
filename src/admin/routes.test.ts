import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { z } from "zod";
import { AnswerChecker } from "../../test/support/admin-answers.ts";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import type { JsonRoute } from "./route.ts";
import { deleteRoute, explainRoute, listRoutes, putRoute, showRoute } from "./routes.ts";

const CONFIG = {
  routes: {
    fast: { targets: ["demo/echo", "cerebras/llama-3.3-70b"] },
    tiers: {
      targets: ["anthropic/claude-sonnet-4-5", "demo/echo"],
      strategy: "quality",
      strong_share: 0.5,
    },
  },
  aliases: { "claude-3-5-haiku*": "fast", plain: "openai/gpt-4.1" },
};
const ENV = { ANTHROPIC_API_KEY: "sk-test" };

let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
  admin.configure(CONFIG, ENV);
});
afterEach(() => admin.storage.close());

const checker = new AnswerChecker();
afterAll(() => checker.expectAll((path) => path.startsWith("/admin/routes")));

function ask<A extends z.ZodType>(route: JsonRoute<A>, url: string, body?: unknown): Promise<z.output<A>> {
  return checker.ask(admin, route, url, body);
}

const put = (name: string, body: unknown) => ask(putRoute, `/admin/routes/${encodeURIComponent(name)}`, body);

async function refused(method: string, url: string, body?: unknown) {
  const { status, error } = await admin.ask(method, url, body);
  return [status, error?.code, error?.message];
}

describe("a stored route", () => {
  test("is made, listed beside the configured ones, changed and deleted", async () => {
    const made = await put("team/cheap", { targets: ["demo/echo", "fast"], strategy: "cost" });
    expect(made).toMatchObject({
      made: true,
      warnings: [],
      route: {
        name: "team/cheap",
        source: "stored",
        strategy: "cost",
        problem: null,
        updated_by: "key_admin",
      },
    });
    expect(made.route.definition).toMatchObject({ weights: {}, fallback_on: expect.any(Array) });
    const { routes, aliases } = await ask(listRoutes, "/admin/routes");
    expect(routes.map(({ name, source, targets }) => [name, source, targets.length])).toEqual([
      ["fast", "configuration", 2],
      ["team/cheap", "stored", 2],
      ["tiers", "configuration", 2],
    ]);
    expect(aliases).toEqual([
      { name: "claude-3-5-haiku*", target: "fast" },
      { name: "plain", target: "openai/gpt-4.1" },
    ]);
    expect((await put("team/cheap", { targets: ["demo/echo"] })).made).toBe(false);
    expect(await ask(deleteRoute, "/admin/routes/team%2Fcheap")).toEqual({
      name: "team/cheap",
      deleted: true,
    });
    expect((await ask(listRoutes, "/admin/routes")).routes).toHaveLength(2);
    expect(admin.followed).toBe(3);
    expect(admin.logged.filter((line) => line.includes("oute was"))).toEqual([
      'A route was made {"route":"team/cheap","by":"key_admin"}',
      'A route was changed {"route":"team/cheap","by":"key_admin"}',
      'A route was deleted {"route":"team/cheap","by":"key_admin"}',
    ]);
  });

  test("has no name of the configuration", async () => {
    const url = "/admin/routes/fast";
    const message = 'The route "fast" is one of the configuration, and is changed there.';
    expect(await refused("PUT", url, { targets: ["demo/echo"] })).toEqual([409, "conflict", message]);
    expect(await refused("DELETE", url)).toEqual([409, "conflict", message]);
  });

  test("is checked as one of the configuration, in sentences", async () => {
    const wrong = (name: string, body: unknown) =>
      refused("PUT", `/admin/routes/${encodeURIComponent(name)}`, body).then(([status, , message]) => [
        status,
        message,
      ]);
    expect(await wrong("a", { targets: ["opnai/gpt", "fasst"] })).toEqual([
      400,
      'targets[0]: found "opnai/gpt", expected a provider that is built in or stands under providers, or the name of another route (did you mean "openai/gpt"?). targets[1]: found "fasst", expected provider/model or the name of another route (did you mean "fast"?).',
    ]);
    expect(await wrong("a", { targets: ["demo/echo"], parameters: { "demo/echo": { model: "x" } } })).toEqual(
      [
        400,
        'parameters["demo/echo"].model: found "model", expected a parameter such as temperature; the conversation, the model and whether it is streamed are the request\'s.',
      ],
    );
    expect(await wrong("a", { targets: ["demo/echo", "fast"], strategy: "quality" })).toEqual([
      400,
      "strategy: The strategy quality needs thresholds or a strong share.",
    ]);
    expect(await wrong("a", { targets: ["a"] })).toEqual([400, "It leads back to itself: a -> a."]);
    for (const [name, message] of [
      ["plain", "alias"],
      ["a:0.3", "share"],
      ["demo/x", "provider demo/"],
      ["a b", "without spaces"],
      ["a\nb", "without spaces"],
    ] as const)
      expect((await wrong(name, { targets: ["demo/echo"] }))[1]).toContain(message);
    expect(await wrong("a", { targets: ["demo/echo"], wieghts: {} })).toEqual([
      400,
      expect.stringContaining("There is no `body.wieghts`"),
    ]);
    expect((await wrong("a", { targets: [] }))[1]).toContain("body.targets");
    expect((await wrong("a", { targets: ["demo/echo"], weights: { "demo/echo": -1 } }))[1]).toContain(
      "weights",
    );
    expect((await ask(listRoutes, "/admin/routes")).routes).toHaveLength(2);
  });

  test("of settings that do nothing is made with a warning", async () => {
    const { warnings } = await put("a", { targets: ["demo/echo"], weights: { "demo/echo": 2 } });
    expect(warnings).toEqual([
      "weights: weights act with the strategies weighted and sticky, not with first.",
    ]);
  });

  test("of a name that a pattern takes is made with a warning", async () => {
    const { warnings } = await put("claude-3-5-haiku-mine", { targets: ["demo/echo"] });
    expect(warnings).toEqual([
      'the alias "claude-3-5-haiku*" takes requests of this name: the route serves others alone.',
    ]);
  });

  test("may lead to other stored ones, but not back, and is then not deleted", async () => {
    await put("a", { targets: ["demo/echo"] });
    await put("b", { targets: ["a"], mirror: { target: "fast" } });
    expect(await refused("PUT", "/admin/routes/a", { targets: ["b"] })).toEqual([
      400,
      "invalid_request",
      "It leads back to itself: a -> b -> a.",
    ]);
    expect(await refused("DELETE", "/admin/routes/a")).toEqual([
      409,
      "conflict",
      'The route "a" is a target of "b". Change that first.',
    ]);
    await ask(deleteRoute, "/admin/routes/b");
    await ask(deleteRoute, "/admin/routes/a");
    expect((await refused("DELETE", "/admin/routes/a"))[0]).toBe(404);
  });

  test("says why it does not act where the configuration has changed", async () => {
    await put("mine", { targets: ["fast"] });
    await put("other", { targets: ["mine"] });
    admin.configure({ routes: { other: { targets: ["demo/echo"] } }, aliases: { mine: "demo/echo" } });
    const { routes } = await ask(listRoutes, "/admin/routes");
    expect(routes.map(({ name, source, problem }) => [name, source, problem])).toEqual([
      ["mine", "stored", 'Its target "fast" is neither provider/model nor a route.'],
      ["other", "configuration", null],
      ["other", "stored", "The configuration has a route of this name."],
    ]);
    expect((await ask(showRoute, "/admin/routes/other")).source).toBe("configuration");
    admin.configure({ routes: { fast: { targets: ["demo/echo"] } } });
    expect((await ask(listRoutes, "/admin/routes")).routes.every(({ problem }) => problem === null)).toBe(
      true,
    );
  });

  test("that another version wrote, or nobody, hurts no other", async () => {
    const at = { updatedAt: 1, updatedBy: null };
    const odd = { targets: [], strategy: "fastest" } as never;
    await admin.storage.routes.put({ name: "odd", definition: odd, ...at });
    await put("__proto__", { targets: ["demo/echo"] });
    await put("constructor", { targets: ["__proto__"] });
    const { routes } = await ask(listRoutes, "/admin/routes");
    expect(routes.find(({ name }) => name === "odd")?.problem).toStartWith("It is no route as this gateway");
    const answer = await ask(explainRoute, "/admin/routes/constructor/explain", { prompt: "Hi" });
    expect(answer.targets).toEqual(["demo/echo"]);
  });
});

describe("a route that is shown", () => {
  test("tells what is known of its targets", async () => {
    const { targets } = await ask(showRoute, "/admin/routes/tiers");
    expect(targets[0]).toMatchObject({
      target: "anthropic/claude-sonnet-4-5",
      kind: "model",
      problem: null,
      takes: { image: true, tools: true },
      breaker: "closed",
      out_for_ms: 0,
    });
    expect(targets[0]!.takes!.context_window).toBeGreaterThanOrEqual(200_000);
    expect(targets[0]!.prices).toMatchObject({ input: 3, cached_input: 0.3, output: 15 });
    expect(targets[1]).toMatchObject({ target: "demo/echo", prices: null });
    expect((await ask(showRoute, "/admin/routes/fast")).targets[1]).toMatchObject({
      problem: expect.stringContaining("CEREBRAS_API_KEY"),
      takes: null,
    });
    expect((await refused("GET", "/admin/routes/none"))[0]).toBe(404);
  });

  test("tells of breakers and of limits", async () => {
    admin.upstreams.cooldowns.note("demo/echo", performance.now() + 30_000);
    const upstream = admin.upstreams.all().find(({ name }) => name === "anthropic")!;
    for (let call = 0; call < 100; call++) upstream.breaker.admit()?.failed();
    const { targets } = await ask(showRoute, "/admin/routes/tiers");
    expect(targets[0]!.breaker).toBe("open");
    expect(targets[1]!.out_for_ms).toBeGreaterThan(29_000);
    const { targets: order, choice } = await ask(explainRoute, "/admin/routes/tiers/explain", {
      prompt: "x",
    });
    expect(order.at(-1)).toBe("demo/echo");
    expect(choice.candidates.at(-1)?.reason).toBe("out for another 30 s");
  });
});

describe("explaining", () => {
  const explain = (name: string, body: object) =>
    ask(explainRoute, `/admin/routes/${encodeURIComponent(name)}/explain`, body);

  test("tells the target of a prompt, its score and its threshold", async () => {
    const { targets, choice, alias, needs } = await explain("tiers", { prompt: "What is 2+2?" });
    expect(alias).toBeNull();
    expect(targets).toHaveLength(2);
    expect(choice).toMatchObject({ route: "tiers", strategy: "quality" });
    expect(targets[0]).toBe(choice.score! >= choice.threshold! ? "anthropic/claude-sonnet-4-5" : "demo/echo");
    expect(needs).toMatchObject({ tools: false, media: [], output_tokens: null });
    expect(needs.input_tokens).toBeGreaterThan(0);
  });

  test("takes another share, and an alias", async () => {
    expect((await explain("tiers:1", { prompt: "Hi" })).targets[0]).toBe("anthropic/claude-sonnet-4-5");
    expect((await explain("tiers:0", { prompt: "Hi" })).targets[0]).toBe("demo/echo");
    expect(await explain("claude-3-5-haiku-20241022", { prompt: "Hi" })).toMatchObject({
      alias: "claude-3-5-haiku-20241022",
      route: "fast",
      targets: ["demo/echo"],
      choice: {
        candidates: [{ target: "demo/echo" }, { reason: expect.stringContaining("no API key") }],
      },
    });
  });

  test("takes requests in all four formats", async () => {
    admin.configure({
      models: { "demo/echo": { tools: false, max_output_tokens: 100 } },
      routes: { r: { targets: ["demo/echo", "demo/reasoning"] } },
    });
    const text = "Hi";
    const tool = { name: "f", description: "", parameters: { type: "object" } };
    for (const request of [
      { messages: [{ role: "user", content: text }], tools: [{ type: "function", function: tool }] },
      { input: text, tools: [{ type: "function", ...tool }] },
      { contents: [{ role: "user", parts: [{ text }] }], tools: [{ functionDeclarations: [tool] }] },
    ]) {
      const { targets, choice, needs } = await explain("r", { request });
      expect(needs.tools).toBe(true);
      expect(targets).toEqual(["demo/reasoning"]);
      expect(choice.candidates.at(-1)).toEqual({ target: "demo/echo", reason: "the model calls no tools" });
    }
    const messages = { max_tokens: 4096, messages: [{ role: "user", content: text }] };
    expect(await explain("r", { request: messages, format: "anthropic-messages" })).toMatchObject({
      targets: ["demo/reasoning"],
      needs: { output_tokens: 4096, tools: false },
    });
  });

  test("goes by conditions, and says when none may serve", async () => {
    await put("r", {
      targets: ["demo/echo", "demo/reasoning"],
      conditions: {
        "demo/echo": { agents: ["coder*"], tags: ["env=ci"] },
        "demo/reasoning": { keys: ["laptop"] },
      },
    });
    expect((await explain("r", { prompt: "x", key: "laptop" })).targets).toEqual(["demo/reasoning"]);
    expect((await explain("r", { prompt: "x", agent_id: "coder-1", tags: ["env=ci"] })).targets).toEqual([
      "demo/echo",
    ]);
    const own = { messages: [], agent_id: "coder-2", tags: { env: "ci" } };
    expect((await explain("r", { request: own })).targets).toEqual(["demo/echo"]);
    expect(await explain("r", { prompt: "x" })).toMatchObject({
      targets: [],
      choice: { candidates: [{ reason: "its conditions keep this request out" }, {}] },
    });
  });

  test("tells of routes within routes", async () => {
    await put("outer", { targets: ["fast", "tiers"] });
    const { choice, targets } = await explain("outer", { prompt: "x" });
    expect(choice).toMatchObject({ route: "outer", within: { route: "fast", strategy: "first" } });
    expect(targets).toEqual(["demo/echo", "anthropic/claude-sonnet-4-5"]);
  });

  test("leaves no trace in what strategies remember", async () => {
    await put("s", { targets: ["demo/echo", "demo/reasoning"], strategy: "quality", strong_share: 0.5 });
    const before = await explain("s", { prompt: "x" });
    for (let time = 0; time < 150; time++) await explain("s", { prompt: `Prove that ${time} is prime.` });
    expect(await explain("s", { prompt: "x" })).toEqual(before);
  });

  test("refuses what is no route, and what is no request", async () => {
    const at = (name: string, body: object) => refused("POST", `/admin/routes/${name}/explain`, body);
    expect(await at("none", { prompt: "x" })).toEqual([404, "not_found", 'There is no route "none".']);
    expect(await at("plain", { prompt: "x" })).toEqual([
      404,
      "not_found",
      '"plain" is an alias of "openai/gpt-4.1", which is no route: it goes there.',
    ]);
    const odd = { name: "odd", definition: { targets: [] } as never, updatedAt: 1, updatedBy: null };
    await admin.storage.routes.put(odd);
    expect((await at("odd", { prompt: "x" })).slice(0, 2)).toEqual([409, "conflict"]);
    for (const body of [{}, { prompt: "x", request: {} }, { request: {} }, { request: [] }, { prompt: "" }])
      expect((await at("fast", body)).slice(0, 2)).toEqual([400, "invalid_request"]);
    expect((await at("fast", { prompt: "x", format: "xml" }))[2]).toContain("openai-chat");
  });

  test("scores a megabyte in bounded time", async () => {
    const began = performance.now();
    const { needs } = await explain("tiers", { prompt: "word ".repeat(200_000) });
    expect(needs.input_tokens).toBeGreaterThan(100_000);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
