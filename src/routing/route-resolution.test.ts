import { describe, expect, test } from "bun:test";
import { EditedBytes } from "../lib/edited-bytes.ts";
import type { Target } from "../upstream/target.ts";
import type { RequestFacts } from "./request-facts.ts";
import { factsOf, routerOf } from "./testing.ts";

const ROUTER = routerOf({
  providers: {
    local: { base_url: "http://127.0.0.1:9", formats: ["openai-chat"] },
    claude: { base_url: "http://127.0.0.1:9", formats: ["anthropic-messages"] },
  },
  models: { "local/blind": { image: false, context_window: 10 } },
  routes: {
    tuned: { targets: ["local/x", "claude/y"], parameters: { "local/x": { temperature: 0.25 } } },
    able: { targets: ["local/blind", "local/sees"] },
    constructor: { targets: ["local/a", "local/b"], strategy: "weighted" },
    outer: { targets: ["constructor", "local/c"], strategy: "weighted", weights: { "local/c": 0 } },
  },
});
const CHAT = { messages: [{ role: "user", content: "Is water wet?" }] };

function resolved(path: string, body: object, over: Partial<RequestFacts> = {}) {
  const facts = factsOf(body, {}, over);
  return ROUTER.resolveModel(facts.model!, ROUTER.door("POST", path), facts);
}

function bodyOf(target: Target): unknown {
  const { body } = target.prepare();
  if (!(body instanceof EditedBytes)) throw new Error("The target has no body.");
  return JSON.parse(Buffer.from(body.toBytes()).toString("utf8"));
}

const names = (targets: readonly Target[]) => targets.map(({ name }) => name);

describe("a route's parameters", () => {
  test("go to their target alone, whether it is converted to or not", () => {
    const { targets } = resolved("/v1/chat/completions", { model: "tuned", ...CHAT });
    expect(names(targets)).toEqual(["local/x", "claude/y"]);
    expect(bodyOf(targets[0]!)).toMatchObject({ model: "x", temperature: 0.25 });
    expect(bodyOf(targets[1]!)).not.toHaveProperty("temperature");
    const messages = resolved("/v1/messages", { model: "tuned", max_tokens: 5, ...CHAT });
    expect(bodyOf(messages.targets[0]!)).toMatchObject({ model: "x", temperature: 0.25 });
  });

  test.each([
    ["embeddings", "/v1/embeddings", { model: "tuned", input: "x" }],
    ["counted tokens", "/v1/messages/count_tokens", { model: "tuned", ...CHAT }],
  ])("are none of %s, whose API refuses them", (_, path, body) => {
    for (const target of resolved(path, body).targets)
      expect(bodyOf(target)).not.toHaveProperty("temperature");
  });
});

describe("a route", () => {
  test("asks who counts tokens before the gateway estimates", () => {
    const { targets, counted } = resolved("/v1/messages/count_tokens", { model: "tuned", ...CHAT });
    expect([names(targets), counted]).toEqual([["claude/y"], null]);
  });

  test("passes over what a request needs, but for embeddings, each of whose texts is by itself", () => {
    const long = "word ".repeat(4_000);
    const chat = resolved("/v1/chat/completions", {
      model: "able",
      messages: [{ role: "user", content: long }],
    });
    expect(names(chat.targets)).toEqual(["local/sees"]);
    expect(names(resolved("/v1/embeddings", { model: "able", input: [long] }).targets)).toEqual([
      "local/blind",
      "local/sees",
    ]);
  });

  test("may be called as a member of every object, also within another", () => {
    for (let at = 0; at < 20; at++)
      expect(names(resolved("/v1/chat/completions", { model: "outer", ...CHAT }).targets)[0]).toBeOneOf([
        "local/a",
        "local/b",
      ]);
  });

  test("judges a Responses request by what it refers to, and knows its conversation by that", () => {
    const path = "/v1/responses";
    const first = resolved(path, { model: "able", input: "Describe it." }).decision!;
    const image = { type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=" };
    const text = { type: "input_text", text: "Describe it." };
    const whole = factsOf({
      model: "able",
      input: [
        { type: "message", role: "user", content: [text, image] },
        { type: "message", role: "user", content: "And now?" },
      ],
    });
    const { decision, targets } = resolved(path, { model: "able", input: "And now?" }, { whole });
    expect(names(targets)).toEqual(["local/sees"]);
    expect(decision!.conversation).not.toBeNull();
    const plain = factsOf({ model: "able", input: [{ role: "user", content: [text] }] });
    const next = resolved(path, { model: "able", input: "And now?" }, { whole: plain }).decision!;
    expect(next.conversation).toBe(first.conversation!);
  });
});

test("copies of a conversation are a conversation of their own, so that neither moves the other", () => {
  const of = (over: Partial<RequestFacts>) =>
    resolved("/v1/chat/completions", { model: "tuned", ...CHAT }, over).decision!.conversation;
  for (const tracking of [null, { run_id: "r" }, { thread_id: "t" }]) {
    const copied = of({ tracking, isMirrored: true });
    expect(copied).not.toBeNull();
    expect(copied).not.toBe(of({ tracking }));
    expect(copied).toBe(of({ tracking, isMirrored: true }));
  }
});

describe("the name of a route", () => {
  test.each([
    ["tuned", null],
    ["tuned:0", 0],
    ["tuned:.5", 0.5],
    ["tuned:0.25", 0.25],
    ["tuned:1", 1],
    ["tuned:1.0", 1],
  ])("%s asks for a share of %p", (name, share) => {
    expect(ROUTER.routes.find(name)?.strongShare).toBe(share);
  });

  test.each([
    "tuned:",
    "tuned:1.1",
    "tuned:-0",
    "tuned:0x1",
    "tuned:1e-1",
    "tuned: 0.5",
    ":0.5",
    "other:0.5",
    "tuned:0.5:0.5",
    "toString",
    "",
  ])("%p is none", (name) => {
    expect(ROUTER.routes.find(name)).toBeNull();
  });
});
