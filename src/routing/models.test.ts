import { describe, expect, test } from "bun:test";
import { chooseModel } from "./models.ts";
import { configOf, factsOf, providersOf, routerOf } from "./testing.ts";

const ENV = { OPENAI_API_KEY: "sk-openai", GEMINI_API_KEY: " sk-gemini\n", GROQ_API_KEY: "" };
const SETTINGS = {
  providers: {
    local: { base_url: "http://127.0.0.1:9/v1/", models: ["llama-*", "exact", "mistral/tiny"] },
    xai: { api_key: "sk-xai", enabled: false },
    google: { api_keys: ["k1", "k2"] },
    constructor: { base_url: "http://127.0.0.1:9" },
  },
  routes: {
    fast: { targets: ["cerebras/llama-3.3", "openai/gpt-4.1-mini", "local/x"] },
    "gpt-4.1": { targets: ["local/own"] },
    off: { targets: ["xai/grok", "cerebras/x"] },
    wrong: { targets: ["nowhere/x"] },
  },
};
const providers = providersOf(SETTINGS, ENV);
const router = routerOf(SETTINGS, ENV);
const door = router.door("POST", "/v1/chat/completions");
const choose = (name: string) => {
  const { route, targets } = router.resolveModel(name, door, factsOf({ model: name, messages: [] }));
  return [route, ...targets.map(({ provider, model }) => `${provider}: ${model}`)];
};

describe("a model's name", () => {
  test.each([
    ["openai/gpt-4.1", null, "openai: gpt-4.1"],
    ["openai/a/b:c", null, "openai: a/b:c"],
    ["google/gemini-2.5-flash", null, "gemini: gemini-2.5-flash"],
    ["gemini/gemini-2.5-flash", null, "gemini: gemini-2.5-flash"],
    ["demo/echo", null, "demo: echo"],
    ["gpt-4o", null, "openai: gpt-4o"],
    ["gemini-2.5-pro", null, "gemini: gemini-2.5-pro"],
    ["llama-3", null, "local: llama-3"],
    ["exact", null, "local: exact"],
    ["mistral/tiny", null, "local: mistral/tiny"],
    ["gpt-4.1", "gpt-4.1", "local: own"],
  ])("%s is %p %s", (name, route, target) => {
    expect(choose(name)).toEqual([route, target]);
  });

  test("of a route is its targets, but for those whose provider is switched off", () => {
    expect(choose("fast")).toEqual(["fast", "openai: gpt-4.1-mini", "local: x"]);
  });

  test.each(["off", "xai/grok", "cerebras/x", "moonshot/kimi", "groq/x"])(
    "%s, with no provider that is switched on, says so",
    (name) =>
      expect(() => choose(name)).toThrow(expect.objectContaining({ code: "provider_not_configured" })),
  );

  test.each(["wrong", "nowhere/x", "exactly", "/x", "openai/", "", "toString", "__proto__", "llama"])(
    "%j is not known",
    (name) => expect(() => choose(name)).toThrow(expect.objectContaining({ code: "model_not_found" })),
  );
});

describe("a bare name of a provider that is switched off", () => {
  const refusalOf = (name: string, settings: object) => {
    const choice = () => chooseModel(name, configOf(settings), providersOf(settings));
    expect(choice).toThrow(expect.objectContaining({ code: "provider_not_configured" }));
    return expect(choice);
  };

  test("names it, and how it is switched on", () => {
    refusalOf("gpt-5", {}).toThrow(/"gpt-5" is a model of openai\. .*OPENAI_API_KEY/);
    refusalOf("claude-x", {}).toThrow("ANTHROPIC_API_KEY");
  });

  test("is found by the models of the configuration, in place of the catalogue's", () => {
    const own = { base_url: "http://h/v1", formats: ["openai-chat"], models: ["mine-*"], enabled: false };
    const settings = { providers: { own, openai: { models: ["only"] } } };
    refusalOf("mine-1", settings).toThrow(
      '"mine-1" is a model of own. The provider "own" is switched off in the configuration.',
    );
    refusalOf("only", settings).toThrow("openai");
    expect(() => chooseModel("gpt-5", configOf(settings), providersOf(settings))).toThrow("is not known");
  });
});

describe("providers", () => {
  test("take their keys from the configuration, else from the environment, without the line's end", () => {
    expect(providers.byName.get("openai")?.keys).toEqual(["sk-openai"]);
    expect(providersOf({}, ENV).byName.get("gemini")?.keys).toEqual(["sk-gemini"]);
    expect(providers.byName.get("gemini")?.keys).toEqual(["k1", "k2"]);
    expect(providers.byName.get("google")).toBe(providers.byName.get("gemini")!);
  });

  test("of one's own send their key as the first of their formats does, and need none", () => {
    const own = (formats: string[]) =>
      providersOf({ providers: { own: { base_url: "http://h/v1", formats } } }).byName.get("own")!;
    expect(own(["openai-chat"])).toMatchObject({
      keys: [],
      keyStyle: { header: "authorization", prefix: "Bearer " },
    });
    expect(own(["anthropic-messages"])).toMatchObject({
      keyStyle: { header: "x-api-key" },
      defaultHeaders: { other: { "anthropic-version": "2023-06-01" } },
    });
    expect(own(["gemini"]).keyStyle.header).toBe("x-goog-api-key");
  });

  test("named like something every object has are like any other", () => {
    expect(providers.byName.get("constructor")).toMatchObject({ keys: [], formats: { "openai-chat": "" } });
  });

  test("that are switched off say how they are switched on, and the demo is always there", () => {
    const { byName, missing } = providersOf({});
    expect([...byName.keys()]).toEqual(["demo"]);
    expect(missing.get("openai")).toContain("OPENAI_API_KEY");
    expect(missing.get("moonshot")).toBe(missing.get("kimi")!);
    const withoutDemo = providersOf({ providers: { demo: { enabled: false } } });
    expect(withoutDemo.byName.size).toBe(0);
    expect(withoutDemo.missing.get("demo")).toContain("switched off");
    for (const reason of [...missing.values(), ...withoutDemo.missing.values()])
      expect(reason).toMatch(/^The provider "[a-z]+" .+\.$/);
  });

  test.each([
    ["sk-a\nb", "a line break"],
    ["sk-a\r\nx-evil: 1", "a line break"],
    ["sk-\x00", "a character that is not printable ASCII"],
    ["sk-é", "a character that is not printable ASCII"],
    ["\u201csk-a\u201d", "a character that is not printable ASCII"],
  ])("have no key in an environment that holds %j, and say so", (value, fault) => {
    const { byName, missing } = providersOf(
      { providers: { openai: { base_url: "http://127.0.0.1:9" } } },
      { OPENAI_API_KEY: value, GOOGLE_API_KEY: value },
    );
    expect([...byName.keys()]).toEqual(["demo"]);
    expect(missing.get("openai")).toBe(
      `The provider "openai" has no API key: OPENAI_API_KEY holds ${fault}.`,
    );
    expect(missing.get("google")).toContain(`GOOGLE_API_KEY holds ${fault}`);
    const { byName: configured } = providersOf(
      { providers: { openai: { api_key: "sk-own" } } },
      { OPENAI_API_KEY: value },
    );
    expect(configured.get("openai")?.keys).toEqual(["sk-own"]);
  });
});
