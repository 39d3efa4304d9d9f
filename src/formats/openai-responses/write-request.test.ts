import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type OpenAI from "openai";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { requests } from "../../../test/support/neutral.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest, Tool } from "../../exchange/request.ts";
import { openaiResponsesCodec as codec } from "./codec.ts";
import { read, requestContext, without } from "./testing.ts";

type Body = Record<string, unknown>;
type Item = Record<string, unknown>;

const foreign: GenerateRequest = {
  model: "model-1",
  stream: false,
  streamUsage: true,
  messages: [],
  tools: [],
};

function write(request: Partial<GenerateRequest>, losses = new Losses(true), provider = "openai"): Body {
  return codec.writeRequest({ ...foreign, ...request }, requestContext(losses, provider)) as Body;
}

function lost(request: Partial<GenerateRequest>, provider?: string): readonly string[] {
  const losses = new Losses();
  write(request, losses, provider);
  return losses.items;
}

describe("a request of the same format", () => {
  /** What is written otherwise and means the same: a message's type left out, and one text alone as a string. */
  function normal(body: Body): Body {
    const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : body.input;
    return { ...body, model: "", input: (items as Item[]).map(normalItem) };
  }
  function normalItem(item: Item): Item {
    const typed = item.role === undefined ? item : { type: "message", ...item };
    const [only, ...others] = Array.isArray(item.content) ? (item.content as Item[]) : [];
    const isText = only?.type === "input_text" || only?.type === "output_text";
    const isPlain = others.length === 0 && isText && item.id === undefined && Object.keys(only).length === 2;
    return isPlain ? { ...typed, content: only.text } : typed;
  }

  for (const { id, request, status } of recordedExchanges("openai-responses")) {
    if (status !== 200) continue;
    test(`goes out as it came: ${id}`, () => {
      const back = codec.writeRequest(read(request), requestContext());
      expect(normal(back as Body)).toEqual(normal(request));
    });
  }

  test("goes out as it came with all that only this format has", () => {
    const body = {
      model: "model-1",
      instructions: "Be brief.",
      stream: false,
      store: true,
      previous_response_id: "resp_1",
      max_tool_calls: 2,
      truncation: "auto",
      include: ["reasoning.encrypted_content"],
      reasoning: { effort: "low", summary: "auto", context: "all_turns" },
      text: { format: { type: "text" }, verbosity: "low" },
      tool_choice: { type: "web_search_preview" },
      tools: [
        {
          type: "namespace",
          name: "n",
          description: "d",
          tools: [{ type: "function", name: "f", parameters: {}, defer_loading: true }],
        },
        {
          type: "custom",
          name: "patch",
          description: "d",
          format: { type: "grammar", syntax: "lark", definition: "x" },
        },
        { type: "custom", name: "note", format: { type: "text" } },
        { type: "web_search_preview", search_context_size: "low" },
        { type: "function", name: "g", parameters: null, strict: null },
      ],
      input: [
        {
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: "Hi", prompt_cache_breakpoint: { mode: "explicit" } }],
        },
        {
          type: "reasoning",
          id: "rs_1",
          summary: [
            { type: "summary_text", text: "a" },
            { type: "summary_text", text: "b" },
          ],
          encrypted_content: "s",
        },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          phase: "commentary",
          content: [
            {
              type: "output_text",
              text: "See",
              annotations: [{ type: "file_citation", file_id: "f", filename: "a", index: 1 }],
              logprobs: [],
            },
            { type: "refusal", refusal: "No" },
          ],
        },
        {
          type: "function_call",
          id: "fc_1",
          call_id: "a",
          name: "f",
          namespace: "n",
          arguments: "{}",
          status: "completed",
        },
        { type: "custom_tool_call", id: "ctc_1", call_id: "b", name: "patch", input: "x" },
        {
          type: "function_call_output",
          call_id: "a",
          output: [{ type: "input_image", image_url: "https://example.com/a.png", detail: "low" }],
        },
        { type: "custom_tool_call_output", call_id: "b", output: "ok" },
        { type: "function_call_output", name: "goal", namespace: "agent", output: "Win." },
        { type: "image_generation_call", id: "ig_1", status: "completed", result: "QQ==" },
        { type: "computer_call_output", call_id: "c", output: { type: "computer_screenshot", file_id: "f" } },
        { type: "message", role: "developer", content: "Go on." },
      ],
    };
    expect(codec.writeRequest(read(body), requestContext())).toEqual(body);
  });

  test("tells a provider no ids that were made here, and no thoughts that it did not make", () => {
    const input = [
      { type: "reasoning", id: "rs_ams000", summary: [{ type: "summary_text", text: "hm" }] },
      {
        type: "message",
        id: "msg_ams000",
        role: "assistant",
        content: [{ type: "output_text", text: "Hi", annotations: [] }],
      },
      { type: "function_call", id: "fc_ams000", call_id: "a", name: "f", arguments: "{}" },
    ];
    const losses = new Losses();
    expect(codec.writeRequest(read({ model: "m", input }), requestContext(losses))).toEqual({
      model: "model-1",
      input: [
        { type: "message", role: "assistant", content: "Hi" },
        { type: "function_call", call_id: "a", name: "f", arguments: "{}" },
      ],
    });
    expect(losses.items).toEqual(["messages: reasoning"]);
  });
});

describe("a request of another format", () => {
  test("is not kept by the provider, and asks for the seals of thoughts where there are some", () => {
    const include = ["reasoning.encrypted_content"];
    expect(write({})).toMatchObject({ store: false });
    expect(write({}).include).toBeUndefined();
    expect(write({ reasoning: { effort: "none" } }).include).toBeUndefined();
    expect(write({ reasoning: { budget: 2000 } })).toMatchObject({
      include,
      reasoning: { effort: "medium" },
    });
    expect(codec.writeRequest(foreign, { ...requestContext(), model: "gpt-5.1" })).toMatchObject({ include });
    expect(codec.writeRequest(foreign, { ...requestContext(), model: "o3-mini" })).toMatchObject({ include });
    expect(
      codec.writeRequest(foreign, { ...requestContext(), model: "gpt-5-chat-latest" }),
    ).not.toHaveProperty("include");
  });

  test("has its system text as instructions, and messages in order", () => {
    const text = (value: string) => [{ kind: "text" as const, text: value }];
    const body = write({
      messages: [
        { role: "system", parts: text("Be brief.") },
        { role: "user", parts: text("Hi") },
        {
          role: "assistant",
          parts: [...text("Well"), { kind: "tool-call", id: "a", name: "f", arguments: "{}" }],
        },
        { role: "tool", parts: [{ kind: "tool-result", callId: "a", parts: text("ok") }] },
      ],
    });
    expect(body.instructions).toBe("Be brief.");
    expect(body.input).toEqual([
      { type: "message", role: "user", content: "Hi" },
      { type: "message", role: "assistant", content: "Well" },
      { type: "function_call", call_id: "a", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "a", output: "ok" },
    ] satisfies OpenAI.Responses.ResponseInput);
  });

  test("says that functions are not strict, for left out it would mean that they are", () => {
    const tools: Tool[] = [
      { kind: "function", name: "f" },
      { kind: "function", name: "g", strict: true },
    ];
    expect(write({ tools }).tools).toEqual([
      { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false },
      { type: "function", name: "g", parameters: { type: "object", properties: {} }, strict: true },
    ] satisfies OpenAI.Responses.Tool[]);
  });

  test("has no settings of tools without tools", () => {
    const body = write({ toolChoice: { mode: "auto" }, parallelToolCalls: false });
    expect(body).not.toHaveProperty("tool_choice");
    expect(body).not.toHaveProperty("parallel_tool_calls");
  });

  test("names the kind of a chosen tool", () => {
    const tools: Tool[] = [
      { kind: "custom", name: "patch" },
      { kind: "function", name: "f" },
    ];
    expect(write({ tools, toolChoice: { mode: "tool", name: "patch" } }).tool_choice).toEqual({
      type: "custom",
      name: "patch",
    });
    expect(write({ tools, toolChoice: { mode: "required", allowed: ["f", "patch"] } }).tool_choice).toEqual({
      type: "allowed_tools",
      mode: "required",
      tools: [
        { type: "function", name: "f" },
        { type: "custom", name: "patch" },
      ],
    });
  });

  test("allows nothing but a hosted tool that another API's client chose by its name", () => {
    const search: Tool = {
      kind: "hosted",
      hosted: "web-search",
      type: "web_search_20250305",
      extensions: { "anthropic-messages": { type: "web_search_20250305", name: "web_search" } },
    };
    const toolChoice = { mode: "tool" as const, name: "web_search" };
    expect(write({ tools: [search], toolChoice }).tool_choice).toBe("required");
    const tools: Tool[] = [{ kind: "function", name: "f" }, search];
    expect(write({ tools, toolChoice }).tool_choice).toEqual({
      type: "allowed_tools",
      mode: "required",
      tools: [{ type: "web_search" }],
    } satisfies OpenAI.Responses.ToolChoiceAllowed);
  });

  test("maps the hosted tools that this API has, and refuses the others by name", () => {
    const hosted = (kind: "web-search" | "code-execution" | "web-fetch", more = {}): Tool => ({
      kind: "hosted",
      hosted: kind,
      type: `${kind}_1`,
      extensions: {},
      ...more,
    });
    expect(
      write({ tools: [hosted("web-search", { allowedDomains: ["a.com"] }), hosted("code-execution")] }).tools,
    ).toEqual([
      { type: "web_search", filters: { allowed_domains: ["a.com"] } },
      { type: "code_interpreter", container: { type: "auto" } },
    ] satisfies OpenAI.Responses.Tool[]);
    expect(lost({ tools: [hosted("web-search", { maxUses: 1, blockedDomains: ["b"] })] })).toEqual([
      "tools[0].blockedDomains",
      "tools[0].maxUses",
    ]);
    expect(() => write({ tools: [hosted("web-fetch")] })).toThrow("tools[0]: web-fetch_1");
  });

  test("names what is lost, and refuses what would change the meaning", () => {
    const parts: Part[] = [
      { kind: "reasoning", text: "hm" },
      { kind: "native", format: "anthropic-messages", type: "server_tool_use", value: {} },
    ];
    expect(
      lost({
        messages: [{ role: "assistant", parts }],
        topK: 3,
        seed: 1,
        stop: ["x"],
        frequencyPenalty: 1,
        serviceTier: "standard_only",
      }),
    ).toEqual([
      "topK",
      "seed",
      "frequencyPenalty",
      "stop",
      "serviceTier: standard_only",
      "messages: reasoning",
      "messages[0].parts[1]: server_tool_use",
    ]);
    expect(lost({ stop: [], frequencyPenalty: 0, presencePenalty: 0 })).toEqual([]);
    expect(() => write({ choices: 2 })).toThrow("choices");
    expect(lost({ maxOutputTokens: 1 })).toEqual(["maxOutputTokens: 16 is the least"]);
    expect(write({ maxOutputTokens: 1 }, new Losses(), "xai").max_output_tokens).toBe(1);
  });

  test("names the end user as the provider takes it", () => {
    expect(write({ userId: "u" })).toMatchObject({ safety_identifier: "u" });
    expect(write({ userId: "u" }, new Losses(), "xai")).toMatchObject({ user: "u" });
    const long = write({ userId: "u".repeat(65) }).safety_identifier;
    expect(long).toMatch(/^[0-9a-f]{64}$/);
    expect(write({ userId: "u".repeat(65) }).safety_identifier).toBe(long);
    expect(write({ userId: "v".repeat(65) }).safety_identifier).not.toBe(long);
  });

  test("keeps this API's own seals", () => {
    const seal = { origin: "openai-responses" as const, value: "s" };
    const body = write({
      messages: [{ role: "assistant", parts: [{ kind: "reasoning", text: "", redacted: true, seal }] }],
    });
    expect(body.input).toEqual([{ type: "reasoning", summary: [], encrypted_content: "s" }]);
  });

  test("reads back the same, whatever it is", () => {
    const features = {
      strict: true,
      developer: true,
      imageUrls: true,
      imageDetail: true,
      documents: true,
      audio: true,
      thoughts: "openai-responses",
      allowedTools: true,
      customTools: true,
      parallel: true,
      logprobs: true,
      effort: true,
      jsonObject: true,
      jsonSchema: true,
      metadata: true,
      userId: true,
      verbosity: true,
      promptCacheKey: true,
    } as const;
    fc.assert(
      fc.property(requests(features), (request) => {
        const back = read(codec.writeRequest(request, requestContext()));
        // Thoughts are summaries here, and the provider keeps nothing.
        const normal: unknown = without({ ...back, store: undefined }, "extensions", "summary");
        expect(normal).toEqual(without(request, "extensions"));
      }),
      { numRuns: 300 },
    );
  });
});
