import { expect, test } from "bun:test";
import { routerOf } from "./testing.ts";
import { whyNotCalled } from "./why-not-called.ts";

const SETTINGS = {
  providers: { groq: { enabled: false } },
  routes: {
    mixed: { targets: ["openai/gpt-4.1", "demo/echo"] },
    lost: { targets: ["openai/gpt-4.1", "groq/llama"] },
    outer: { targets: ["middle"] },
    middle: { targets: ["lost"] },
  },
  aliases: { small: "openai/gpt-4.1-mini", tiny: "demo/echo" },
};
const router = routerOf(SETTINGS);

test("a model of a provider that is switched on can be called, and a route with one such target", () => {
  for (const name of ["demo/echo", "tiny", "mixed", "mixed:0.3"])
    expect([name, whyNotCalled(name, "model", router)]).toEqual([name, null]);
  expect(whyNotCalled("mixed", "route", router)).toBeNull();
  const withKey = routerOf(SETTINGS, { OPENAI_API_KEY: "sk-1" });
  for (const name of ["openai/gpt-4.1", "gpt-4.1", "small", "lost", "outer"])
    expect([name, whyNotCalled(name, "model", withKey)]).toEqual([name, null]);
});

test("one without a key or switched off cannot, by whatever name it is asked for", () => {
  for (const name of ["openai/gpt-4.1", "gpt-4.1", "small"])
    expect(whyNotCalled(name, "model", router)).toContain('The provider "openai" has no API key.');
  expect(whyNotCalled("groq/llama", "model", router)).toContain("switched off in the configuration");
});

test("a route cannot none of whose targets can, however deep they lie", () => {
  expect(whyNotCalled("lost", "route", router)).toBe(
    'No target of the route "lost" can be called now. "openai/gpt-4.1" cannot be called: The provider "openai" has no API key. Set OPENAI_API_KEY, or providers.openai.api_key.',
  );
  expect(whyNotCalled("outer", "route", router)).toContain(
    'No target of the route "outer" can be called now. "openai/gpt-4.1" cannot be called:',
  );
});

test("what nobody knows cannot; a model of an unknown name may be known behind an endpoint", () => {
  for (const name of ["autoo", "nobody/none", "__proto__", "constructor/x", "", "/"]) {
    expect([name, whyNotCalled(name, "model", router)]).toEqual([
      name,
      expect.stringContaining("is not known"),
    ]);
    expect(whyNotCalled(name, "route", router)).toContain("is not known");
  }
  const endpoint = { path: "/own/*", target_url: "http://127.0.0.1:1/v1" };
  const behind = routerOf({ ...SETTINGS, endpoints: [endpoint] });
  expect(whyNotCalled("nobody/none", "model", behind)).toBeNull();
  expect(whyNotCalled("autoo", "route", behind)).toContain("is not known");
  expect(whyNotCalled("openai/gpt-4.1", "model", behind)).toContain("OPENAI_API_KEY");
  const off = routerOf({ ...SETTINGS, endpoints: [{ ...endpoint, enabled: false }] });
  expect(whyNotCalled("nobody/none", "model", off)).toContain("is not known");
});
