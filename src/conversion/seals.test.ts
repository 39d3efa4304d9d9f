import { describe, expect, test } from "bun:test";
import type { Part, ReasoningPart, Seal, ToolCallPart } from "../exchange/parts.ts";
import type { GenerateRequest } from "../exchange/request.ts";
import { SealStash, withoutForeignSeals } from "./seals.ts";

const GEMINI: Seal = { origin: "gemini", value: "sig-g" };
const CLAUDE: Seal = { origin: "anthropic-messages", value: "sig-a" };
const thought = (text: string, seal?: Seal): ReasoningPart => ({
  kind: "reasoning",
  text,
  ...(seal && { seal }),
});
const call = (id: string, seal?: Seal): ToolCallPart => ({
  kind: "tool-call",
  id,
  name: "f",
  arguments: "{}",
  ...(seal && { seal }),
});
const words: Part = { kind: "text", text: "words" };

const requestOf = (...parts: Part[]): GenerateRequest => ({
  model: "m",
  stream: false,
  messages: [{ role: "assistant", parts }],
  tools: [],
  streamUsage: true,
});
const partsOf = (request: GenerateRequest) => request.messages[0]!.parts;

describe("a seal of another API", () => {
  test("is taken off; thoughts that have nothing else go with it", () => {
    const redacted: Part = { kind: "reasoning", text: "", redacted: true, seal: CLAUDE };
    const request = requestOf(thought("a", CLAUDE), redacted, thought("", GEMINI), words, call("1", GEMINI));
    expect(partsOf(withoutForeignSeals(request, "gemini"))).toEqual([
      thought("a"),
      thought("", GEMINI),
      words,
      call("1", GEMINI),
    ]);
    expect(partsOf(withoutForeignSeals(request, "anthropic-messages"))).toEqual([
      thought("a", CLAUDE),
      redacted,
      words,
      call("1"),
    ]);
  });
});

describe("seals that a client has no place for", () => {
  test("come back by their tool call, with the thoughts before it", () => {
    const stash = new SealStash();
    stash.keep("key", [thought("why", CLAUDE), words, call("1"), call("2")]);
    const came = requestOf(words, call("1"), call("2"));
    expect(partsOf(stash.restore("key", came, "anthropic-messages"))).toEqual([
      words,
      thought("why", CLAUDE),
      call("1"),
      call("2"),
    ]);
    stash.keep("key", [call("3", GEMINI), call("4")]);
    expect(partsOf(stash.restore("key", requestOf(call("3"), call("4")), "gemini"))).toEqual([
      call("3", GEMINI),
      call("4"),
    ]);
  });

  test("take the place of thoughts that came back without theirs", () => {
    const stash = new SealStash();
    stash.keep("key", [thought("why", CLAUDE), call("1")]);
    const restored = stash.restore("key", requestOf(thought("why"), call("1")), "anthropic-messages");
    expect(partsOf(restored)).toEqual([thought("why", CLAUDE), call("1")]);
  });

  test("do not come back beside those that the client sent, to another key, or for another API", () => {
    const stash = new SealStash();
    stash.keep("key", [thought("why", CLAUDE), call("1")]);
    const whole = requestOf(thought("why", CLAUDE), call("1"));
    expect(stash.restore("key", whole, "anthropic-messages")).toEqual(whole);
    const bare = requestOf(call("1"));
    expect(stash.restore("other", bare, "anthropic-messages")).toEqual(bare);
    expect(stash.restore("key", bare, "gemini")).toEqual(bare);
  });

  test("are forgotten, the oldest first, when there are too many", () => {
    const stash = new SealStash(1000);
    for (let i = 0; i < 100; i++)
      stash.keep("key", [call(`c${i}`, { origin: "gemini", value: "s".repeat(100) })]);
    const restored = (id: string) => partsOf(stash.restore("key", requestOf(call(id)), "gemini"))[0];
    expect(restored("c0")).toEqual(call("c0"));
    expect(restored("c99")).toHaveProperty("seal");
    expect(restored("c91")).toHaveProperty("seal");
  });
});
