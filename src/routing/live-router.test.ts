import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { routeSchema } from "../config/route-schema.ts";
import { SealStash } from "../conversion/seals.ts";
import { keepingLogger } from "../records/testing.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { Upstreams } from "../upstream/upstream.ts";
import { LiveRouter } from "./live-router.ts";
import { configOf, factsOf } from "./testing.ts";

const CHAT = { messages: [{ role: "user", content: "Is water wet?" }] };
let storage: Storage;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
});
afterEach(() => storage.close());

function live(settings: object = {}, upstreams = new Upstreams()) {
  const logger = keepingLogger();
  const router = new LiveRouter(configOf(settings), {
    storage,
    env: {},
    cwd: "/",
    demoUrl: "http://127.0.0.1:1",
    upstreams,
    stash: new SealStash(),
    logger,
  });
  return { router, lines: logger.lines };
}

const put = (name: string, ...targets: string[]) =>
  storage.routes.put({ name, definition: routeSchema.parse({ targets }), updatedAt: 1, updatedBy: null });
const targetsOf = ({ current }: LiveRouter, model: string) =>
  current
    .resolveModel(model, current.door("POST", "/v1/chat/completions"), factsOf({ model, ...CHAT }))
    .targets.map(({ name }) => name);
const strategyOf = ({ current }: LiveRouter, name: string) => current.routes.find(name)!.route.strategy;

describe("the router of the moment", () => {
  test("has stored routes once they are loaded, and is made anew only where they changed", async () => {
    const { router } = live({ routes: { own: { targets: ["demo/a"] } } });
    await put("stored", "own", "demo/b");
    expect(() => targetsOf(router, "stored")).toThrow();
    await router.load();
    expect(targetsOf(router, "stored")).toEqual(["demo/a", "demo/b"]);
    const { current } = router;
    await router.load();
    expect(router.current).toBe(current);
    await storage.routes.delete("stored");
    await router.load();
    expect(() => targetsOf(router, "stored")).toThrow();
    // Those that run go on with theirs.
    expect(current.routes.names).toEqual(new Set(["own", "stored"]));
  });

  test("keeps its stored routes and what strategies have learned when the configuration changes", async () => {
    const spread = { spread: { strategy: "latency", targets: ["demo/a", "demo/b"] } };
    const { router } = live({ routes: spread });
    await put("stored", "spread");
    await router.load();
    const strategy = strategyOf(router, "spread");
    router.configure(configOf({ routes: { ...spread, more: { targets: ["demo/c"] } } }));
    expect(strategyOf(router, "spread")).toBe(strategy);
    expect(router.current.routes.names).toEqual(new Set(["spread", "more", "stored"]));
    router.configure(configOf({ routes: { spread: { strategy: "latency", targets: ["demo/c"] } } }));
    expect(strategyOf(router, "spread")).not.toBe(strategy);
  });

  test("begins to learn anew, in another log, where a target's provider is switched off", () => {
    const provider = { base_url: "http://127.0.0.1:9" };
    const routes = { taught: { strategy: "learn", targets: ["demo/a", "near/b"] } };
    const { router } = live({ routes, providers: { near: provider } });
    const [before] = router.current.routes.logs;
    expect(before!.options).toEqual(["demo/a", "near/b"]);
    router.configure(configOf({ routes, providers: { near: { ...provider, enabled: false } } }));
    const [after] = router.current.routes.logs;
    expect(after!.options).toEqual(["demo/a"]);
    expect([after!.name === before!.name, after!.strategy === before!.strategy]).toEqual([false, false]);
  });

  test("says once of a stored route that it does not act, until it does", async () => {
    const { router, lines } = live();
    await put("stored", "gone");
    await router.load();
    expect(router.refused).toMatchObject([{ name: "stored" }]);
    router.configure(configOf({ routes: { other: { targets: ["demo/a"] } } }));
    expect(lines).toHaveLength(1);
    router.configure(configOf({ routes: { gone: { targets: ["demo/a"] } } }));
    expect(router.refused).toEqual([]);
    expect(targetsOf(router, "stored")).toEqual(["demo/a"]);
    router.configure(configOf({}));
    expect(lines).toHaveLength(2);
  });

  test("keeps the routes that it has where the storage cannot be asked", async () => {
    const { router } = live();
    await put("stored", "demo/a");
    await router.load();
    await storage.close();
    await expect(router.load()).rejects.toThrow();
    expect(targetsOf(router, "stored")).toEqual(["demo/a"]);
    storage = await openStorage("sqlite::memory:", "/");
  });

  test("passes over a target that is out, by the cooldowns of the moment", async () => {
    const upstreams = new Upstreams();
    const { router } = live({ routes: { both: { targets: ["demo/a", "demo/b"] } } }, upstreams);
    expect(targetsOf(router, "both")).toEqual(["demo/a", "demo/b"]);
    upstreams.cooldowns.note("demo/a", performance.now() + 60_000);
    expect(targetsOf(router, "both")).toEqual(["demo/b", "demo/a"]);
  });

  test("prices by the configuration that is in force", () => {
    const { router } = live({ prices: { "demo/a": { input: 1, output: 2 } } });
    expect(router.prices.pricesOf("demo", "a")).toMatchObject({ input: 1 });
    router.configure(configOf({ prices: { "demo/a": { input: 3, output: 4 } } }));
    expect(router.prices.pricesOf("demo", "a")).toMatchObject({ input: 3 });
  });
});
