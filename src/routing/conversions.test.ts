import { describe, expect, test } from "bun:test";
import { callOfPath } from "../formats/call.ts";
import { decide, readRules, ruledFormat } from "./conversions.ts";
import type { FormatCall } from "./converted.ts";
import { configOf, providersOf } from "./testing.ts";

const ENV = {
  OPENAI_API_KEY: "k",
  ANTHROPIC_API_KEY: "k",
  GEMINI_API_KEY: "k",
  GROQ_API_KEY: "k",
  TOGETHER_API_KEY: "k",
};
const providers = providersOf(
  {
    providers: {
      vllm: { base_url: "http://v", formats: ["openai-chat"] },
      both: {
        base_url: "http://b",
        formats: ["openai-chat", "anthropic-messages"],
        format: "anthropic-messages",
      },
      strict: { base_url: "http://s", formats: ["openai-chat"], completions: [] },
    },
  },
  ENV,
).byName;
const call = (path: string) => callOfPath(path) as FormatCall;
const CHAT = "v1/chat/completions";
const RESPONSES = "v1/responses";
const MESSAGES = "v1/messages";
const GEMINI = "v1beta/models/m:generateContent";
const decided = (path: string, provider: string, model = "m", isOwnDoor = false) => {
  const decision = decide(call(path), providers.get(provider)!, model, isOwnDoor);
  return decision.kind === "convert" ? decision.to : decision.kind;
};

describe("a call for a model's answer", () => {
  test.each([
    [CHAT, "openai", "gpt-5", "native"],
    [RESPONSES, "openai", "gpt-5", "native"],
    [MESSAGES, "openai", "gpt-5", "openai-responses"],
    [GEMINI, "openai", "gpt-5", "openai-responses"],
    [GEMINI, "openai", "gpt-4o-audio-preview", "openai-chat"],
    [CHAT, "openai", "o3-pro", "openai-responses"],
    [CHAT, "openai", "gpt-5.1-codex-max", "openai-responses"],
    [RESPONSES, "openai", "gpt-4o-search-preview", "openai-chat"],
    [MESSAGES, "anthropic", "claude", "native"],
    [CHAT, "anthropic", "claude", "anthropic-messages"],
    [RESPONSES, "gemini", "g", "gemini"],
    [MESSAGES, "groq", "llama", "openai-chat"],
    [RESPONSES, "groq", "llama", "native"],
    [RESPONSES, "vllm", "llama", "openai-chat"],
    [GEMINI, "both", "m", "anthropic-messages"],
    [CHAT, "both", "m", "native"],
  ])("%s at %s for %s is %s", (path, provider, model, expected) => {
    expect(decided(path, provider, model)).toBe(expected as ReturnType<typeof decided>);
  });

  test("is left as it is at the provider's own door, whatever the model", () => {
    expect(decided(CHAT, "openai", "o3-pro", true)).toBe("native");
  });
});

describe("a legacy completion", () => {
  test.each([
    ["openai", "gpt-3.5-turbo-instruct", "native"],
    ["openai", "gpt-5", "openai-chat"],
    ["together", "llama", "native"],
    ["vllm", "llama", "native"],
    ["strict", "llama", "openai-chat"],
    ["groq", "llama", "openai-chat"],
    ["anthropic", "claude", "anthropic-messages"],
    ["gemini", "g", "gemini"],
  ])("at %s for %s is %s", (provider, model, expected) => {
    expect(decided("v1/completions", provider, model)).toBe(expected as ReturnType<typeof decided>);
  });
});

describe("other calls", () => {
  test("embeddings go to what the provider has of them", () => {
    expect(decided("v1/embeddings", "gemini")).toBe("gemini");
    expect(decided("v1beta/models/e:embedContent", "openai")).toBe("openai-chat");
    expect(() => decided("v1/embeddings", "anthropic")).toThrow(
      expect.objectContaining({ code: "conversion_refused" }),
    );
  });

  test("tokens are counted by an API of the target's that counts, else here", () => {
    expect(decided("v1/messages/count_tokens", "anthropic")).toBe("native");
    expect(decided("v1/messages/count_tokens", "gemini")).toBe("gemini");
    expect(decided("v1/messages/count_tokens", "openai")).toBe("openai-responses");
    expect(decided("v1/messages/count_tokens", "groq")).toBe("count");
    expect(decided("v1/responses/input_tokens", "groq")).toBe("count");
    expect(decided("v1/responses/input_tokens", "openai")).toBe("native");
    expect(decided("v1beta/models/m:countTokens", "both")).toBe("anthropic-messages");
  });
});

describe("a rule", () => {
  const openai = providers.get("openai")!;
  const ruled = (settings: object, path: string, model: string | null, door: string, provider = openai) =>
    ruledFormat(readRules(configOf({ conversion: settings })), call(path), door, provider, model);

  test("of AMP Server's own sends o3 models from its Responses door to Chat", () => {
    const door = "/api/provider/openai/v1/responses";
    expect(ruled({}, RESPONSES, "o3-mini", door)).toBe("openai-chat");
    expect(ruled({}, RESPONSES, "gpt-5", door)).toBeNull();
    expect(ruled({}, RESPONSES, null, door)).toBeNull();
    expect(ruled({}, RESPONSES, "o3-mini", "/v1/responses")).toBeNull();
    expect(ruled({}, CHAT, "o3-mini", "/api/provider/openai/v1/chat/completions")).toBeNull();
    expect(ruled({ rules: [] }, RESPONSES, "o3-mini", door)).toBeNull();
  });

  test("counts only where all that it says fits, and the provider speaks what it asks for; the first wins", () => {
    const rules = [
      { providers: ["groq"], to: "openai-chat" },
      { models: ["*-turbo"], to: "gemini" },
      { models: ["*turbo*"], to: "openai-responses" },
    ];
    expect(ruled({ rules }, CHAT, "gpt-turbo", "/v1/chat/completions")).toBe("openai-responses");
    expect(ruled({ rules }, RESPONSES, "x", "/v1/responses", providers.get("groq")!)).toBe("openai-chat");
    expect(ruled({ rules }, "v1/embeddings", "gpt-turbo", "/v1/embeddings")).toBeNull();
  });
});
