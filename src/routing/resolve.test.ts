import { describe, expect, test } from "bun:test";
import type { Target } from "../upstream/target.ts";
import type { RequestFacts } from "./request-facts.ts";
import { resolve } from "./resolve.ts";
import { factsOf, routerOf } from "./testing.ts";

const ROUTER = routerOf(
  {
    providers: {
      near: { base_url: "http://near.test/base", formats: ["openai-chat"], models: ["near-*"] },
      claude: { base_url: "http://claude.test", formats: ["anthropic-messages"] },
      own: { base_url: "http://own.test/deep", formats: ["openai-chat"] },
    },
    aliases: {
      "gpt-4*": "both",
      "gpt-4-own": "near/first",
      "claude-*": "claude/large",
      short: "long-name",
      bare: "near-model",
    },
    routes: { both: { targets: ["near/a", "claude/b"] } },
    endpoints: [{ path: "/fixed", target_url: "http://fixed.test/chat/completions" }],
  },
  { GEMINI_API_KEY: "key" },
);
const CHAT = { messages: [{ role: "user", content: "Is water wet?" }] };

function resolved(path: string, body: object, over: Partial<RequestFacts> = {}) {
  const door = ROUTER.door("POST", path);
  const read = factsOf(body);
  return resolve(door, path, ROUTER, { ...read, model: door.call.pathModel ?? read.model, ...over });
}

/** Where a target's request goes, and the model that its body names. */
function asked(target: Target): string {
  const { origin, target: path, body } = target.prepare();
  if (body === null || body instanceof ReadableStream) throw new Error("The target has no body.");
  const { model } = JSON.parse(Buffer.from(body.toBytes()).toString("utf8")) as { model?: string };
  return `${origin.hostname}${path} ${model ?? ""}`.trim();
}
const all = (path: string, body: object) => resolved(path, body).targets.map(asked);

describe("an alias", () => {
  test.each([
    ["chat", "/v1/chat/completions", CHAT, ["near.test/base/chat/completions a", "claude.test/messages b"]],
    [
      "messages",
      "/v1/messages",
      { ...CHAT, max_tokens: 5 },
      ["near.test/base/chat/completions a", "claude.test/messages b"],
    ],
    [
      "responses",
      "/v1/responses",
      { input: "x" },
      ["near.test/base/chat/completions a", "claude.test/messages b"],
    ],
    [
      "legacy completions",
      "/v1/completions",
      { prompt: "x" },
      ["near.test/base/completions a", "claude.test/messages b"],
    ],
    ["embeddings", "/v1/embeddings", { input: "x" }, ["near.test/base/embeddings a"]],
    ["counted tokens", "/v1/messages/count_tokens", CHAT, ["claude.test/messages/count_tokens b"]],
    [
      "the completion of what is typed",
      "/api/tab/llm-proxy",
      { prompt: "x" },
      ["near.test/base/completions a", "claude.test/messages b"],
    ],
    [
      "a provider's own door",
      "/v1/near/chat/completions",
      CHAT,
      ["near.test/base/chat/completions a", "claude.test/messages b"],
    ],
    [
      "Amp's door of a provider",
      "/api/provider/claude/v1/messages",
      { ...CHAT, max_tokens: 5 },
      ["near.test/base/chat/completions a", "claude.test/messages b"],
    ],
  ])("stands for its route at %s", (_, path, body, targets) => {
    const resolution = resolved(path, { model: "gpt-4o", ...body });
    expect([resolution.route, resolution.targets.map(asked)]).toEqual(["both", targets]);
  });

  test("stands for its route in Gemini's paths, also at Gemini's own door", () => {
    const body = { contents: [{ role: "user", parts: [{ text: "x" }] }] };
    for (const path of [
      "/v1beta/models/gpt-4o:generateContent",
      "/v1/gemini/v1beta/models/gpt-4o:generateContent",
    ])
      expect(all(path, body)).toEqual(["near.test/base/chat/completions a", "claude.test/messages b"]);
    expect(all("/v1/gemini/v1beta/models/short:generateContent", body)[0]).toEndWith(
      "/models/long-name:generateContent",
    );
  });

  test("of a whole name goes before a pattern, and what it stands for is not looked up again", () => {
    expect(all("/v1/chat/completions", { model: "gpt-4-own", ...CHAT })).toEqual([
      "near.test/base/chat/completions first",
    ]);
    expect(all("/v1/chat/completions", { model: "bare", ...CHAT })).toEqual([
      "near.test/base/chat/completions near-model",
    ]);
  });

  test("that leads nowhere by itself stays at the provider whose door was called, and at the path", () => {
    expect(all("/v1/own/v9/more/v1/chat/completions", { model: "short", ...CHAT })).toEqual([
      "own.test/deep/v9/more/v1/chat/completions long-name",
    ]);
    expect(all("/v1/claude/v1/chat/completions", { model: "short", ...CHAT })).toEqual([
      "claude.test/messages long-name",
    ]);
    expect(() => resolved("/v1/chat/completions", { model: "short", ...CHAT })).toThrow(
      expect.objectContaining({ code: "model_not_found" }),
    );
  });

  test("is none on a path of the configuration, nor where nothing is read of the call", () => {
    expect(all("/fixed", { model: "gpt-4o", ...CHAT })).toEqual(["fixed.test/chat/completions gpt-4o"]);
    const unread = resolved("/v1/near/files/x", { model: "gpt-4o" }, { fields: null, model: null });
    expect(unread.targets.map(asked)).toEqual(["near.test/base/files/x gpt-4o"]);
  });
});

test("a name that is no alias passes as it came at a provider's own door, a route's too", () => {
  expect(all("/v1/near/chat/completions", { model: "both", ...CHAT })).toEqual([
    "near.test/base/chat/completions both",
  ]);
});
